import { join } from "node:path";
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { jamHere } from "../../helpers/jam-here.ts";
import { oldStores, openOldStore } from "../../helpers/old-store.ts";
import type { VerifyDocument } from "../../../src/verify/verify-document.ts";

test.for(await oldStores())("a mirror that an earlier version wrote is whole: %s", async (name) => {
  await using store = await openOldStore(name);
  for (const side of readdirSync(store.folder).filter((one) => /^(?:near|far)$/.test(one))) {
    const { status, stdout } = await jamHere(join(store.folder, side), ["verify", "--deep", "-o", "json"]);
    const { findings } = JSON.parse(stdout) as VerifyDocument;
    expect(findings.filter(({ severity }) => severity !== "note")).toEqual([]);
    expect(status).toBe(0);
  }
});

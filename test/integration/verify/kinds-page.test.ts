import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { FINDING_KINDS } from "../../../src/verify/finding.ts";

const PAGE = new URL("../../../docs/reference/verify.md", import.meta.url);
const ROW =
  /^\| `(?<kind>[a-z0-9-]+)` \| (?<severity>damage|unknown|note) \| (?<means>.+?) \| (?<next>.+?) \|$/gm;

test("the page of findings lists exactly the kinds that exist", async () => {
  const rows = [...(await readFile(PAGE, "utf8")).matchAll(ROW)].map(({ groups }) => groups ?? {});
  const listed = rows.map(({ kind, ...row }) => [kind, { ...row }]);
  expect(Object.fromEntries(listed)).toEqual(FINDING_KINDS);
  expect(listed).toHaveLength(Object.keys(FINDING_KINDS).length);
});

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DamageWatch } from "../../../src/server/damage-watch.ts";
import { ProvenBlobs } from "../../../src/server/proven-blobs.ts";
import { createRefReaders } from "../../../src/server/ref-reader.ts";
import { MIRROR_REF, parseRefName } from "../../../src/shared/ref-name.ts";
import { publisher, tarballPath } from "../../helpers/served-mirror.ts";
import { temporaryStore } from "../../helpers/temporary-store.ts";

const STABLE = parseRefName("stable");

test("each ref is read through a reader of its own, with its own snapshot, documents and faults", async () => {
  await using store = await temporaryStore();
  const damage = new DamageWatch(store.documents, new ProvenBlobs(store.blobs, () => undefined));
  const readerOf = createRefReaders(store, { damage, graceMs: 0 });
  const [mirror, stable] = [readerOf(MIRROR_REF), readerOf(STABLE)];
  expect(readerOf(STABLE)).toBe(stable);
  const shown = await publisher(store)({ agents: [{ version: "3.6.2" }] });
  await expect(stable.current()).rejects.toMatchObject({ code: "JAM_MIRROR_EMPTY" });
  const own = await publisher(store, STABLE)({ agents: [{ version: "3.6.1" }] });

  const views = [await mirror.current(), await stable.current()] as const;
  expect(views.map(({ snapshot }) => snapshot.id)).toEqual([shown.id, own.id]);
  expect(views.map(({ tarballs }) => [...tarballs.keys()])).toEqual([
    [tarballPath("3.6.2")],
    [tarballPath("3.6.1")],
  ]);

  await rm(join(store.path, "refs/stable"));
  expect((await stable.current()).snapshot.id).toBe(own.id);
  expect(stable.fault()).toMatchObject({
    code: "JAM_STORE_IO",
    message: expect.stringContaining("ref stable"),
  });
  expect((await mirror.current()).snapshot.id).toBe(shown.id);
  expect(mirror.fault()).toBeUndefined();
});

import { readdirSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { noteDamage } from "../../../src/mirror/damaged-blobs.ts";
import { parseSha256 } from "../../../src/shared/sha256.ts";
import { openFsStore } from "../../../src/store/fs/open-fs-store.ts";
import { blobPath } from "../../../src/store/layout.ts";
import { airGap, type ImportedDocument } from "../../helpers/air-gap.ts";
import { flipByteQuietly, makeWritable } from "../../helpers/damage-file.ts";
import { buildSampleTree, startUpstream } from "../../helpers/upstream.ts";

const tree = await buildSampleTree({
  releases: ["2.9.60", "3.6.27"],
  arches: ["amd64", "arm64"],
  oses: ["ubuntu"],
});

async function importedGap() {
  const upstream = await startUpstream({ tree });
  const gap = await airGap(upstream);
  await gap.done("near", "bundle", "create", "--to", gap.medium);
  await gap.done("far", "bundle", "import", gap.medium);
  const names = await readdir(join(gap.far.data, "blobs/sha256"), { recursive: true });
  const [bad] = names
    .map((name) => parseSha256(name.slice(3)))
    .filter((sha256) => sha256 !== undefined)
    .sort();
  if (bad === undefined) throw new Error("nothing was imported");
  const path = join(gap.far.data, blobPath(bad));
  await makeWritable(path);
  await flipByteQuietly(path, 33);
  return {
    ...gap,
    bad,
    async note() {
      const { documents } = await openFsStore(gap.far.data);
      const found = { how: "other bytes", foundAt: new Date().toISOString(), foundBy: "jam serve" };
      await noteDamage(documents, { sha256: bad, ...found });
    },
    async [Symbol.asyncDispose]() {
      await gap[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

test("importing the bundle again repairs a damaged tarball of the far side", async () => {
  await using gap = await importedGap();
  const before = await gap.far.published().catch(() => undefined);
  expect(before).toBeUndefined();
  await gap.note();
  const { outcome, imported } = await gap.json<ImportedDocument>("far", "bundle", "import", gap.medium);
  expect([outcome, imported.agents > 0]).toEqual(["unchanged", true]);
  const { items } = await gap.far.published();
  expect(items.map(({ sha256 }) => sha256)).toContain(gap.bad);
  expect(readdirSync(join(gap.far.data, "state")).filter((name) => name.startsWith("damaged-"))).toEqual([]);
});

test("a damaged tarball is not in the inventory, so the next bundle contains it", async () => {
  await using gap = await importedGap();
  const listed = async () => (await gap.done("far", "inventory", "-o", "json")).stdout;
  expect(await listed()).toContain(gap.bad);
  await gap.note();
  expect(await listed()).not.toContain(gap.bad);
});

test("a damaged snapshot of the far side is replaced by the next import", async () => {
  await using gap = await importedGap();
  const { documents } = await openFsStore(gap.far.data);
  for (const name of await documents.list("snapshots"))
    await documents.put("snapshots", name, Buffer.from("{"));
  await gap.note();
  await gap.done("far", "bundle", "import", gap.medium);
  expect((await gap.far.published()).agents.length).toBeGreaterThan(0);
  expect((await gap.far.here("list")).status).toBe(0);
});

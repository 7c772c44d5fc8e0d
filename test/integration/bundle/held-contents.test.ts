/** What a mirror says of itself to the side that makes bundles, read from a real store that was really synced. */
import { rm, truncate } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { formatInventory } from "../../../src/bundle/format/inventory.ts";
import { formatReceipt, receivedIds, shortId } from "../../../src/bundle/format/receipt.ts";
import {
  baselineOf,
  inventoryOfReceipt,
  readSiteInventory,
} from "../../../src/bundle/site/site-inventory.ts";
import { readImportRecords, recordImport } from "../../../src/bundle/inventory/import-records.ts";
import { takeInventory } from "../../../src/bundle/inventory/mirror-inventory.ts";
import { takeReceipt } from "../../../src/bundle/inventory/mirror-inventory.ts";
import { openStore } from "../../../src/compose/store.ts";
import type { Sha256 } from "../../../src/shared/sha256.ts";
import type { Store } from "../../../src/store/store.ts";
import { currentSnapshot } from "../../../src/mirror/read-snapshots.ts";
import { MIRROR_REF } from "../../../src/shared/ref-name.ts";
import type { Snapshot } from "../../../src/mirror/snapshot.ts";
import { temporaryMirror, type TestMirror } from "../../helpers/mirror.ts";
import { temporaryStore } from "../../helpers/temporary-store.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";
import { bundleOf } from "../../helpers/contents.ts";

const now = new Date("2026-11-27T20:15:00Z");
const verify = () => Promise.reject(new Error("no signature is asked for"));

let upstream: TestUpstream;
let mirror: TestMirror;
let store: Store;
let snapshot: Snapshot;

beforeAll(async () => {
  upstream = await startUpstream();
  mirror = await temporaryMirror(upstream);
  await mirror.sync();
  store = await openStore({ store: { kind: "fs", path: mirror.data } });
  snapshot = (await currentSnapshot(store, MIRROR_REF)) as Snapshot;
});

afterAll(async () => {
  await mirror[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

function contents(): Sha256[] {
  const tarballs = snapshot.agents.map(({ sha256 }) => sha256);
  return [...new Set([...tarballs, ...snapshot.upstream.documents.map(({ sha256 }) => sha256)])].sort();
}

function aRecord(day: number, brought: readonly Sha256[]) {
  const time = "2026-11-20T20:15:00.000Z";
  const record = { bundle: bundleOf(day), createdAt: time, importedAt: time, contents: brought };
  return { ...record, signedBy: null, scope: "mirror" as const };
}

test("an empty mirror says that it holds nothing", async () => {
  await using empty = await temporaryStore();
  const inventory = await takeInventory(empty, { site: undefined, now });
  expect(inventory).toMatchObject({ snapshot: null, tarballs: [], documents: [], bundles: [] });
  const receipt = await takeReceipt(empty, { site: "plant-7", now });
  expect(receipt).toMatchObject({ snapshot: null, held: [], bundles: [], agents: 0, bytes: 0 });
});

test("an inventory and a receipt name every content of the snapshot, and nothing of the machine", async () => {
  const inventory = await takeInventory(store, { site: "plant-7", now });
  const text = formatInventory(inventory);
  const have = await readSiteInventory({ name: "inventory.json", text }, { verify });
  expect(baselineOf(contents(), have)).toEqual([{ contents: contents() }]);
  expect(inventory.tarballs.flatMap(({ agents }) => agents)).toHaveLength(snapshot.agents.length);
  const receipt = await takeReceipt(store, { site: "plant-7", now });
  expect(baselineOf(contents(), inventoryOfReceipt(receipt))).toEqual([{ contents: contents() }]);
  expect(receipt.agents).toBe(snapshot.agents.length);
  for (const secret of [mirror.folder, hostname(), upstream.url, "127.0.0.1"]) {
    expect(text).not.toContain(secret);
    expect(formatReceipt(receipt)).not.toContain(secret);
  }
});

test("what came with a bundle is named after the latest one that brought it", async () => {
  const [first, second, third] = contents() as [Sha256, Sha256, Sha256];
  await recordImport(store.documents, aRecord(1, [first]));
  await recordImport(store.documents, aRecord(2, [second, third]));
  await recordImport(store.documents, aRecord(1, [third]));
  const have = await readSiteInventory(
    { name: "i", text: formatInventory(await takeInventory(store, { site: undefined, now })) },
    { verify },
  );
  const receipt = await takeReceipt(store, { site: "plant-7", now });
  for (const one of [have, inventoryOfReceipt(receipt)]) {
    expect(baselineOf(contents(), one)).toEqual([
      { bundle: bundleOf(1), contents: [first, third].sort() },
      { bundle: bundleOf(2), contents: [second] },
      { contents: contents().slice(3) },
    ]);
  }
  expect(receipt.bundles).toEqual([bundleOf(1), bundleOf(2)]);
  const records = await readImportRecords(store.documents);
  expect(records.map(({ bundle, contents: { length } }) => [bundle, length])).toEqual([
    [bundleOf(2), 2],
    [bundleOf(1), 2],
  ]);
});

test("no more than 200 imports are remembered, and a damaged memory is none", async () => {
  await using other = await temporaryStore();
  const many = Array.from({ length: 205 }, (_, index) => ({
    ...aRecord(1, []),
    bundle: `20261101T201500Z-${String(index).padStart(12, "0")}`,
  }));
  const text = JSON.stringify({ format: "jam-imported-bundles:1", imports: many });
  await other.documents.put("state", "imported-bundles.json", Buffer.from(text));
  await recordImport(other.documents, aRecord(2, contents()));
  const records = await readImportRecords(other.documents);
  expect(records).toHaveLength(200);
  expect(records.at(-1)).toEqual(aRecord(2, contents()));
  for (const damaged of ["", "null", '{"format":"jam-imported-bundles:1"}', text.slice(0, 500)]) {
    await other.documents.put("state", "imported-bundles.json", Buffer.from(damaged));
    expect(await readImportRecords(other.documents)).toEqual([]);
  }
});

test("tarballs that are cut and documents that are gone or changed are not held", async () => {
  const lost = snapshot.agents[0]?.sha256 as Sha256;
  const [gone, changed] = snapshot.upstream.documents.map(({ sha256 }) => sha256) as [Sha256, Sha256];
  await truncate(join(mirror.data, "blobs/sha256", lost.slice(0, 2), lost), 10);
  await rm(join(mirror.data, "upstream", gone));
  await store.documents.put("upstream", changed, Buffer.from("other"));
  const inventory = await takeInventory(store, { site: undefined, now });
  const named = [...inventory.tarballs, ...inventory.documents].map(({ sha256 }) => sha256).sort();
  expect(named).toEqual(contents().filter((sha256) => ![lost, gone, changed].includes(sha256)));
  const ids = receivedIds(await takeReceipt(store, { site: "plant-7", now }));
  expect([lost, gone, changed].some((sha256) => ids.has(shortId(sha256)))).toBe(false);
});

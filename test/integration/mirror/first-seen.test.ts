/** The mirror knows when it first listed a tarball, also when the snapshot that says so is gone. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { planDeletion } from "../../../src/mirror/delete-snapshots.ts";
import { noteFirstSeen, readFirstSeen } from "../../../src/mirror/first-seen.ts";
import { keepSnapshot } from "../../../src/mirror/keep-snapshot.ts";
import { carryOut, pruneStore } from "../../../src/mirror/prune.ts";
import { showSnapshot } from "../../../src/mirror/publish.ts";
import type { Snapshot } from "../../../src/mirror/snapshot.ts";
import { MIRROR_REF } from "../../../src/shared/ref-name.ts";
import { publisher } from "../../helpers/served-mirror.ts";
import { putBlob } from "../../helpers/store-content.ts";
import { temporaryStore, type TemporaryStore } from "../../helpers/temporary-store.ts";

const NOW = new Date("2026-02-01T00:00:00Z");
const RULES = { snapshots: 0, graceMs: 0, quota: undefined };

/** Snapshots of the mirror, a second apart; the second one does not list what the first and the third do. */
async function withGap(store: TemporaryStore): Promise<readonly [Snapshot, Snapshot, Snapshot]> {
  const publish = publisher(store);
  return [
    await publish({ agents: [{ version: "3.6.1" }, { version: "3.6.2" }] }),
    await publish({ agents: [{ version: "3.6.2" }] }),
    await publish({ agents: [{ version: "3.6.1" }, { version: "3.6.2" }, { version: "3.6.3" }] }),
  ];
}

/** When each version of this snapshot was first listed. */
async function seenOf(store: TemporaryStore, { agents }: Snapshot, now = NOW) {
  const seen = await readFirstSeen(store, now);
  return Object.fromEntries(agents.map(({ version, sha256 }) => [version, seen.get(sha256)?.toISOString()]));
}

const asIt = () => Promise.resolve();
const prune = (store: TemporaryStore) => pruneStore(store, RULES, NOW).then(() => undefined);

test.for<[string, (store: TemporaryStore, ids: readonly string[]) => Promise<void>]>([
  ["all snapshots are kept", asIt],
  ["retention has deleted the earlier ones", prune],
  [
    "somebody has deleted the first one",
    async (store, [first = ""]) =>
      carryOut(store, await planDeletion(store, new Set([first]), { graceMs: 0, now: NOW })),
  ],
  [
    "they were noted, and the earlier ones are gone for another reason",
    async (store, ids) => {
      await noteFirstSeen(store, { now: NOW });
      for (const id of ids.slice(0, 2)) await store.documents.delete("snapshots", `${id}.json`);
    },
  ],
  [
    "an earlier jam has noted only what was listed last",
    async (store) => {
      const at = "2026-01-20T00:00:00.000Z";
      const tarballs = [...(await readFirstSeen(store, NOW)).keys()];
      const note = { format: "jam-first-seen:1", seen: [{ at, tarballs }] };
      await writeFile(join(store.path, "state/first-seen.json"), JSON.stringify(note));
      await prune(store);
    },
  ],
])("a tarball was first listed when the earliest snapshot was made: %s", async ([, change]) => {
  await using store = await temporaryStore();
  const snapshots = await withGap(store);
  const [first, , last] = snapshots;
  await change(
    store,
    snapshots.map(({ id }) => id),
  );
  expect(await seenOf(store, last)).toEqual({
    "3.6.1": first.createdAt,
    "3.6.2": first.createdAt,
    "3.6.3": last.createdAt,
  });
});

test("what an import brought is known when somebody deleted the import after it", async () => {
  await using store = await temporaryStore();
  const publish = publisher(store);
  const bundle = { id: "b", createdAt: NOW.toISOString(), signedBy: null };
  const first = await publish({ agents: [{ version: "3.6.1" }], bundle });
  const second = await publish({ agents: [{ version: "3.6.2" }], bundle });
  const third = await publish({ agents: [{ version: "3.6.3" }], bundle });
  await carryOut(store, await planDeletion(store, new Set([second.id]), { graceMs: 0, now: NOW }));
  await prune(store);
  for (const one of [first, second, third])
    expect(Object.values(await seenOf(store, one))).toEqual([one.createdAt]);
});

test.for([
  ["damaged", (note: string) => writeFile(note, "{")],
  ["deleted", (note: string) => rm(note)],
] as const)("a note that is %s is made anew of the snapshots that are kept", async ([, harm]) => {
  await using store = await temporaryStore();
  const [, , last] = await withGap(store);
  await prune(store);
  await harm(join(store.path, "state/first-seen.json"));
  const expected = { "3.6.1": last.createdAt, "3.6.2": last.createdAt, "3.6.3": last.createdAt };
  expect(await seenOf(store, last)).toEqual(expected);
});

test("a snapshot that cannot be read is asked again when it is whole", async () => {
  await using store = await temporaryStore();
  const [first, , last] = await withGap(store);
  const name = `${first.id}.json`;
  const bytes = (await store.documents.get("snapshots", name)) as Uint8Array;
  await store.documents.put("snapshots", name, Buffer.from("{"));
  await noteFirstSeen(store, { now: NOW });
  expect((await seenOf(store, last))["3.6.1"]).toBe(last.createdAt);
  await store.documents.put("snapshots", name, bytes);
  expect((await seenOf(store, last))["3.6.1"]).toBe(first.createdAt);
});

test("a date that is in the future counts as now, and stays that", async () => {
  await using store = await temporaryStore();
  const [first] = await withGap(store);
  const early = new Date("2025-06-01T00:00:00.000Z");
  const early2 = new Date("2025-07-01T00:00:00.000Z");
  await noteFirstSeen(store, { now: early });
  expect((await seenOf(store, first, early2))["3.6.1"]).toBe(early.toISOString());
});

test.for([
  ["a promotion to a channel", { curated: { channel: "lab", from: "bundle", snapshot: "x" } }],
  ["an import into a channel", { bundle: { id: "b", createdAt: NOW.toISOString(), signedBy: null } }],
] as const)("%s lists nothing in the mirror, until that is switched to its snapshot", async ([, origin]) => {
  await using store = await temporaryStore();
  const [first, , last] = await withGap(store);
  const { upstream, verbatim } = last;
  const { sha256 } = await putBlob(store.blobs, 1000, 99);
  const given = await keepSnapshot(store, {
    agents: first.agents.slice(0, 1).map((agent) => ({ ...agent, sha256 })),
    upstream,
    verbatim,
    parent: undefined,
    ...origin,
    createdAt: new Date("2025-12-01T00:00:00Z"),
  });
  expect(await seenOf(store, given)).toEqual({ "3.6.1": undefined });
  await noteFirstSeen(store, { now: NOW });
  const at = new Date("2026-01-10T00:00:00.000Z");
  await showSnapshot(store, given, { ref: MIRROR_REF, graced: [], at });
  expect(await seenOf(store, given)).toEqual({ "3.6.1": at.toISOString() });
});

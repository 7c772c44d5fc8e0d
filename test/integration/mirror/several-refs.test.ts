import { chmod, readFile, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { pruneStore } from "../../../src/mirror/prune.ts";
import { publishSnapshot, showSnapshot } from "../../../src/mirror/publish.ts";
import { currentSnapshot, listSnapshotIds, readSnapshot } from "../../../src/mirror/read-snapshots.ts";
import type { Snapshot } from "../../../src/mirror/snapshot.ts";
import { MIRROR_REF, parseRefName } from "../../../src/shared/ref-name.ts";
import { openFsStore } from "../../../src/store/fs/open-fs-store.ts";
import { blobPath } from "../../../src/store/layout.ts";
import type { Store } from "../../../src/store/store.ts";
import { airGap } from "../../helpers/air-gap.ts";
import { temporaryMirror } from "../../helpers/mirror.ts";
import { publisher } from "../../helpers/served-mirror.ts";
import { temporaryStore } from "../../helpers/temporary-store.ts";
import { agedTree, startUpstream } from "../../helpers/upstream.ts";

const STABLE = parseRefName("stable");
const HOUR_MS = 3_600_000;
/** As little is kept as the settings allow. */
const STRICT = { snapshots: 1, grace: "PT0S" };
const RULES = { snapshots: 0, graceMs: 0, quota: undefined };

const [older, middle, newer, newest] = await Promise.all([
  agedTree(["3.6.1"], 4),
  agedTree(["3.6.2"], 3),
  agedTree(["3.6.3"], 2),
  agedTree(["3.6.4"], 1),
]);

/** Reads every file that a face shows, through its link, and checks tarballs against the snapshot. */
async function expectShown(data: string, face: string, snapshot: Snapshot): Promise<void> {
  const index = JSON.parse(await readFile(join(data, face, "streams/v1/index2.json"), "utf8")) as {
    index: Record<string, { path: string }>;
  };
  for (const { path } of Object.values(index.index)) {
    expect(path).toContain(snapshot.id);
    expect((await stat(join(data, face, path))).size).toBeGreaterThan(0);
  }
  const store = await openFsStore(data);
  for (const { path, size, sha256 } of snapshot.agents) {
    expect((await stat(join(data, face, path))).size).toBe(size);
    expect((await store.blobs.stat(sha256))?.size).toBe(size);
  }
  for (const { sha256 } of snapshot.upstream.documents) {
    expect(await store.documents.get("upstream", sha256)).toBeDefined();
  }
}

/** Points `channels/stable` at what the mirror shows now. */
async function promote(data: string): Promise<Snapshot> {
  const store = await openFsStore(data);
  const snapshot = (await currentSnapshot(store, MIRROR_REF)) as Snapshot;
  const lease = await store.lease.acquire("test");
  await showSnapshot(store, snapshot, { ref: STABLE, graced: [], at: new Date() });
  await lease.release();
  return snapshot;
}

test("a second ref keeps its snapshot, tree, tarballs and proofs through syncs and a prune", async () => {
  await using upstream = await startUpstream({ tree: older });
  await using mirror = await temporaryMirror(upstream, { retention: { ...STRICT, maxRemoval: "100%" } });
  await mirror.sync();
  const promoted = await promote(mirror.data);
  for (const next of [middle, newer, newest]) {
    upstream.publish(next);
    expect((await mirror.sync()).outcome).toBe("updated");
  }
  expect((await mirror.here("prune")).status).toBe(0);
  const store = await openFsStore(mirror.data);
  await expectShown(mirror.data, "channels/stable/tools", promoted);
  await expectShown(mirror.data, "tools", (await currentSnapshot(store, MIRROR_REF)) as Snapshot);
  // What no ref shows went as always, but for the one that the settings keep.
  expect(await listSnapshotIds(store.documents)).toHaveLength(3);

  // Without the ref its content goes too.
  await store.refs.delete(STABLE);
  expect((await mirror.here("prune")).status).toBe(0);
  expect(await readSnapshot(store, promoted.id)).toBeUndefined();
  for (const { sha256 } of promoted.agents) expect(await store.blobs.stat(sha256)).toBeUndefined();
});

test("a second ref keeps its content through an import", async () => {
  await using upstream = await startUpstream({ tree: older });
  await using gap = await airGap(upstream, { far: { retention: { ...STRICT, maxRemoval: "100%" } } });
  await gap.done("near", "bundle", "create", "--to", join(gap.medium, "first"));
  await gap.done("far", "bundle", "import", join(gap.medium, "first"));
  const promoted = await promote(gap.far.data);
  upstream.publish(newest);
  await gap.near.configure({ retention: { maxRemoval: "100%" } });
  await gap.near.sync();
  await gap.done("near", "bundle", "create", "--to", join(gap.medium, "second"));
  await gap.done("far", "bundle", "import", join(gap.medium, "second"));
  await expectShown(gap.far.data, "channels/stable/tools", promoted);
  const store = await openFsStore(gap.far.data);
  expect((await currentSnapshot(store, MIRROR_REF))?.id).not.toBe(promoted.id);
  expect((await currentSnapshot(store, STABLE))?.id).toBe(promoted.id);
});

test("grace counts from when this ref was moved, whatever the mirror has shown meanwhile", async () => {
  await using store = await temporaryStore();
  const publish = publisher(store);
  const shown = await publish({ agents: [{ version: "3.6.1" }] });
  const movedAt = new Date("2026-06-01T00:00:00Z");
  await showSnapshot(store, shown, { ref: STABLE, graced: [], at: new Date("2026-02-01T00:00:00Z") });
  const next = await publish({ agents: [{ version: "3.6.2" }] });
  await publish({ agents: [{ version: "3.6.3" }] });
  await showSnapshot(store, next, { ref: STABLE, graced: [shown], at: movedAt });
  const rules = { ...RULES, graceMs: 6 * HOUR_MS };
  const isKept = async (hours: number) => {
    await pruneStore(store, rules, new Date(movedAt.getTime() + hours * HOUR_MS));
    return (await readSnapshot(store, shown.id)) !== undefined;
  };
  expect(await isKept(5)).toBe(true);
  expect((await stat(join(store.path, "channels/stable/tools", shown.agents[0]?.path ?? ""))).size).toBe(
    1000,
  );
  // It stays for a rollback of that ref, and nothing reaches it any longer.
  expect(await isKept(7)).toBe(true);
  // Built again without what is over; the other ref has its own tree.
  await expect(
    stat(join(store.path, "channels/stable/tools", shown.agents[0]?.path ?? "")),
  ).rejects.toThrow();
  await expectShown(store.path, "channels/stable/tools", next);

  for (const version of ["3.6.4", "3.6.5", "3.6.6"]) {
    const later = await publish({ agents: [{ version }] });
    await showSnapshot(store, later, { ref: STABLE, graced: [], at: movedAt });
  }
  expect(await isKept(7)).toBe(false);
});

test("a ref that goes back to an earlier snapshot gets a tree with what it showed last", async () => {
  await using store = await temporaryStore();
  const publish = publisher(store);
  const [one, two] = [
    await publish({ agents: [{ version: "3.6.1" }] }),
    await publish({ agents: [{ version: "3.6.2" }] }),
  ];
  const show = (snapshot: Snapshot, graced: readonly Snapshot[], hour: number) =>
    showSnapshot(store, snapshot, { ref: STABLE, graced, at: new Date(Date.UTC(2026, 5, 1, hour)) });
  await show(one, [], 0);
  await show(two, [one], 1);
  await show(one, [two], 2);
  await expectShown(store.path, "channels/stable/tools", one);
  expect((await stat(join(store.path, "channels/stable/tools", two.agents[0]?.path ?? ""))).size).toBe(1000);
});

test.for(["damaged", "missing"])("deletes nothing while the snapshot that a ref shows is %s", async (how) => {
  await using store = await temporaryStore();
  const publish = publisher(store);
  const shown = await publish({ agents: [{ version: "3.6.1" }] });
  await showSnapshot(store, shown, { ref: STABLE, graced: [], at: new Date() });
  await publish({ agents: [{ version: "3.6.2" }] });
  const last = await publish({ agents: [{ version: "3.6.3" }] });
  if (how === "missing") await store.documents.delete("snapshots", `${shown.id}.json`);
  else await store.documents.put("snapshots", `${shown.id}.json`, Buffer.from("{"));
  const before = await listEverything(store);
  await expect(pruneStore(store, RULES, new Date())).rejects.toMatchObject({ code: "JAM_STORE_CORRUPT" });
  expect(await listEverything(store)).toEqual(before);
  await store.refs.delete(STABLE);
  await pruneStore(store, RULES, new Date());
  expect(await listSnapshotIds(store.documents)).toContain(last.id);
});

async function listEverything(store: Store) {
  const blobs: string[] = [];
  for await (const { sha256 } of store.blobs.list()) blobs.push(sha256);
  return { blobs: blobs.sort(), documents: await store.documents.list("snapshots") };
}

test("a damaged tarball that is fetched again is replaced in the trees of all refs", async () => {
  await using upstream = await startUpstream({ tree: older });
  await using mirror = await temporaryMirror(upstream);
  await mirror.sync();
  const promoted = await promote(mirror.data);
  const [agent] = promoted.agents;
  if (agent === undefined) throw new Error("nothing was published");
  const blob = join(mirror.data, blobPath(agent.sha256));
  await chmod(blob, 0o644);
  await truncate(blob, 10);
  expect((await stat(join(mirror.data, "channels/stable/tools", agent.path))).size).toBe(10);
  await mirror.sync();
  await expectShown(mirror.data, "channels/stable/tools", promoted);
  await expectShown(mirror.data, "tools", promoted);
});

test("each ref publishes snapshots of its own, next to the mirror's", async () => {
  await using store = await temporaryStore();
  const [mirror, stable] = [publisher(store), publisher(store, STABLE)];
  const first = await mirror({ agents: [{ version: "3.6.1" }] });
  const own = await stable({ agents: [{ version: "3.6.9" }] });
  expect((await currentSnapshot(store, MIRROR_REF))?.id).toBe(first.id);
  expect((await currentSnapshot(store, STABLE))?.id).toBe(own.id);
  const content = { ...own, parent: own.id, createdAt: new Date("2026-03-01T00:00:00Z") };
  const next = await publishSnapshot(store, content, { ref: STABLE, graced: [own] });
  await pruneStore(store, RULES, new Date("2026-03-02T00:00:00Z"));
  await expectShown(store.path, "tools", first);
  await expectShown(store.path, "channels/stable/tools", next);
});

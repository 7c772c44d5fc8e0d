/** Pins, deletion, `jam prune` and `jam du`: what stays, what goes, and why. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { snapshotsDocument } from "../../../src/mirror/snapshots-document.ts";
import { usageDocument } from "../../../src/mirror/usage-document.ts";
import { temporaryMirror, type TestMirror } from "../../helpers/mirror.ts";
import { agedTree, startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

const DAY_MS = 24 * 3_600_000;
const trees = await Promise.all([
  agedTree(["3.6.1"], 5),
  agedTree(["3.6.1", "3.6.2"], 4),
  agedTree(["3.6.2", "3.6.3", "4.0.1"], 3),
]);

/** Three snapshots, a day between them, the last one now. */
async function threeSnapshots(upstream: TestUpstream, mirror: TestMirror): Promise<string[]> {
  const ids: string[] = [];
  for (const [index, tree] of trees.entries()) {
    upstream.publish(tree);
    const { snapshot } = await mirror.sync({ at: new Date(Date.now() - (2 - index) * DAY_MS) });
    ids.push(snapshot as string);
  }
  return ids;
}

const firstTree = () => {
  const [first] = trees;
  if (first === undefined) throw new Error("no tree");
  return first;
};

async function json(mirror: TestMirror, ...words: string[]): Promise<unknown> {
  const { stdout } = await mirror.here(...words, "-o", "json");
  return JSON.parse(stdout);
}

async function kept(mirror: TestMirror) {
  const { snapshots } = snapshotsDocument.parse(await json(mirror, "snapshot", "list"));
  return snapshots.map(({ id, pinned }) => ({ id, reason: pinned?.reason }));
}

test("a pinned snapshot stays and says who wants it, until it is unpinned", async () => {
  await using upstream = await startUpstream({ tree: firstTree() });
  await using mirror = await temporaryMirror(upstream, { retention: { snapshots: 20, grace: "PT1H" } });
  const [first = "", second = "", third = ""] = await threeSnapshots(upstream, mirror);
  expect((await mirror.here("snapshot", "pin", first, "--reason", "audit of May")).status).toBe(0);
  // Whoever pins it again, without saying why, does not take the reason away.
  expect(await json(mirror, "snapshot", "pin", first)).toMatchObject({ pinned: { reason: "audit of May" } });
  await mirror.configure({ retention: { snapshots: 1, grace: "PT1H", maxRemoval: "100%" } });
  expect((await mirror.here("prune")).status).toBe(0);
  expect(await kept(mirror)).toEqual([
    { id: third, reason: undefined },
    { id: second, reason: undefined },
    { id: first, reason: "audit of May" },
  ]);
  expect((await mirror.here("snapshot", "list")).stdout).toContain("audit of May");
  const refused = await mirror.here("snapshot", "delete", first);
  expect(refused.status).toBe(2);
  expect(refused.stderr).toContain("JAM_SNAPSHOT_IN_USE");
  expect(refused.stderr).toContain(`jam snapshot unpin ${first}`);
  expect(await json(mirror, "snapshot", "unpin", first)).toEqual({ unpinned: first, wasPinned: true });
  expect(await json(mirror, "snapshot", "unpin", first)).toEqual({ unpinned: first, wasPinned: false });
  await mirror.here("prune");
  expect((await kept(mirror)).map(({ id }) => id)).toEqual([third, second]);
});

test("deleting a snapshot frees what nothing else lists, and refuses what is shown", async () => {
  await using upstream = await startUpstream({ tree: firstTree() });
  await using mirror = await temporaryMirror(upstream, {
    retention: { snapshots: 20, grace: "PT1H", maxRemoval: "100%" },
  });
  const [first = "", second = "", third = ""] = await threeSnapshots(upstream, mirror);
  const shown = await mirror.here("snapshot", "delete", third);
  expect(shown).toMatchObject({ status: 2, stderr: expect.stringContaining("is shown by mirror") });
  const grace = await mirror.here("snapshot", "delete", second);
  expect(grace).toMatchObject({ status: 2, stderr: expect.stringContaining("retention.grace") });
  await mirror.configure({ retention: { snapshots: 20, grace: "PT0S", maxRemoval: "100%" } });
  const dry = await json(mirror, "snapshot", "delete", first, second, "--dry-run");
  expect(dry).toMatchObject({
    pruned: { snapshots: [first, second], blobs: [{ reason: expect.any(String) }] },
  });
  expect(await kept(mirror)).toHaveLength(3);
  expect(await json(mirror, "snapshot", "delete", first, second)).toEqual(dry);
  expect((await kept(mirror)).map(({ id }) => id)).toEqual([third]);
  const unknown = await mirror.here("snapshot", "delete", "20200101");
  expect(unknown).toMatchObject({ status: 5, stderr: expect.stringContaining("JAM_SNAPSHOT_NOT_FOUND") });
});

test("prune names reasons, and refuses to delete most of the tarballs before it is told to", async () => {
  const many = await agedTree(["2.9.50", "2.9.51", "2.9.52", "3.6.1", "3.6.2", "3.6.3"], 4);
  await using upstream = await startUpstream({ tree: many });
  await using mirror = await temporaryMirror(upstream, { retention: { snapshots: 20, grace: "PT0S" } });
  const { snapshot: first } = await mirror.sync({ at: new Date(Date.now() - 2 * DAY_MS) });
  upstream.publish(await agedTree(["3.6.3", "3.6.4"], 1));
  await mirror.here("sync", "--allow", "mass-removal");
  await mirror.configure({ retention: { snapshots: 20, grace: "PT0S", age: "P1D" } });
  const refused = await mirror.here("prune");
  expect(refused.status).toBe(2);
  expect(refused.stderr).toContain("JAM_PRUNE_TOO_MUCH");
  expect(refused.stderr).toContain("--force-removal");
  const dry = await mirror.here("prune", "--dry-run", "--force-removal");
  expect(dry.stdout).toMatch(new RegExp(`snapshot ${first} .*too old \\(retention.age\\)`));
  expect(dry.stdout).toContain("only snapshots that are deleted list it");
  expect(await kept(mirror)).toHaveLength(2);
  expect((await mirror.here("prune", "--force-removal")).status).toBe(0);
  expect(await kept(mirror)).toHaveLength(1);
});

test("du counts what is shared once and what only one snapshot, version or stream has", async () => {
  await using upstream = await startUpstream({ tree: firstTree() });
  await using mirror = await temporaryMirror(upstream, { retention: { snapshots: 20 } });
  const [first = "", second = "", third = ""] = await threeSnapshots(upstream, mirror);
  const usage = usageDocument.parse(await json(mirror, "du"));
  expect(usage.total).toEqual(usage.listed);
  expect(usage.total.tarballs).toBe(4);
  expect(usage.snapshots.map(({ name, tarballs }) => ({ name, tarballs }))).toEqual([
    { name: third, tarballs: 3 },
    { name: second, tarballs: 2 },
    { name: first, tarballs: 1 },
  ]);
  const uniqueOf = (name: string) => usage.snapshots.find((one) => one.name === name)?.unique;
  expect(uniqueOf(first)).toBe(0);
  expect(uniqueOf(second)).toBe(0);
  expect(uniqueOf(third)).toBeGreaterThan(0);
  expect(usage.versions.map(({ name }) => name)).toEqual(["3.6", "4.0"]);
  expect(usage.refs).toMatchObject([{ name: "mirror", tarballs: 3 }]);
  expect(usage.missing).toEqual({ tarballs: 0, bytes: 0 });
  const text = (await mirror.here("du", "--by", "version")).stdout;
  expect(text).toMatch(/^VERSION +TARBALLS +SIZE +UNIQUE\n3\.6 /);
});

test("a list of pins that cannot be read stops prune instead of unpinning everything", async () => {
  await using upstream = await startUpstream({ tree: firstTree() });
  await using mirror = await temporaryMirror(upstream, { retention: { snapshots: 20, grace: "PT0S" } });
  await threeSnapshots(upstream, mirror);
  await mirror.configure({ retention: { snapshots: 1, grace: "PT0S", maxRemoval: "100%" } });
  await writeFile(join(mirror.data, "state/pinned-snapshots.json"), "{");
  const { status, stderr } = await mirror.here("prune");
  expect(status).not.toBe(0);
  expect(stderr).toContain("pinned-snapshots.json");
  expect(await kept(mirror).catch(() => undefined)).toBeUndefined();
  await rm(join(mirror.data, "state/pinned-snapshots.json"));
  expect(await kept(mirror)).toHaveLength(3);
});

/** What `jam prune` keeps of each channel. */
import { expect, test } from "vitest";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { agedTree, startUpstream } from "../helpers/upstream.ts";

const VERSIONS = ["3.6.1", "3.6.2", "3.6.3", "3.6.4"];
const COUNT = "more than 1 earlier ones of the channel prod (channels.prod.retention.snapshots)";
const AGE = "too old for the channel prod (channels.prod.retention.age)";
const QUOTA = "the tarballs of the channel prod exceed channels.prod.retention.quota";

interface Pruned {
  readonly pruned: { readonly snapshots: string[]; readonly reasons: Record<string, string> };
}

async function done(mirror: TestMirror, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await mirror.here(...args);
  expect(status, stderr + stdout).toBe(0);
  return stdout;
}

test("the dry run names the channel and its limit; pins win; other channels and the mirror keep theirs", async () => {
  const trees = await Promise.all(VERSIONS.map((version, index) => agedTree([version], 9 - index)));
  const [first, ...others] = trees;
  if (first === undefined) throw new Error("There is no tree.");
  await using upstream = await startUpstream({ tree: first });
  const retention = { grace: "PT0S", maxRemoval: "100%" };
  const limit = (prod: object, mirrors: object = { snapshots: 1 }) =>
    mirror.configure({
      channels: { prod: { from: "mirror", retention: prod }, lab: { from: "mirror" } },
      retention: { ...retention, ...mirrors },
    });
  await using mirror = await temporaryMirror(upstream);
  await limit({ snapshots: 10 });
  const ids: string[] = [];
  for (const tree of [first, ...others]) {
    if (tree !== first) upstream.publish(tree);
    const { snapshot } = await mirror.sync();
    ids.push(snapshot ?? "");
    await done(mirror, "channel", "promote", "prod", "--reason", "next");
  }
  const plan = async () =>
    (JSON.parse(await done(mirror, "prune", "--dry-run", "--force-removal", "-o", "json")) as Pruned).pruned;
  const mirrors = "more than 1 earlier ones (retention.snapshots)";

  expect((await plan()).snapshots).toEqual([]);
  await limit({ snapshots: 1 });
  expect((await plan()).reasons).toEqual({
    [ids[0] ?? ""]: `${COUNT}; ${mirrors}`,
    [ids[1] ?? ""]: `${COUNT}; ${mirrors}`,
  });
  const shown = await done(mirror, "prune", "--dry-run", "--force-removal");
  expect(shown).toContain("channels.prod.retention");
  // A row for each snapshot, tree and version that goes, each with its size and its reason.
  expect(shown).toMatch(new RegExp(`^snapshot ${ids[0] ?? ""} +[\\d.]+ KiB  more than 1`, "m"));
  expect(shown).toMatch(/^tree \S+~prod~\d of prod +- {2}no longer shown.*\(retention\.grace\)$/m);
  expect(shown).toMatch(/^3\.6\.1 ubuntu.* amd64 +[\d.]+ KiB {2}only snapshots that are deleted list it$/m);
  const { blobs, trees: going, treeReasons } = (await plan()) as unknown as Record<string, readonly object[]>;
  expect(blobs?.flatMap((blob) => (blob as { agents: string[] }).agents).sort()).toEqual([
    "3.6.1-ubuntu-amd64",
    "3.6.2-ubuntu-amd64",
  ]);
  expect(Object.keys(treeReasons ?? {})).toEqual(going);
  await limit({ snapshots: 10, age: "PT0.001S" }, { snapshots: 1 });
  expect(Object.values((await plan()).reasons)).toEqual([`${AGE}; ${mirrors}`, `${AGE}; ${mirrors}`]);
  await limit({ snapshots: 10, quota: "1KiB" }, { snapshots: 1 });
  expect(Object.values((await plan()).reasons)).toEqual([`${QUOTA}; ${mirrors}`, `${QUOTA}; ${mirrors}`]);
  // What the mirror keeps stays for it.
  await limit({ snapshots: 1 }, { snapshots: 20 });
  expect((await plan()).snapshots).toEqual([]);
  // A channel without limits of its own keeps what the mirror's say, and at least three.
  await mirror.configure({
    channels: { prod: { from: "mirror" } },
    retention: { ...retention, snapshots: 1 },
  });
  expect((await plan()).snapshots).toEqual([]);

  await limit({ snapshots: 1 });
  await done(mirror, "snapshot", "pin", ids[0] ?? "", "--reason", "audit");
  expect((await plan()).snapshots).toEqual([ids[1]]);
  const foreseen = await plan();
  const { pruned } = JSON.parse(await done(mirror, "prune", "--force-removal", "-o", "json")) as Pruned;
  // The dry run names what the run deletes, the trees that it builds again included.
  expect({ ...pruned, treeReasons: null }).toEqual({ ...foreseen, treeReasons: null });
  expect(pruned.reasons).toEqual({ [ids[1] ?? ""]: `${COUNT}; ${mirrors}` });
  // One step back is kept, a further one is not.
  await done(mirror, "channel", "rollback", "prod", "--reason", "back");
  const further = await mirror.here("channel", "rollback", "prod", "--reason", "further", "-o", "json");
  expect(JSON.parse(further.stdout)).toMatchObject({ error: { code: "JAM_SNAPSHOT_NOT_FOUND" } });
  await done(mirror, "verify");
});

test("limits that cannot be are refused with their place", async () => {
  await using upstream = await startUpstream({ releases: ["3.6.1"], arches: ["amd64"] });
  await using mirror = await temporaryMirror(upstream);
  for (const [retention, word] of [
    [{ snapshots: 0 }, "channels.prod.retention.snapshots"],
    [{ age: "soon" }, "channels.prod.retention.age"],
    [{ quota: "much" }, "channels.prod.retention.quota"],
    [{ keep: 3 }, "channels.prod.retention"],
  ] as const) {
    await mirror.configure({ channels: { prod: { from: "mirror", retention: retention as object } } });
    const { status, stderr } = await mirror.here("config", "validate");
    expect(status).toBe(2);
    expect(stderr.replaceAll(/["\s]/g, "")).toContain(word);
  }
});

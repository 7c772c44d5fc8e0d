/** The same path with another hash upstream: an alarm, and both tarballs are kept until somebody decides. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { SyncReport } from "../../src/mirror/run-report.ts";
import type { StatusDocument } from "../../src/mirror/status-document.ts";
import { airGap } from "../helpers/air-gap.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { startServe } from "../helpers/running-jam.ts";
import { agedTree, itemPath, startUpstream } from "../helpers/upstream.ts";

const AGENT = "3.6.27-ubuntu-amd64";
const PATH = "agent/3.6.27/juju-3.6.27-linux-amd64.tgz";

const treeOf = (daysAgo: number, releases: string[], tarballBytes = 2048) =>
  agedTree(releases, daysAgo, { families: ["agents"], tarballBytes });

const before = await treeOf(9, ["3.6.27"]);
const changed = await treeOf(7, ["3.6.27"], 4000);
const reverted = await treeOf(5, ["3.6.27"]);
const without = await treeOf(8, ["3.6.26"]);
const both = await treeOf(6, ["3.6.26", "3.6.27"], 4000);

async function json<T>(mirror: TestMirror, args: string[], expected = 0): Promise<T> {
  const { status, stdout, stderr } = await mirror.here(...args, "-o", "json");
  expect({ args, status, stderr: status === expected ? "" : stderr }).toEqual({
    args,
    status: expected,
    stderr: "",
  });
  return JSON.parse(stdout) as T;
}

const blobOf = ({ data }: TestMirror, sha256: string) =>
  join(data, "blobs/sha256", sha256.slice(0, 2), sha256);

async function hashOf(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}

async function statusOf(mirror: TestMirror): Promise<StatusDocument> {
  return json<StatusDocument>(mirror, ["status"]);
}

test("a sync ends with 4, serves what is held, keeps the other bytes, and says so until upstream is as before", async () => {
  await using upstream = await startUpstream({ tree: before });
  await using mirror = await temporaryMirror(upstream, {
    retention: { snapshots: 1, age: "PT0S", grace: "PT0S" },
  });
  await mirror.sync();
  upstream.publish(changed);
  expect(itemPath(upstream, "3.6.27")).toBe(PATH);
  const { alarms = [] } = await json<SyncReport>(mirror, ["sync"], 4);
  expect(alarms).toMatchObject([{ agent: AGENT, path: PATH, isKept: true }]);
  const [alarm] = alarms;
  if (alarm === undefined) throw new Error("no alarm");
  const [held, other] = [blobOf(mirror, alarm.held.sha256), blobOf(mirror, alarm.other.sha256)];
  expect([await hashOf(held), await hashOf(other)]).toEqual([alarm.held.sha256, alarm.other.sha256]);
  expect(alarm.held.sha256).not.toBe(alarm.other.sha256);

  const { stdout } = await mirror.here("status");
  expect(stdout).toContain(`upstream lists other bytes for ${AGENT} since`);
  for (const { sha256 } of [alarm.held, alarm.other])
    expect(stdout).toContain(`blobs/sha256/${sha256.slice(0, 2)}/${sha256}\n`);
  expect((await mirror.here("sync")).stdout).toContain(
    "Both tarballs are kept for 1 of 1 changed agent: `jam status` names the files.\n",
  );

  // A second night tells the same alarm, with the time of the first one, and prune deletes neither side.
  const again = await json<SyncReport>(mirror, ["sync"], 4);
  expect(again.alarms).toEqual(alarms);
  await json(mirror, ["prune"]);
  expect((await statusOf(mirror)).alarms).toEqual(alarms);
  expect(await hashOf(other)).toBe(alarm.other.sha256);
  const verified = await mirror.here("verify");
  expect(verified, verified.stdout).toMatchObject({ status: 0 });
  expect(verified.stdout).not.toContain("extra");

  await using server = await startServe(mirror.folder);
  const served = Buffer.from(await (await fetch(`${server.url}/tools/${PATH}`)).arrayBuffer());
  expect(createHash("sha256").update(served).digest("hex")).toBe(alarm.held.sha256);
  expect(await (await fetch(`${server.url}/metrics`)).text()).toContain("\njam_path_alarms 1\n");

  upstream.publish(reverted);
  expect((await json<SyncReport>(mirror, ["sync"])).alarms).toBeUndefined();
  expect((await statusOf(mirror)).alarms).toBeUndefined();
  expect(await (await fetch(`${server.url}/metrics`)).text()).toContain("\njam_path_alarms 0\n");
});

test("--allow path-reuse lists the kept bytes without fetching them again, and settles the alarm", async () => {
  await using upstream = await startUpstream({ tree: before });
  await using mirror = await temporaryMirror(upstream);
  await mirror.sync();
  upstream.publish(changed);
  const { alarms } = await json<SyncReport>(mirror, ["sync"], 4);
  const report = await json<SyncReport>(mirror, ["sync", "--allow", "path-reuse"]);
  expect(report).toMatchObject({ outcome: "updated", fetched: { agents: 0 } });
  expect(report.alarms).toBeUndefined();
  const { agents } = await json<{ agents: { sha256: string }[] }>(mirror, ["list"]);
  expect(agents.map(({ sha256 }) => sha256)).toEqual([alarms?.[0]?.other.sha256]);
  expect((await statusOf(mirror)).alarms).toBeUndefined();
});

test("the alarm is raised although the other bytes cannot be had", async () => {
  await using upstream = await startUpstream({ tree: before });
  await using mirror = await temporaryMirror(upstream);
  await mirror.sync();
  upstream.publish(changed);
  upstream.fault(PATH, { kind: "status", status: 404 });
  const report = await json<SyncReport>(mirror, ["sync"], 4);
  expect(report.alarms).toMatchObject([{ agent: AGENT, isKept: false }]);
  const { stdout, stderr } = await mirror.here("sync");
  expect(stderr).toContain(`The changed bytes of ${PATH} could not be kept: `);
  expect(stdout).toContain("Both tarballs are kept for 0 of 1 changed agent");
  expect((await mirror.here("status")).stdout).toMatch(/upstream's {6}sha256 [0-9a-f]{64}, not kept\n/);
});

test("what was withdrawn and kept without being listed may not come back with other bytes", async () => {
  await using upstream = await startUpstream({ tree: before });
  await using mirror = await temporaryMirror(upstream, {
    onUpstreamRemoval: "unlist",
    retention: { maxRemoval: "100%" },
  });
  await mirror.sync();
  upstream.publish(without);
  await json(mirror, ["sync"]);
  upstream.publish(both);
  const report = await json<SyncReport>(mirror, ["sync"], 4);
  expect(report.alarms).toContainEqual(expect.objectContaining({ agent: AGENT, isKept: true }));
  const { agents } = await json<{ agents: { version: string }[] }>(mirror, ["list"]);
  expect(agents.map(({ version }) => version)).toEqual(["3.6.26"]);
});

test("an import raises the alarm, and keeps what the bundle contains in the place of held bytes", async () => {
  await using upstream = await startUpstream({ tree: before });
  await using gap = await airGap(upstream);
  await gap.done("near", "bundle", "create", "--to", join(gap.medium, "one"));
  await gap.done("far", "bundle", "import", join(gap.medium, "one"));
  upstream.publish(changed);
  await gap.done("near", "sync", "--allow", "path-reuse");
  await gap.done("near", "bundle", "create", "--to", join(gap.medium, "two"));
  expect(await gap.far.here("bundle", "import", join(gap.medium, "two"))).toMatchObject({ status: 4 });
  const { alarms = [] } = await statusOf(gap.far);
  expect(alarms).toMatchObject([{ agent: AGENT, isKept: true }]);
  expect(await hashOf(blobOf(gap.far, alarms[0]?.other.sha256 ?? ""))).toBe(alarms[0]?.other.sha256);
  await gap.done("far", "bundle", "import", join(gap.medium, "two"), "--allow", "path-reuse");
  expect((await statusOf(gap.far)).alarms).toBeUndefined();
});

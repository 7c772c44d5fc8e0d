/** What left the mirror may not come back with other bytes; what is known of it is remembered. */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { SyncReport } from "../../src/mirror/run-report.ts";
import type { StatusDocument } from "../../src/mirror/status-document.ts";
import { airGap } from "../helpers/air-gap.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { agedTree, startUpstream } from "../helpers/upstream.ts";

const AGENT = "3.6.1-ubuntu-amd64";
const NOTE = "state/listed-before.json";
const KEEPS = { retention: { snapshots: 20, grace: "PT0S", maxRemoval: "100%" } };
const FORGETS = { retention: { snapshots: 1, age: "PT0S", grace: "PT0S", maxRemoval: "100%" } };

const treeOf = (daysAgo: number, releases: string[], tarballBytes = 2048) =>
  agedTree(releases, daysAgo, { families: ["agents"], tarballBytes });

const both = await treeOf(9, ["3.6.1", "3.6.2"]);
const without = await treeOf(8, ["3.6.2"]);
const later = await treeOf(7, ["3.6.2", "3.6.3"]);
const other = await treeOf(6, ["3.6.1", "3.6.4"], 4000);
const same = await treeOf(5, ["3.6.1", "3.6.2"]);

async function sync(mirror: TestMirror, status = 0, ...args: string[]): Promise<SyncReport> {
  const ended = await mirror.here("sync", "-o", "json", ...args);
  expect(ended, ended.stderr).toMatchObject({ status });
  return JSON.parse(ended.stdout) as SyncReport;
}

async function listed(mirror: TestMirror): Promise<string[]> {
  const { stdout } = await mirror.here("list", "-o", "json");
  return (JSON.parse(stdout) as { agents: { version: string }[] }).agents
    .map(({ version }) => version)
    .sort();
}

async function statusOf(mirror: TestMirror): Promise<StatusDocument> {
  return JSON.parse((await mirror.here("status", "-o", "json")).stdout) as StatusDocument;
}

test.for([
  ["snapshots that list it are kept", KEEPS],
  ["they were pruned", FORGETS],
  ["it waits unlisted, too (`unlist`)", { onUpstreamRemoval: "unlist", ...FORGETS } as const],
] as const)("other bytes under the path of an agent that left are refused where %s", async ([, settings]) => {
  await using upstream = await startUpstream({ tree: both });
  await using mirror = await temporaryMirror(upstream, settings);
  await mirror.sync();
  for (const tree of [without, later]) {
    upstream.publish(tree);
    await sync(mirror);
  }
  await mirror.here("prune", "--force-removal");
  upstream.publish(other);
  // The second run knows it as well as the first one.
  for (let run = 0; run < 2; run += 1) {
    const report = await sync(mirror, 4);
    expect(report.failed).toMatchObject([{ agent: AGENT, code: "JAM_METADATA_PATH_REUSED" }]);
    expect(report.alarms).toMatchObject([{ agent: AGENT, isKept: true }]);
    expect(await listed(mirror)).not.toContain("3.6.1");
  }
  expect((await statusOf(mirror)).alarms).toMatchObject([{ agent: AGENT }]);
  expect((await mirror.here("status")).stdout).toMatch(/ALARM +upstream lists other bytes for 3\.6\.1-/);
  expect(await mirror.here("verify")).toMatchObject({ status: 0 });

  await sync(mirror, 0, "--allow", "path-reuse");
  expect(await listed(mirror)).toContain("3.6.1");
  expect((await statusOf(mirror)).alarms).toBeUndefined();
  expect((await sync(mirror)).alarms).toBeUndefined();
});

test("the same bytes come back without an alarm, and what was accepted last is what counts", async () => {
  await using upstream = await startUpstream({ tree: both });
  await using mirror = await temporaryMirror(upstream, FORGETS);
  await mirror.sync();
  upstream.publish(later);
  await sync(mirror);
  upstream.publish(same);
  const back = await sync(mirror);
  expect(back).toMatchObject({ outcome: "updated", failed: [] });
  expect(back.alarms).toBeUndefined();
  expect(await listed(mirror)).toEqual(["3.6.1", "3.6.2"]);

  upstream.publish(await treeOf(4, ["3.6.1", "3.6.2"], 4000));
  await sync(mirror, 0, "--allow", "path-reuse");
  upstream.publish(await treeOf(3, ["3.6.2", "3.6.3"], 4000));
  await sync(mirror, 0, "--allow", "path-reuse");
  upstream.publish(await treeOf(2, ["3.6.1", "3.6.2"]));
  expect((await sync(mirror, 4)).failed.map(({ agent }) => agent)).toContain(AGENT);
  upstream.publish(await treeOf(1, ["3.6.1", "3.6.2"], 4000));
  expect((await sync(mirror)).failed).toEqual([]);
});

test("an agent that the rules left out comes back with the bytes that it had, or not at all", async () => {
  await using upstream = await startUpstream({ tree: both });
  await using mirror = await temporaryMirror(upstream, FORGETS);
  await mirror.sync();
  await mirror.configure({ deny: [{ version: "3.6.1" }] });
  await sync(mirror);
  upstream.publish(other);
  expect(await sync(mirror)).toMatchObject({ failed: [] });
  await mirror.configure({ deny: [] });
  expect((await sync(mirror, 4)).failed).toMatchObject([{ agent: AGENT }]);
  const planned = await mirror.here("sync", "--dry-run");
  expect(planned).toMatchObject({ status: 4, stdout: expect.stringContaining("JAM_METADATA_PATH_REUSED") });
  expect(planned.stdout).toMatch(/when the mirror listed it last/);
});

test("what was remembered cannot be read: syncs and imports are refused with the file and what to do", async () => {
  await using upstream = await startUpstream({ tree: both });
  await using mirror = await temporaryMirror(upstream, FORGETS);
  await mirror.sync();
  upstream.publish(later);
  await sync(mirror);
  const path = join(mirror.data, NOTE);
  const note = JSON.parse(await readFile(path, "utf8")) as { agents: { agent: string }[] };
  expect(note.agents.map(({ agent }) => agent)).toContain(AGENT);
  await writeFile(path, "{");
  upstream.publish(same);
  const refused = await mirror.here("sync");
  expect(refused.status).toBe(4);
  expect(refused.stderr).toContain("state/listed-before.json");
  expect(refused.stderr).toContain("delete it");
  expect((await mirror.here("verify")).stdout).toContain("listed-before.json");
  await rm(path);
  expect(await sync(mirror)).toMatchObject({ outcome: "updated" });
});

test("a far side refuses it too, from a bundle into the mirror and into a channel", async () => {
  await using upstream = await startUpstream({ tree: both });
  await using gap = await airGap(upstream, { near: FORGETS, far: FORGETS });
  const carry = async (name: string, ...args: string[]) => {
    await gap.done("near", "bundle", "create", "--to", join(gap.medium, name));
    return gap.far.here("bundle", "import", join(gap.medium, name), ...args, "-o", "json");
  };
  expect(await carry("1")).toMatchObject({ status: 0 });
  upstream.publish(later);
  await gap.near.sync();
  expect(await carry("2")).toMatchObject({ status: 0 });
  await gap.far.here("prune", "--force-removal");
  expect(await listed(gap.far)).toEqual(["3.6.2", "3.6.3"]);
  upstream.publish(other);
  await gap.done("near", "sync", "--allow", "path-reuse");
  const refused = await carry("3");
  expect(refused, refused.stderr).toMatchObject({ status: 4 });
  expect(JSON.parse(refused.stdout)).toMatchObject({
    failed: [{ agent: AGENT, code: "JAM_METADATA_PATH_REUSED" }],
  });
  expect(await listed(gap.far)).not.toContain("3.6.1");
  expect((await statusOf(gap.far)).alarms).toMatchObject([{ agent: AGENT, isKept: true }]);
  const channel = await carry("5", "--channel", "prod");
  expect(channel, channel.stderr).toMatchObject({ status: 4 });
  expect(await carry("4", "--allow", "path-reuse")).toMatchObject({ status: 0 });
  expect(await listed(gap.far)).toContain("3.6.1");
});

/** A run after one that found nothing to do: it only asks whether anything changed, and any doubt makes it look at everything. */
import { readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { requireCurrentSnapshot } from "../../../src/mirror/read-snapshots.ts";
import { writeKeptPlans } from "../../../src/mirror/kept-plans.ts";
import type { SyncEvent } from "../../../src/mirror/run-events.ts";
import { openFsStore } from "../../../src/store/fs/open-fs-store.ts";
import { blobPath } from "../../../src/store/layout.ts";
import { temporaryMirror, type SyncTestOptions, type TestMirror } from "../../helpers/mirror.ts";
import { buildSampleTree, generateSampleKey, startUpstream } from "../../helpers/upstream.ts";

const first = await buildSampleTree(treeOf(["3.6.26"], 9));
const second = await buildSampleTree({ ...treeOf(["3.6.26", "3.6.27"], 8), key: first.key });
const third = await buildSampleTree({
  ...treeOf(["3.6.26", "3.6.27", "4.0.15"], 7),
  key: first.key,
});
const upstream = await startUpstream({ tree: first });
const NOTE = "state/unchanged-sync.json";

afterAll(() => upstream[Symbol.asyncDispose]());

function treeOf(releases: readonly string[], hours: number) {
  const updatedAt = new Date(Date.now() - hours * 3_600_000);
  return { releases, arches: ["amd64"], oses: ["ubuntu"], streams: ["released"], updatedAt } as const;
}

/** A mirror whose last run found nothing to do. */
async function settledMirror(): Promise<TestMirror> {
  upstream.publish(first);
  const mirror = await temporaryMirror(upstream);
  await mirror.sync({ at: new Date(Date.now() - 60_000) });
  expect(await mirror.sync()).toMatchObject({ outcome: "unchanged" });
  return mirror;
}

/** A run, and whether it evaluated the rules. */
async function look(mirror: TestMirror, options: SyncTestOptions = {}) {
  const events: SyncEvent[] = [];
  upstream.clearRequests();
  const report = await mirror.sync({ ...options, onEvent: (event) => void events.push(event) });
  const looked = events.some((event) => event.kind === "phase" && event.phase === "plan");
  return { report, looked, events, requests: upstream.requests.filter((line) => line.includes("streams/")) };
}

test("asks for each document once, conditionally, and reports what the run before reported", async () => {
  await using mirror = await settledMirror();
  await mirror.sync();
  const before = await readdir(join(mirror.data, "snapshots"));
  const { report, looked, requests } = await look(mirror);
  expect(looked).toBe(false);
  expect(requests.map((line) => line.replace(/^GET .*\//, "")).sort()).toEqual([
    "com.ubuntu.juju-released-agents.sjson",
    "index2.sjson",
  ]);
  await rm(join(mirror.data, NOTE));
  const whole = await look(mirror);
  expect(whole.looked).toBe(true);
  const { startedAt: _at, durationMs: _ms, ...rest } = whole.report;
  expect(report).toMatchObject(rest);
  expect(await readdir(join(mirror.data, "snapshots"))).toEqual(before);
});

test("what upstream publishes is taken, and each document is still requested once", async () => {
  await using mirror = await settledMirror();
  upstream.publish(second);
  const { report, looked, requests } = await look(mirror);
  expect(report).toMatchObject({ outcome: "updated", added: ["3.6.27-ubuntu-amd64"] });
  expect(looked).toBe(true);
  expect(new Set(requests).size).toBe(requests.length);
});

async function blobOf({ data }: TestMirror): Promise<string> {
  const store = await openFsStore(data);
  const [agent] = (await requireCurrentSnapshot(store, data)).agents;
  if (agent === undefined) throw new Error("no agent");
  return join(data, blobPath(agent.sha256));
}

async function proofOf({ data }: TestMirror): Promise<string> {
  const [name = ""] = await readdir(join(data, "upstream"));
  return join(data, "upstream", name);
}

const changes: Record<string, (mirror: TestMirror) => Promise<unknown>> = {
  "a rule": (mirror) => mirror.configure({ select: [{ stream: "released", arch: "amd64" }] }),
  "the limit for removals": (mirror) => mirror.configure({ retention: { maxRemoval: 0.5 } }),
  "the upstream's name": (mirror) =>
    mirror.configure({ upstreams: [{ name: "other", url: upstream.url, keyring: "key.asc" }] }),
  "a plan that later runs keep": async ({ data }) => {
    const store = await openFsStore(data, { create: true });
    const lease = await store.lease.acquire("jam sync");
    await writeKeptPlans(store.documents, { agents: ["3.6.26-ubuntu-amd64"], streams: ["released"] });
    await lease.release();
  },
  "a missing tarball": async (mirror) => rm(await blobOf(mirror)),
  "a tarball that was cut short": async (mirror) => {
    const path = await blobOf(mirror);
    const bytes = await readFile(path);
    await rm(path);
    await writeFile(path, bytes.subarray(1));
  },
  "a kept document that is missing": async (mirror) => rm(await proofOf(mirror)),
  "a kept document that is damaged": async (mirror) => {
    const path = await proofOf(mirror);
    const bytes = await readFile(path);
    await rm(path);
    await writeFile(path, bytes.subarray(1));
  },
  "the version of the program": async ({ data }) => {
    const path = join(data, NOTE);
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace(/"inputs":"[0-9a-f]{4}/, '"inputs":"0000'));
  },
  "the note itself, which is damaged": ({ data }) => truncate(join(data, NOTE), 10),
};

test.for(Object.keys(changes))("looks at everything after a change of %s", async (what) => {
  await using mirror = await settledMirror();
  expect((await look(mirror)).looked).toBe(false);
  await changes[what]?.(mirror);
  const { looked, report } = await look(mirror);
  expect(looked).toBe(true);
  expect(report.failed).toEqual([]);
  expect((await mirror.published()).agents).toEqual(["3.6.26-ubuntu-amd64"]);
  expect((await look(mirror, { allow: ["rollback"] })).looked).toBe(true);
});

test("a key that is no longer trusted is refused as ever", async () => {
  await using mirror = await settledMirror();
  const other = await generateSampleKey("foreign");
  await writeFile(join(mirror.folder, "key.asc"), other.publicKeyArmored);
  await expect(look(mirror)).rejects.toMatchObject({ family: "metadata" });
});

test("what is due by time alone happens all the same", async () => {
  await using mirror = await settledMirror();
  await mirror.configure({ retention: { snapshots: 1, grace: "PT1H" } });
  for (const [tree, agoMs] of [
    [second, 30_000],
    [third, 20_000],
  ] as const) {
    upstream.publish(tree);
    await mirror.sync({ at: new Date(Date.now() - agoMs) });
  }
  expect(await mirror.sync()).toMatchObject({ outcome: "unchanged" });
  expect(await readdir(join(mirror.data, "snapshots"))).toHaveLength(3);
  const { looked } = await look(mirror, { at: new Date(Date.now() + 7_200_000) });
  expect(looked).toBe(false);
  expect(await readdir(join(mirror.data, "snapshots"))).toHaveLength(2);
});

test("a warning that depends on more than dates is said by every run", async () => {
  await using mirror = await settledMirror();
  await mirror.configure({ select: [{ stream: "released" }, { stream: "released", versions: "9.9" }] });
  for (let run = 0; run < 3; run += 1) {
    const { looked, report } = await look(mirror);
    expect(looked).toBe(true);
    expect(report.warnings.join()).toContain("9.9");
  }
});

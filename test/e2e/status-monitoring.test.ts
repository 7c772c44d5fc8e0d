import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { temporaryMirror } from "../helpers/mirror.ts";
import { buildSampleTree, startUpstream } from "../helpers/upstream.ts";

const HOUR = 3_600_000;

const tree = await buildSampleTree({
  releases: ["3.6.27"],
  arches: ["amd64"],
  oses: ["ubuntu"],
  streams: ["released"],
});
const upstream = await startUpstream({ tree });
const mirror = await temporaryMirror(upstream);
await mirror.sync();
const HISTORY = join(mirror.data, "history");

afterAll(async () => {
  await mirror[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

beforeEach(async () => {
  for (const name of await readdir(HISTORY)) await rm(join(HISTORY, name));
});

/** Leaves the report of a run so many hours ago, as a run does; returns when it started. */
async function leaveRun(hoursAgo: number, fields: object): Promise<string> {
  const startedAt = new Date(Date.now() - hoursAgo * HOUR).toISOString();
  const report = {
    snapshot: null,
    upstream: upstream.url,
    verified: true,
    fetched: { agents: 0, bytes: 0 },
    held: { agents: 1, bytes: 1 },
    added: [],
    removed: [],
    failed: [],
    warnings: [],
    ...fields,
    startedAt,
    durationMs: 1000,
  };
  await writeFile(join(HISTORY, `${startedAt.replaceAll(/[-:]/g, "")}.json`), JSON.stringify(report));
  return startedAt;
}

const updated = { outcome: "updated" };
const unchanged = { outcome: "unchanged" };
const partial = { outcome: "partial" };
const failed = { outcome: "failed", error: { code: "JAM_UPSTREAM_UNREACHABLE", message: "No answer." } };
const switched = { outcome: "updated", switchedFrom: "20260101T000000Z-00000000" };
const damaged = { outcome: 7 };

test.for<[string, (readonly [number, object])[], { status: number; stderr: RegExp; first: RegExp }]>([
  ["a recent good run", [[9, updated]], { status: 0, stderr: /^$/, first: /^last good run 9 h ago, / }],
  [
    "a recent run without news",
    [
      [90, updated],
      [9, unchanged],
    ],
    { status: 0, stderr: /^$/, first: /^last good run 9 h ago, / },
  ],
  [
    "an old good run",
    [[50, updated]],
    {
      status: 11,
      stderr: /^The last good run was 2 d 2 h ago, \S+: older than 2 d\.\n$/,
      first: /^last good run 2 d 2 h ago, /,
    },
  ],
  ["no run", [], { status: 11, stderr: /^No run has taken place yet\.\n$/, first: /^last good run never\n/ }],
  [
    "only partial runs",
    [[1, partial]],
    {
      status: 11,
      stderr: /^No run in the kept history was good\.\n$/,
      first: /^last good run never\nlast run {2}partial 1 h ago, /,
    },
  ],
  [
    "a partial run after a good one",
    [
      [9, updated],
      [1, partial],
    ],
    { status: 0, stderr: /^$/, first: /^last good run 9 h ago, \S+\nlast run {2}partial 1 h ago, / },
  ],
  [
    "a failed run after a good one",
    [
      [9, updated],
      [1, failed],
    ],
    {
      status: 11,
      stderr: /^The last run failed 1 h ago, \S+: JAM_UPSTREAM_UNREACHABLE: No answer\.\n$/,
      first: /^last good run 9 h ago, \S+\nlast run {2}failed 1 h ago, \S+: JAM_UPSTREAM_UNREACHABLE/,
    },
  ],
  [
    "a good run after a failed one",
    [
      [9, failed],
      [1, updated],
    ],
    { status: 0, stderr: /^$/, first: /^last good run 1 h ago, \S+\ndata / },
  ],
  [
    "a last run whose report is damaged",
    [
      [9, updated],
      [1, damaged],
    ],
    {
      status: 11,
      stderr: /^The report of the last run cannot be read\.\n$/,
      first: /^last good run 9 h ago, \S+\nlast run {2}its report cannot be read\n/,
    },
  ],
  [
    "a switch of the snapshot, which is not a sync,",
    [
      [50, updated],
      [1, switched],
    ],
    { status: 11, stderr: /older than 2 d\.\n$/, first: /^last good run 2 d 2 h ago, / },
  ],
  [
    "a good run in the future",
    [[-5, updated]],
    {
      status: 11,
      stderr: /^The last good run is dated in the future: \S+\.\n$/,
      first: /^last good run in the future, /,
    },
  ],
])("status --max-age P2D after %s", async ([, runs, { status, stderr, first }]) => {
  for (const [hoursAgo, fields] of runs) await leaveRun(hoursAgo, fields);
  const checked = await mirror.here("status", "--max-age", "P2D", "--quiet");
  expect(checked).toMatchObject({
    status,
    stdout: expect.stringMatching(first),
    stderr: expect.stringMatching(stderr),
  });
  expect((await mirror.here("status")).status).toBe(0);
});

async function lastGood(): Promise<{ status: number | null; lastGood: unknown }> {
  const { stdout, status } = await mirror.here("status", "-o", "json", "--runs", "0", "--max-age", "PT1H");
  return { status, lastGood: (JSON.parse(stdout) as { lastGood: unknown }).lastGood };
}

test("JSON has the last good run in UTC, however few runs are shown, or null", async () => {
  expect(await lastGood()).toEqual({ status: 11, lastGood: null });
  const good = await leaveRun(20, updated);
  for (const hoursAgo of [9, 8, 7]) await leaveRun(hoursAgo, failed);
  expect(await lastGood()).toEqual({ status: 11, lastGood: good });
});

test("times for people have the offset of the time zone", async () => {
  const startedAt = await leaveRun(9, updated);
  for (const [zone, minutes, offset] of [
    ["Asia/Kolkata", 330, "+05:30"],
    ["Etc/GMT+3", -180, "-03:00"],
    ["UTC", 0, "+00:00"],
  ] as const) {
    const { stdout } = await mirror.start(["status"], { env: { TZ: zone } }).finished;
    const local = new Date(Date.parse(startedAt) + minutes * 60_000).toISOString().slice(0, 19) + offset;
    expect(stdout.split("\n")[0]).toBe(`last good run 9 h ago, ${local}`);
    expect(stdout).toContain(`\n${local}  updated `);
  }
});

test.for(["2d", "P1M", "PT0S", "", "-P1D"])("--max-age %j is refused", async (text) => {
  const { status, stderr } = await mirror.here("status", `--max-age=${text}`);
  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining("ISO 8601 duration") });
});

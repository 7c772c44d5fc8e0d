/** What the commands say while they wait, and that `jam check` does not. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { buildSampleTree, startUpstream, type TestUpstream } from "../helpers/upstream.ts";

const options = { releases: ["3.6.27"], arches: ["amd64"], oses: ["ubuntu"] } as const;
const HOUR_MS = 3_600_000;

let upstream: TestUpstream;
let mirror: TestMirror;

beforeAll(async () => {
  upstream = await startUpstream({ ...options, now: new Date(Date.now() - HOUR_MS) });
  mirror = await temporaryMirror(upstream, { fetch: { retries: 1 } });
});

afterEach(() => upstream.clearFaults());

afterAll(async () => {
  for (const one of [mirror, upstream]) await one[Symbol.asyncDispose]();
});

const INDEX = "streams/v1/index2.sjson";
const ASKED = { kind: "status", status: 429, retryAfter: 1, times: 1 } as const;

test.for([
  ["sync", ["sync"]],
  ["explain", ["explain", "3.6.27"]],
])("%s says who asks it to wait for a document, how long, and which attempt follows", async ([, args]) => {
  upstream.fault(INDEX, ASKED);
  const { status, stderr } = await mirror.jam(...(args as string[]));
  expect({ status, stderr }).toMatchObject({ status: 0 });
  expect(stderr).toMatch(
    /^waiting up to 1\.0 s \(requested by sample, attempt 2 of 2\): .*streams\/v1\/index2\.sjson: .*429/m,
  );
});

test("a wait for a tarball is told the same way", async () => {
  await using other = await temporaryMirror(upstream);
  upstream.fault(/\.tgz$/, ASKED);
  const { status, stderr } = await other.jam("sync");
  expect(status).toBe(0);
  expect(stderr).toMatch(/^again in 1\.0 s \(requested by upstream, attempt 2 of 2\): .*agent\//m);
});

test.for([
  ["sync", ["sync"]],
  ["explain", ["explain", "3.6.27"]],
])("%s tells the wait as an event with --progress json", async ([, args]) => {
  upstream.fault(INDEX, ASKED);
  const { stderr } = await mirror.jam(...(args as string[]), "--progress", "json");
  const events = stderr
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { kind: string });
  expect(events.filter(({ kind }) => kind === "wait")).toMatchObject([
    { source: "sample", path: INDEX, waitMs: 1000, askedBy: "upstream", attempt: 2, attempts: 2 },
  ]);
});

test("a sync that finds upstream in the middle of publishing says that it reads again", async () => {
  await using publishing = await startUpstream({ ...options });
  await using other = await temporaryMirror(publishing, { select: [{ stream: ["released", "proposed"] }] });
  publishing.fault(/proposed-agents/, { kind: "status", status: 404, times: 1 });
  const { status, stderr } = await other.jam("sync");
  expect(status).toBe(0);
  expect(stderr).toMatch(
    /^waiting up to 2\.0 s \(jam's own wait, attempt 2 of 3\): .*publishing.*proposed-agents/m,
  );
});

test("a limit that slows downloads down for seconds is reported once", async () => {
  const large = await buildSampleTree({ ...options, tarballBytes: 150_000 });
  await using serving = await startUpstream({ tree: large });
  await using other = await temporaryMirror(serving, { fetch: { limitRate: "50KiB" } });
  const { status, stderr } = await other.jam("sync");
  expect(status).toBe(0);
  expect(stderr.match(/^waiting up to .*fetch\.limitRate/gm)).toHaveLength(1);
});

test("check does not wait: it says what upstream asks for", async () => {
  upstream.fault(INDEX, { kind: "status", status: 503, retryAfter: 600 });
  const { status, stdout, stderr } = await mirror.jam("check");
  expect(status).toBe(9);
  expect(stdout).toMatch(/fail +upstream .*503 \(Retry-After: 5 min or more\)/);
  expect(stderr).not.toContain("waiting");
  expect(upstream.requests.filter((request) => request.includes(INDEX))).not.toHaveLength(0);
});

test.for([
  ["a wrong URL (404)", { kind: "status", status: 404 }, 9],
  ["an upstream that refuses", { kind: "status", status: 403 }, 9],
  ["a broken upstream", { kind: "status", status: 500 }, 9],
  ["a login page", { kind: "html" }, 9],
] as const)("%s gives one exit status in sync, its dry run and check", async ([, fault, expected]) => {
  upstream.fault(/streams\/v1/, fault);
  const statuses = await Promise.all(
    [["sync"], ["sync", "--dry-run"], ["check"], ["check", "-q"]].map(async (args) => {
      const { status, stdout, stderr } = await mirror.here(...args);
      expect(stdout + stderr).not.toMatch(/unreachable/i);
      return status;
    }),
  );
  expect(statuses).toEqual(statuses.map(() => expected));
});

test("check --quiet prints what is not ok, and nothing where all is", async () => {
  expect(await mirror.here("check", "-q")).toMatchObject({ status: 0, stdout: "" });
  upstream.fault(INDEX, { kind: "status", status: 404 });
  const { stdout } = await mirror.here("check", "--quiet");
  expect(stdout).toMatch(/^fail {2}upstream /);
  expect(stdout).not.toMatch(/^ok/m);
});

test.for([
  ["a wrong URL", { kind: "status", status: 404 }],
  ["a broken upstream", { kind: "status", status: 500 }],
  ["a connection that is cut", { kind: "cut", at: 0, how: "rst" }],
] as const)("with %s explain uses what the last sync read, says so and ends with 3", async ([, fault]) => {
  expect(await mirror.here("sync")).toMatchObject({ status: 0 });
  upstream.fault(/streams\/v1/, fault);
  const { status, stdout, stderr } = await mirror.here("explain", "3.6.27");
  expect(status).toBe(3);
  expect(stdout).toMatch(/held, listed upstream at the last sync/);
  expect(stderr).toMatch(/^warning: Upstream cannot be read \(JAM_UPSTREAM_\w+\): .*last sync/m);
  const { stdout: json } = await mirror.here("explain", "3.6.27", "-o", "json");
  expect(JSON.parse(json)).toMatchObject({ source: "kept", agents: [{ upstream: true }] });
});

test("before the first sync explain fails when upstream cannot be read", async () => {
  await using other = await temporaryMirror(upstream);
  upstream.fault(/streams\/v1/, { kind: "status", status: 404 });
  expect(await other.here("explain", "3.6.27")).toMatchObject({ status: 9, stdout: "" });
});

/** Runs that a signal or a kill cuts short: what they say, what they keep, and what is on record of them. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import type { StatusDocument } from "../../src/mirror/status-document.ts";
import { airGap } from "../helpers/air-gap.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { buildSampleTree, itemPath, startUpstream } from "../helpers/upstream.ts";

/** The store writes a quarter of a mebibyte at a time; the connection stalls after more than one of them. */
const STALL_AT = 600_000;
const SIZE = 900_000;

const tree = await buildSampleTree({
  releases: ["3.6.27"],
  arches: ["amd64"],
  oses: ["ubuntu"],
  streams: ["released"],
  tarballBytes: SIZE,
});
const upstream = await startUpstream({ tree });
const path = itemPath(upstream, "3.6.27");

afterAll(() => upstream[Symbol.asyncDispose]());

/** Bytes of the download that is under way. */
function partialBytes(data: string): number {
  const folder = join(data, "partial");
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".part")) : [];
  return names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

async function statusOf(mirror: TestMirror): Promise<StatusDocument> {
  return JSON.parse((await mirror.here("status", "-o", "json")).stdout) as StatusDocument;
}

/** Starts a sync that stalls in the middle of its tarball, and sends it a signal there. */
async function cutShort(mirror: TestMirror, signal: NodeJS.Signals) {
  upstream.clearFaults();
  upstream.fault(path, { kind: "stall", at: STALL_AT, times: 1 });
  const running = mirror.start(["sync"]);
  while (partialBytes(mirror.data) === 0) await pause(20);
  running.kill(signal);
  return { ended: await running.finished, kept: partialBytes(mirror.data) };
}

test.for(["SIGTERM", "SIGINT"] as const)(
  "ends with 130 and one line on %s, says what it keeps, and resumes there the next time",
  async (signal) => {
    await using mirror = await temporaryMirror(upstream);
    const { ended, kept } = await cutShort(mirror, signal);
    expect(ended).toMatchObject({ status: 130, signal: null });
    expect(kept).toBeGreaterThan(0);
    expect(ended.stderr.match(/cancelled/gi)).toHaveLength(2);
    expect(ended.stderr).toMatch(
      /^error: Cancelled; a part of 1 tarball is kept \(.*KiB\)\. \[JAM_CANCELLED\]\nnext: .*resumes/m,
    );
    expect(ended.stderr).not.toMatch(/^(?:failed|cause):?/m);

    const { partial, runs, lastGood } = await statusOf(mirror);
    expect({ partial, lastGood }).toEqual({ partial: { tarballs: 1, bytes: kept }, lastGood: null });
    expect(runs).toMatchObject([
      {
        command: "jam sync",
        outcome: "cancelled",
        fetched: { agents: 0 },
        kept: { files: 0, partial: 1, bytes: kept },
      },
    ]);
    expect(runs[0]?.fetched.bytes).toBeGreaterThanOrEqual(kept);
    expect((await mirror.here("status")).stdout).toMatch(
      /^last run {2}cancelled [^]*^partial {3}1 tarball, .* so far: the next run resumes with them$/m,
    );

    upstream.clearRequests();
    const second = await mirror.jam("sync", "--progress", "json");
    expect(second.status).toBe(0);
    expect(second.stdout).toMatch(/ {2}fetched {2}1 agent.* in .*, .* more from an earlier run$/m);
    const events = second.stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { kind: string });
    expect(events.find(({ kind }) => kind === "planned")).toMatchObject({
      items: 1,
      bytes: tree.items.get(path)?.size,
      received: { [path]: kept },
    });
    expect(upstream.requests).toContain(`GET ${path} bytes=${kept}-`);
    expect((await mirror.published()).agents).toEqual(["3.6.27-ubuntu-amd64"]);
    const after = await statusOf(mirror);
    expect(after).not.toHaveProperty("partial");
    expect(after).toMatchObject({
      runs: [{ outcome: "updated", resumed: kept }, { outcome: "cancelled" }],
    });
  },
);

test("a run that was killed is on record: status names it at once, and the next run closes it", async () => {
  await using mirror = await temporaryMirror(upstream);
  const { ended, kept } = await cutShort(mirror, "SIGKILL");
  expect(ended.signal).toBe("SIGKILL");
  const killed = {
    command: "jam sync",
    outcome: "killed",
    durationMs: null,
    kept: { files: 0, partial: 1, bytes: kept },
  };
  expect((await statusOf(mirror)).runs).toMatchObject([killed]);
  expect(existsSync(join(mirror.data, "history"))).toBe(true);
  expect(readdirSync(join(mirror.data, "history"))).toEqual([]);
  expect(await mirror.here("status", "--max-age", "P2D", "-q")).toMatchObject({
    status: 11,
    stdout: expect.stringMatching(/^last run {2}killed .*ended without a report/m),
    stderr: expect.stringMatching(/^The last run was killed .*a part of 1 tarball is kept/),
  });
  expect((await mirror.jam("sync", "-q")).status).toBe(0);
  expect((await statusOf(mirror)).runs).toMatchObject([{ outcome: "updated" }, killed]);
  expect(readdirSync(join(mirror.data, "state"))).not.toContain("run.json");
  expect((await mirror.here("status", "--max-age", "P2D")).status).toBe(0);
});

test("while a run is at work, status shows it as the writer and not as killed", async () => {
  await using mirror = await temporaryMirror(upstream);
  upstream.clearFaults();
  upstream.fault(path, { kind: "stall", at: STALL_AT, times: 1 });
  const running = mirror.start(["sync"]);
  while (partialBytes(mirror.data) === 0) await pause(20);
  const { runs, writer } = await statusOf(mirror);
  expect({ runs, writer }).toMatchObject({ runs: [], writer: { command: "jam sync" } });
  expect((await mirror.here("status")).stdout).toMatch(/^partial {3}1 tarball, .* so far: on their way$/m);
  running.kill("SIGKILL");
  await running.finished;
});

test("an import that is cut short is on record like a sync, with what it keeps", async () => {
  await using gap = await airGap(upstream);
  await gap.done("near", "bundle", "create", "--to", gap.medium, "--volume-size", "400KiB");
  const first = readdirSync(gap.medium).find((name) => name.endsWith(".tar")) ?? "";
  // Standard input that does not end: the import waits for the rest of its volume.
  const running = gap.far.start(["bundle", "import", join(gap.medium, first), "-"], { holdsInput: true });
  while (!existsSync(join(gap.far.data, "state/run.json"))) await pause(20);
  await pause(300);
  running.kill("SIGINT");
  const ended = await running.finished;
  expect(ended.status).toBe(130);
  expect(ended.stderr).toMatch(/^error: Cancelled; 1 file is kept/m);
  expect((await statusOf(gap.far)).runs).toMatchObject([
    { command: "jam bundle import", outcome: "cancelled", kept: { files: 1 } },
  ]);
});

test("a damaged report is named, and the others are shown", async () => {
  await using mirror = await temporaryMirror(upstream);
  upstream.clearFaults();
  await mirror.sync();
  const history = join(mirror.data, "history");
  const damaged = { "21260101T000000.000Z.json": "{", "21260102T000000.000Z.json": '{"outcome":"updated"}' };
  for (const [name, text] of Object.entries(damaged)) await writeFile(join(history, name), text);
  const status = await statusOf(mirror);
  expect(status.runs).toMatchObject([{ outcome: "updated" }]);
  expect(status.unreadableRuns?.toSorted()).toEqual(Object.keys(damaged));
  expect(await mirror.here("status")).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^The report history\/21260102T000000\.000Z\.json cannot be read/m),
  });
});

import { expect, test } from "vitest";
import { buildSampleTree, itemPath, startUpstream } from "../../helpers/upstream.ts";
import { temporaryStore } from "../../helpers/temporary-store.ts";
import { type UpstreamWait, SYSTEM_TIMING } from "../../../src/upstream/waiting.ts";
import { INDEX, NEVER, itemRequest, openSource } from "./setup.ts";

const tree = await buildSampleTree({ releases: ["3.6.27"], arches: ["amd64"], tarballBytes: 20_000 });
const CAP_MS = 300_000;

test.for<[name: string, retryAfter: number | Date | string, waitMs: number]>([
  ["seconds", 7, 7_000],
  ["more seconds than anybody waits", 999_999_999, CAP_MS],
  ["more digits than a number holds", "9".repeat(400), CAP_MS],
  ["a date that is years away", new Date(Date.now() + 1e11), CAP_MS],
])(
  "a document's wait that Retry-After asks for in %s is told and is five minutes at most",
  async ([, retryAfter, waitMs]) => {
    await using upstream = await startUpstream({ tree });
    const told: UpstreamWait[] = [];
    await using opened = await openSource(upstream, { onWait: (wait) => told.push(wait) });
    upstream.fault(INDEX, { kind: "status", status: 429, retryAfter, times: 2 });
    expect((await opened.source.readDocument(INDEX, undefined, NEVER)).kind).toBe("found");
    expect(opened.waits).toEqual([waitMs, waitMs]);
    expect(told).toEqual(
      [2, 3].map((attempt) => ({
        source: "sample",
        path: INDEX,
        message: expect.stringContaining("status 429 (Retry-After: "),
        waitMs,
        askedBy: "upstream",
        attempt,
        attempts: 5,
      })),
    );
  },
);

test("a wait of our own is told as such", async () => {
  await using upstream = await startUpstream({ tree });
  const told: UpstreamWait[] = [];
  await using opened = await openSource(upstream, { onWait: (wait) => told.push(wait) });
  upstream.fault(INDEX, { kind: "status", status: 503, times: 3 });
  await opened.source.readDocument(INDEX, undefined, NEVER);
  expect(told.map(({ waitMs, askedBy, attempt }) => [waitMs, askedBy, attempt])).toEqual([
    [500, "jam", 2],
    [1000, "jam", 3],
    [2000, "jam", 4],
  ]);
});

test("a tarball's wait tells who asked, how long, and which attempt follows", async () => {
  await using upstream = await startUpstream({ tree });
  await using opened = await openSource(upstream);
  await using store = await temporaryStore();
  const path = itemPath(upstream, "3.6.27");
  upstream.fault(path, { kind: "status", status: 503, retryAfter: 86_400, times: 1 });
  upstream.fault(path, { kind: "cut", at: 100, times: 1 });
  const request = itemRequest(upstream, path);
  const told: object[] = [];
  const staged = await store.blobs.stage(request.sha256);
  await opened.source.fetchItem(request, staged, {
    signal: NEVER,
    onRetry: (_error, wait) => told.push(wait),
  });
  await staged.close();
  expect(told).toContainEqual({
    waitMs: CAP_MS,
    askedBy: "upstream",
    attempt: expect.any(Number),
    attempts: 5,
  });
  expect(told).toContainEqual(expect.objectContaining({ askedBy: "jam" }));
});

test("an upstream that falls silent is told of before it is given up, once for each request", async () => {
  await using upstream = await startUpstream({ tree });
  const told: UpstreamWait[] = [];
  await using opened = await openSource(upstream, {
    onWait: (wait) => told.push(wait),
    idleTimeoutMs: 6_500,
    retries: 0,
    timing: SYSTEM_TIMING,
  });
  await using store = await temporaryStore();
  const path = itemPath(upstream, "3.6.27");
  upstream.fault(INDEX, { kind: "silence" });
  upstream.fault(path, { kind: "stall", at: 5_000 });
  const request = itemRequest(upstream, path);
  const staged = await store.blobs.stage(request.sha256);
  const outcomes = await Promise.allSettled([
    opened.source.readDocument(INDEX, undefined, NEVER),
    opened.source.fetchItem(request, staged, { signal: NEVER }),
  ]);
  await staged.close();
  for (const outcome of outcomes)
    expect(outcome).toMatchObject({ status: "rejected", reason: { code: "JAM_UPSTREAM_TIMEOUT" } });
  expect(new Set(told.map(({ path, askedBy }) => `${askedBy} ${path}`))).toEqual(
    new Set([`upstream ${path}`, `upstream ${INDEX}`]),
  );
  expect(told).toHaveLength(2);
  for (const { waitMs, message } of told) {
    expect(waitMs).toBeLessThanOrEqual(1_500);
    expect(message).toMatch(/no data for \d s$/);
  }
});

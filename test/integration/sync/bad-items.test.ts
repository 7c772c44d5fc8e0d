import { readdir } from "node:fs/promises";
import { expect, test } from "vitest";
import type { Fault } from "../../helpers/upstream.ts";
import { buildSampleTree, itemPath, startUpstream, type TestUpstream } from "../../helpers/upstream.ts";
import { temporaryMirror, type TestMirror } from "../../helpers/mirror.ts";

const tree = await buildSampleTree({
  releases: ["3.6.25", "3.6.26", "3.6.27"],
  arches: ["amd64"],
  tarballBytes: 20_000,
});
const BAD = "3.6.26-ubuntu-amd64";
const GOOD = ["3.6.25-ubuntu-amd64", "3.6.27-ubuntu-amd64"];
const ALL = [...GOOD, BAD].sort();

interface Try extends AsyncDisposable {
  readonly upstream: TestUpstream;
  readonly mirror: TestMirror;
  readonly path: string;
}

/** A mirror that was never synced, and an upstream where the tarball of `BAD` meets a fault. */
async function withBadItem(fault: Fault, retries = 0): Promise<Try> {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(await startUpstream({ tree }));
  const mirror = stack.use(
    await temporaryMirror(upstream, { fetch: { retries, idleTimeout: "PT1S", jobs: 2 } }),
  );
  const path = itemPath(upstream, "3.6.26");
  upstream.fault(path, fault);
  const moved = stack.move();
  return { upstream, mirror, path, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}

const FINAL: readonly [string, string, Fault][] = [
  ["404", "JAM_UPSTREAM_NOT_FOUND", { kind: "status", status: 404 }],
  ["403", "JAM_UPSTREAM_STATUS", { kind: "status", status: 403 }],
  ["500", "JAM_UPSTREAM_STATUS", { kind: "status", status: 500 }],
  ["429 again and again", "JAM_UPSTREAM_STATUS", { kind: "status", status: 429, retryAfter: 0 }],
  ["an altered byte", "JAM_ITEM_HASH_MISMATCH", { kind: "alter", at: 10_000 }],
  ["one byte more", "JAM_ITEM_SIZE_MISMATCH", { kind: "resize", by: 1 }],
  ["one byte less", "JAM_ITEM_SIZE_MISMATCH", { kind: "resize", by: -1 }],
  ["an endless body", "JAM_ITEM_SIZE_MISMATCH", { kind: "endless" }],
  ["a page in HTML", "JAM_UPSTREAM_NOT_SIMPLESTREAMS", { kind: "html" }],
  ["an empty body", "JAM_ITEM_SIZE_MISMATCH", { kind: "empty" }],
  ["a redirect loop", "JAM_UPSTREAM_REDIRECT", { kind: "redirect", to: "loop" }],
  ["a redirect elsewhere", "JAM_UPSTREAM_REDIRECT", { kind: "redirect", to: "http://127.0.0.2:9/" }],
  ["a stall", "JAM_UPSTREAM_TIMEOUT", { kind: "stall", at: 5_000 }],
  ["no answer", "JAM_UPSTREAM_TIMEOUT", { kind: "silence" }],
  ["a cut", "JAM_UPSTREAM_TRUNCATED", { kind: "cut", at: 5_000 }],
  ["a cut without a length", "JAM_UPSTREAM_TRUNCATED", { kind: "cut", at: 5_000, framing: "close" }],
];

test.for(FINAL)("publishes all but the tarball that meets %s, and names it", async ([, code, fault]) => {
  await using tried = await withBadItem(fault);
  const { mirror, upstream, path } = tried;
  const report = await mirror.sync();
  expect(report).toMatchObject({ outcome: "partial", failed: [{ agent: BAD, path, code }] });
  expect((await mirror.published()).agents).toEqual(GOOD);

  upstream.clearFaults();
  upstream.clearRequests();
  expect((await mirror.sync()).outcome).toBe("updated");
  expect((await mirror.published()).agents).toEqual(ALL);
  expect(upstream.requests.filter((request) => request.includes(".tgz"))).toHaveLength(1);
});

const PASSING: readonly [string, Fault][] = [
  ["429 with Retry-After", { kind: "status", status: 429, retryAfter: 0, times: 1 }],
  ["503", { kind: "status", status: 503, times: 1 }],
  ["a cut in the middle", { kind: "cut", at: 9_000, times: 1 }],
  ["a reset in the middle", { kind: "cut", at: 9_000, how: "rst", times: 1 }],
  ["a stall in the middle", { kind: "stall", at: 9_000, times: 1 }],
  ["a byte altered once", { kind: "alter", at: 9_000, times: 1 }],
  ["a slow line", { kind: "trickle", bytesPerSecond: 40_000, times: 1 }],
];

test.for(PASSING)("gets over %s within the run", async ([, fault]) => {
  await using tried = await withBadItem(fault, 2);
  expect(await tried.mirror.sync()).toMatchObject({ outcome: "updated", failed: [] });
  expect((await tried.mirror.published()).agents).toEqual(ALL);
});

const AT = 9_000;

test("goes on after a cut where the bytes ended, in the same run and in the next one", async () => {
  await using tried = await withBadItem({ kind: "cut", at: AT, times: 1 });
  const { mirror, upstream, path } = tried;
  expect((await mirror.sync()).outcome).toBe("partial");
  expect((await mirror.sync()).outcome).toBe("updated");
  const asked = upstream.requests.filter((request) => request.includes(path));
  expect(asked).toEqual([`GET ${path}`, `GET ${path} bytes=${AT}-`]);
});

const CHANGED: readonly [string, Fault][] = [
  ["has another ETag", { kind: "change-etag" }],
  ["has another ETag and sends the rest all the same", { kind: "change-etag", blind: true }],
  ["ignores Range", { kind: "ignore-range" }],
  ["sends another part", { kind: "content-range", by: 7 }],
  ["sends several parts", { kind: "multipart", times: 1 }],
];

test.for(CHANGED)("starts over when what it resumes %s", async ([, fault]) => {
  await using tried = await withBadItem({ kind: "cut", at: AT, times: 1 });
  const { mirror, upstream, path } = tried;
  expect((await mirror.sync()).outcome).toBe("partial");
  upstream.fault(path, fault);
  expect((await mirror.sync()).outcome).toBe("updated");
  expect((await mirror.published()).agents).toEqual(ALL);
});

test("keeps a sample of rejected bytes and nothing of them among the blobs", async () => {
  await using tried = await withBadItem({ kind: "alter", at: 0 });
  await tried.mirror.sync();
  expect(await readdir(`${tried.mirror.data}/quarantine`)).toHaveLength(2);
  expect(await readdir(`${tried.mirror.data}/partial`)).toEqual([]);
});

test("the command says what is missing and ends with 3", async () => {
  await using tried = await withBadItem({ kind: "status", status: 404 });
  const { status, stdout } = await tried.mirror.jam("sync", "--progress", "none");
  expect(status).toBe(3);
  expect(stdout).toContain(BAD);
  const quiet = await tried.mirror.jam("sync", "--quiet", "-o", "json");
  expect(quiet.status).toBe(3);
  expect(JSON.parse(quiet.stdout)).toMatchObject({
    outcome: "partial",
    failed: [{ agent: BAD, path: tried.path, code: "JAM_UPSTREAM_NOT_FOUND" }],
  });
});

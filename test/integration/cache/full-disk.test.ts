import { connect } from "node:net";
import { once } from "node:events";
import { expect, test } from "vitest";
import { ONE_AGENT, serveCached, type CachedMirror } from "../../helpers/cached-mirror.ts";
import { rawGet, rawRequest, startSlowDownload } from "../../helpers/raw-http.ts";
import { JamError } from "../../../src/shared/errors.ts";
import type { PullThroughWork } from "../../../src/cache/pull-through.ts";
import type { StagedBlob } from "../../../src/store/store.ts";
import { listBlobs } from "../../helpers/store-content.ts";
import { startUpstream } from "../../helpers/upstream.ts";

const VERSION = "3.6.27";
const TARBALL = /\.tgz$/;

function get(mirror: CachedMirror, headers: readonly string[] = []) {
  return rawRequest(mirror.port, rawGet(mirror.pathOf(VERSION), headers));
}

/** A disk that has no room left. */
const noRoom = ({ store }: PullThroughWork) => ({ store: { ...store, space: async () => 1_000 } });

/** A disk that becomes full when so many bytes of a tarball have come, whatever it said before. */
function fullAfter(bytes: number) {
  return ({ store }: PullThroughWork): Partial<PullThroughWork> => ({
    store: {
      ...store,
      blobs: {
        ...store.blobs,
        async stage(sha256, readers) {
          const staged = await store.blobs.stage(sha256, readers);
          const append: StagedBlob["append"] = (source, size) =>
            staged.append(cutAfter(source, bytes - staged.received), size);
          return new Proxy(staged, {
            get(target, name) {
              if (name === "append") return append;
              const value: unknown = Reflect.get(target, name, target);
              return typeof value === "function" ? value.bind(target) : value;
            },
          });
        },
      },
    },
  });
}

async function* cutAfter(source: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const piece of source) {
    if (piece.length > left) {
      yield piece.subarray(0, left);
      throw new JamError("JAM_STORE_NO_SPACE", "Cannot write: no space is left.", {
        hint: "Free some space.",
      });
    }
    left -= piece.length;
    yield piece;
  }
}

test("without room every reader gets the tarball past the store, ranges too, and the log says so", async () => {
  await using upstream = await startUpstream(ONE_AGENT);
  await using mirror = await serveCached(upstream, { cached: noRoom });
  const bytes = await mirror.bytesOf(VERSION);

  const answers = await Promise.all([
    get(mirror),
    get(mirror, ["Range: bytes=0-99"]),
    get(mirror, ["Range: bytes=100000-1500000"]),
    get(mirror, ["Range: bytes=-5"]),
  ]);

  const parts = [bytes, bytes.subarray(0, 100), bytes.subarray(100_000, 1_500_001), bytes.subarray(-5)];
  expect(answers.map(({ status }) => status)).toEqual([200, 206, 206, 206]);
  expect(answers.map(({ body }, at) => body.equals(parts[at] ?? Buffer.alloc(0)))).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(await listBlobs(mirror.store.blobs)).toEqual([]);
  expect(mirror.pullThrough.counts.passed).toBe(4);
  expect(mirror.events).toContainEqual(expect.objectContaining({ kind: "passing" }));
  expect(mirror.records.every(({ cache }) => cache === "passed")).toBe(true);
});

test("a disk that becomes full in the middle: readers go on past the store, and the part is deleted", async () => {
  await using upstream = await startUpstream({ ...ONE_AGENT, tarballBytes: 8_000_000 });
  await using mirror = await serveCached(upstream, { cached: fullAfter(3_000_000) });
  const bytes = await mirror.bytesOf(VERSION);
  const slow = await startSlowDownload(mirror.port, mirror.pathOf(VERSION));

  const answers = await Promise.all([
    get(mirror),
    get(mirror, ["Range: bytes=2500000-5000000"]),
    get(mirror, ["Range: bytes=0-99"]),
  ]);

  expect(answers[0]?.body.equals(bytes)).toBe(true);
  expect(answers[1]?.body.equals(bytes.subarray(2_500_000, 5_000_001))).toBe(true);
  expect(answers[2]?.body.equals(bytes.subarray(0, 100))).toBe(true);
  expect((await slow.finish()).equals(bytes)).toBe(true);
  expect(await listBlobs(mirror.store.blobs)).toEqual([]);
  expect(await Array.fromAsync(mirror.store.blobs.listStaged?.() ?? [])).toEqual([]);
});

test.for([
  ["another byte in what was sent before", 1_000],
  ["another byte in what follows", 6_000_000],
  ["another byte at the end", 7_999_999],
] as const)("a reader that goes on past the store is cut off by %s", async ([, at]) => {
  await using upstream = await startUpstream({ ...ONE_AGENT, tarballBytes: 8_000_000 });
  upstream.fault(TARBALL, { kind: "alter", at, skip: 1 });
  await using mirror = await serveCached(upstream, { cached: fullAfter(3_000_000) });
  const bytes = await mirror.bytesOf(VERSION);

  const answer = await get(mirror);

  expect(answer.status === 503 || answer.body.length < bytes.length).toBe(true);
});

test("an upstream that breaks off while a tarball passes: the reader notices nothing", async () => {
  await using upstream = await startUpstream(ONE_AGENT);
  upstream.fault(TARBALL, { kind: "cut", at: 700_000, how: "rst", times: 1 });
  upstream.fault(TARBALL, { kind: "change-etag", times: 1 });
  await using mirror = await serveCached(upstream, { cached: noRoom });
  const bytes = await mirror.bytesOf(VERSION);

  const answer = await get(mirror);

  expect([answer.status, answer.body.equals(bytes)]).toEqual([200, true]);
  expect(upstream.requests).toHaveLength(2);
});

test("another tarball under the same name while one passes: the reader is cut off", async () => {
  await using upstream = await startUpstream(ONE_AGENT);
  upstream.fault(TARBALL, { kind: "cut", at: 700_000, how: "rst", times: 1 });
  upstream.fault(TARBALL, { kind: "alter", at: 10 });
  await using mirror = await serveCached(upstream, { cached: noRoom, http: { retries: 1 } });
  const bytes = await mirror.bytesOf(VERSION);

  const { status, body } = await get(mirror);

  // With an unchanged validator the rest is of the right file: altered bytes come only from the start.
  expect(status === 503 || body.length < bytes.length || body.equals(bytes)).toBe(true);
});

test("a reader that leaves while its tarball passes ends the request to the upstream", async () => {
  await using upstream = await startUpstream(ONE_AGENT);
  upstream.fault(TARBALL, { kind: "stall", at: 900_000 });
  await using mirror = await serveCached(upstream, { cached: noRoom, http: { idleTimeoutMs: 60_000 } });
  const socket = connect(mirror.port, "127.0.0.1");
  socket.write(rawGet(mirror.pathOf(VERSION)));
  await once(socket, "data");
  socket.destroy();

  // The server's close waits for what runs.
  await mirror.stop();
  expect(mirror.pullThrough.counts.passed).toBe(1);
});

test("many readers past the store share a bounded number of requests", async () => {
  await using upstream = await startUpstream({ ...ONE_AGENT, tarballBytes: 200_000 });
  await using mirror = await serveCached(upstream, { cached: noRoom });
  const bytes = await mirror.bytesOf(VERSION);

  const answers = await Promise.all(Array.from({ length: 80 }, () => get(mirror)));

  expect(answers.every(({ body }) => body.equals(bytes))).toBe(true);
  expect(upstream.peakRequests).toBeLessThanOrEqual(32);
});

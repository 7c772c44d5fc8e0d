import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { ONE_AGENT, serveCached, type CachedMirror } from "../../helpers/cached-mirror.ts";
import { rawGet, rawRequest, type RawAnswer } from "../../helpers/raw-http.ts";
import { listBlobs, readBlob } from "../../helpers/store-content.ts";
import { startUpstream, type Fault } from "../../helpers/upstream.ts";

const VERSION = "3.6.27";
const TARBALL = /\.tgz$/;
const SIZE = 2_000_000;

function get(mirror: CachedMirror, headers: readonly string[] = []): Promise<RawAnswer> {
  return rawRequest(mirror.port, rawGet(mirror.pathOf(VERSION), headers));
}

/** True for what no client can take for the whole answer: an error, or fewer bytes than its head says. */
function isBroken({ status, headers, body }: RawAnswer): boolean {
  return status === 503 || ([200, 206].includes(status) && body.length < Number(headers["content-length"]));
}

const FAULTS: readonly (readonly [string, Fault])[] = [
  ["stalls before its answer", { kind: "silence" }],
  ["stalls after its head", { kind: "stall", at: 0 }],
  ["stalls in the middle, each time", { kind: "stall", at: 300_000 }],
  ["breaks off in the middle, each time", { kind: "cut", at: 300_000, how: "rst" }],
  ["ends early without a length", { kind: "cut", at: 300_000, framing: "close" }],
  ["has a longer file", { kind: "resize", by: 100 }],
  ["has a shorter file", { kind: "resize", by: -100 }],
  ["sends without an end", { kind: "endless" }],
  ["sends another byte at the start", { kind: "alter", at: 0 }],
  ["sends another byte at the end", { kind: "alter", at: SIZE - 1 }],
  ["answers 200 with a page", { kind: "html" }],
  ["answers 200 with nothing", { kind: "empty" }],
  ["has no such file", { kind: "status", status: 404 }],
  ["is overloaded", { kind: "status", status: 503, retryAfter: 0 }],
  ["redirects in a loop", { kind: "redirect", to: "loop" }],
  ["redirects to another host", { kind: "redirect", to: "http://127.0.0.2:9/agent.tgz" }],
  ["labels the tarball as compressed", { kind: "gzip", how: "compress" }],
  ["has an endless head", { kind: "header-bomb", bytes: 10_000_000 }],
];

test.for(FAULTS)(
  "an upstream that %s: nobody gets a whole answer, and nothing is stored",
  async ([, fault]) => {
    await using upstream = await startUpstream(ONE_AGENT);
    upstream.fault(TARBALL, fault);
    await using mirror = await serveCached(upstream, { http: { idleTimeoutMs: 150 } });

    const answers = await Promise.all([
      get(mirror),
      get(mirror, ["Range: bytes=0-99"]),
      get(mirror, ["Range: bytes=200000-1999999"]),
      get(mirror, [`Range: bytes=${SIZE - 10}-`]),
    ]);

    expect(answers.filter((answer) => !isBroken(answer))).toEqual([]);
    for (const { status, headers, body } of answers.filter((answer) => answer.status === 503)) {
      expect([status, Number(headers["retry-after"])]).toEqual([503, expect.any(Number)]);
      expect(JSON.parse(body.toString())).toMatchObject({ code: "JAM_ITEM_UNAVAILABLE" });
      expect(body.toString()).not.toContain(upstream.url);
    }
    expect(await listBlobs(mirror.store.blobs)).toEqual([]);
    expect(mirror.events.at(-1)).toMatchObject({ kind: "failed", path: mirror.agentOf(VERSION).path });
    expect(mirror.records.every(({ error }) => error?.code === "JAM_ITEM_UNAVAILABLE")).toBe(true);

    // The failure is remembered: who asks now is answered without asking upstream.
    upstream.clearRequests();
    upstream.clearFaults();
    const again = await get(mirror);
    expect([again.status, Number(again.headers["retry-after"]) > 0]).toEqual([503, true]);
    expect(upstream.requests).toEqual([]);
    expect(mirror.records.at(-1)).toMatchObject({ status: 503, cache: "refused" });
  },
);

/** Attempts wait longer and longer, and each takes its time on a busy machine. */
const PATIENT = { interval: 50, timeout: 15_000 };

test("a failure is forgotten after its time, and what was received is resumed", async () => {
  await using upstream = await startUpstream(ONE_AGENT);
  upstream.fault(TARBALL, { kind: "cut", at: 300_000, times: 3 });
  await using mirror = await serveCached(upstream, { waits: { refusalMs: 100 } });
  expect(isBroken(await get(mirror))).toBe(true);

  // An answer that joins a fetch which is cut again begins with 200, too.
  const bytes = await mirror.bytesOf(VERSION);
  await expect.poll(async () => (await get(mirror)).body.equals(bytes), PATIENT).toBe(true);
  // A connection that is cut may lose its last bytes.
  expect(upstream.requests.at(-1)).toMatch(/bytes=[5-9]\d{5}-/);
});

test("when upstream is back, what failed a moment ago is tried again at once", async () => {
  await using upstream = await startUpstream(ONE_AGENT);
  upstream.fault(TARBALL, { kind: "status", status: 503 });
  await using mirror = await serveCached(upstream);
  expect((await get(mirror)).status).toBe(503);
  upstream.clearFaults();
  expect((await get(mirror)).status).toBe(503);

  mirror.pullThrough.forgetFailures();

  expect((await get(mirror)).body.equals(await mirror.bytesOf(VERSION))).toBe(true);
});

test("an upstream that sends another tarball is remembered longer, named, and the next one is asked", async () => {
  await using upstream = await startUpstream(ONE_AGENT);
  await using other = await startUpstream(ONE_AGENT);
  upstream.fault(TARBALL, { kind: "alter", at: 1_000 });
  await using mirror = await serveCached(upstream, { others: [other], waits: { refusalMs: 50 } });
  const bytes = await mirror.bytesOf(VERSION);

  const [first, small] = await Promise.all([get(mirror), get(mirror, ["Range: bytes=0-99"])]);

  // Who had bytes of the wrong one is cut off; who had none gets the right ones.
  expect(isBroken(first) || first.body.equals(bytes)).toBe(true);
  expect([small.status, small.body.equals(bytes.subarray(0, 100))]).toEqual([206, true]);
  expect(mirror.events).toContainEqual(
    expect.objectContaining({ kind: "wrong", upstream: "sample", path: mirror.agentOf(VERSION).path }),
  );
  expect((await get(mirror)).body.equals(bytes)).toBe(true);
  const lease = await mirror.store.lease.acquire("jam prune");
  await mirror.store.blobs.delete(mirror.agentOf(VERSION).sha256);
  await lease.release();
  upstream.clearRequests();
  expect((await get(mirror)).body.equals(bytes)).toBe(true);
  expect(upstream.requests).toEqual([]);
});

test("where every upstream sends another tarball, none is asked for it for a while", async () => {
  await using upstream = await startUpstream(ONE_AGENT);
  upstream.fault(TARBALL, { kind: "alter", at: 1_000 });
  await using mirror = await serveCached(upstream, { waits: { refusalMs: 20 } });
  expect(isBroken(await get(mirror))).toBe(true);
  await expect.poll(() => mirror.events.at(-1)?.kind).toBe("failed");
  upstream.clearRequests();
  await sleep(100);
  // That the line is back says nothing of what the upstream has.
  mirror.pullThrough.forgetFailures();

  const again = await get(mirror);

  expect([again.status, Number(again.headers["retry-after"]) > 100]).toEqual([503, true]);
  expect(upstream.requests).toEqual([]);
});

test("a tarball that changes in the middle: who has bytes of the old one is cut off, the others go on", async () => {
  await using upstream = await startUpstream(ONE_AGENT);
  upstream.fault(TARBALL, { kind: "cut", at: 900_000, times: 1 });
  upstream.fault(TARBALL, { kind: "change-etag" });
  await using mirror = await serveCached(upstream);
  const bytes = await mirror.bytesOf(VERSION);

  const [early, late, small] = await Promise.all([
    get(mirror),
    get(mirror, ["Range: bytes=1500000-"]),
    get(mirror, ["Range: bytes=0-99"]),
  ]);

  expect([early.status, isBroken(early)]).toEqual([200, true]);
  expect([late.status, late.body.equals(bytes.subarray(1_500_000))]).toEqual([206, true]);
  expect([small.status, small.body.equals(bytes.subarray(0, 100))]).toEqual([206, true]);
  expect(await readBlob(mirror.store.blobs, mirror.agentOf(VERSION).sha256)).toEqual(bytes);
});

test("a wrong start that an earlier server left never reaches the end of an answer", async () => {
  await using upstream = await startUpstream(ONE_AGENT);
  upstream.fault(TARBALL, { kind: "alter", at: 10, times: 1 });
  upstream.fault(TARBALL, { kind: "stall", at: 10_000, times: 1 });
  await using mirror = await serveCached(upstream);
  const bytes = await mirror.bytesOf(VERSION);
  const { sha256, size } = mirror.agentOf(VERSION);
  const left = await mirror.store.blobs.stage(sha256, { onReadable: () => undefined });
  await left.append(
    (async function* () {
      yield Buffer.alloc(700_000, 7);
    })(),
    size,
  );
  await left.close();

  const first = await get(mirror);
  expect(isBroken(first) || first.body.equals(bytes)).toBe(true);
  expect((await get(mirror)).body.equals(bytes)).toBe(true);
});

test("an upstream that goes away in the middle and comes back: the fetch resumes, and readers notice nothing", async () => {
  await using upstream = await startUpstream(ONE_AGENT);
  upstream.fault(TARBALL, { kind: "cut", at: 900_000, how: "rst", times: 1 });
  upstream.fault(TARBALL, { kind: "status", status: 503, retryAfter: 0, times: 1 });
  await using mirror = await serveCached(upstream);
  const bytes = await mirror.bytesOf(VERSION);

  const answers = await Promise.all([get(mirror), get(mirror), get(mirror, ["Range: bytes=800000-"])]);

  expect(answers.map(({ body }) => body.length)).toEqual(
    [SIZE, SIZE, SIZE - 800_000].map((n) => n + bytes.length - SIZE),
  );
  expect(answers[0]?.body.equals(bytes)).toBe(true);
  expect(answers[2]?.body.equals(bytes.subarray(800_000))).toBe(true);
});

test("an upstream that goes away for good in the middle: readers are cut off, new ones get 503 at once", async () => {
  await using upstream = await startUpstream({ ...ONE_AGENT, bytesPerSecondPerConnection: 4_000_000 });
  await using mirror = await serveCached(upstream);
  const socket = connect(mirror.port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write(rawGet(mirror.pathOf(VERSION)));
  let received = 0;
  socket.on("data", (chunk) => (received += chunk.length));
  await once(socket, "data");
  const closed = once(socket, "close");
  await upstream.close();

  await closed;
  expect(received).toBeLessThan(SIZE);
  expect((await get(mirror)).status).toBe(503);
});

test("who has nothing yet is answered 503 while the fetch is tried again for long, and who has bytes waits", async () => {
  await using upstream = await startUpstream(ONE_AGENT);
  upstream.fault(TARBALL, { kind: "cut", at: 900_000, times: 1 });
  upstream.fault(TARBALL, { kind: "status", status: 503, retryAfter: 1, times: 1 });
  await using mirror = await serveCached(upstream, { waits: { patienceMs: 100 } });
  const bytes = await mirror.bytesOf(VERSION);

  const [whole, small] = await Promise.all([get(mirror), get(mirror, ["Range: bytes=0-99"])]);

  expect([whole.status, whole.body.equals(bytes)]).toEqual([200, true]);
  expect(small.status).toBe(503);
});

import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { readCachedBlobs } from "../../../src/mirror/cached-blobs.ts";
import { ONE_AGENT, serveCached, type CachedMirror } from "../../helpers/cached-mirror.ts";
import { rawGet, rawRequest, startSlowDownload } from "../../helpers/raw-http.ts";
import { listBlobs, readBlob } from "../../helpers/store-content.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

const VERSION = "3.6.27";

/** An upstream that pauses in the middle until the idle limit; what follows is the rest, by a Range request. */
async function startPausing(at: number): Promise<TestUpstream> {
  const upstream = await startUpstream(ONE_AGENT);
  upstream.fault(/\.tgz$/, { kind: "stall", at, times: 1 });
  return upstream;
}

/** Resolves when so many bytes of a tarball that is being fetched can be read. */
async function arrivedBytes(mirror: CachedMirror, bytes: number): Promise<void> {
  const staged = async () => (await Array.fromAsync(mirror.store.blobs.listStaged?.() ?? []))[0]?.received;
  await expect.poll(staged, { timeout: 5_000, interval: 5 }).toBeGreaterThanOrEqual(bytes);
}

async function download(url: string, headers: Record<string, string> = {}) {
  const answer = await fetch(url, { headers });
  return { status: answer.status, body: Buffer.from(await answer.arrayBuffer()), headers: answer.headers };
}

test("500 clients at once cause one request to the upstream, and each gets the tarball", async () => {
  await using upstream = await startUpstream({ ...ONE_AGENT, tarballBytes: 300_000 });
  await using mirror = await serveCached(upstream);
  const bytes = await mirror.bytesOf(VERSION);

  const answers = await Promise.all(
    Array.from({ length: 500 }, () => rawRequest(mirror.port, rawGet(mirror.pathOf(VERSION)))),
  );

  expect(upstream.requests).toEqual([`GET ${mirror.agentOf(VERSION).path}`]);
  expect(answers.filter(({ status, body }) => status === 200 && body.equals(bytes))).toHaveLength(500);
  const { hits, misses, joined } = mirror.pullThrough.counts;
  expect([misses, hits + joined]).toEqual([1, 499]);
  expect(mirror.damaged).toEqual([]);
});

test("what was fetched for a client is held afterwards, noted as cached, and served after a restart", async () => {
  await using upstream = await startUpstream(ONE_AGENT);
  await using mirror = await serveCached(upstream);
  const { sha256, size, path } = mirror.agentOf(VERSION);
  const bytes = await mirror.bytesOf(VERSION);
  expect((await download(mirror.urlOf(VERSION))).body.equals(bytes)).toBe(true);
  await mirror.stop();

  await using again = await serveCached(upstream, { store: mirror.store });
  const second = await download(again.urlOf(VERSION));

  expect([second.status, second.body.equals(bytes)]).toEqual([200, true]);
  expect(upstream.requests).toHaveLength(1);
  expect(again.pullThrough.counts).toMatchObject({ hits: 1, misses: 0 });
  expect((await readCachedBlobs(mirror.store.documents)).get(sha256)).toMatchObject({
    size,
    agents: [{ version: VERSION, release: "ubuntu", arch: "amd64", streams: ["released"], path }],
  });
  expect(await readBlob(mirror.store.blobs, sha256)).toEqual(bytes);
});

test("a client that comes in the middle joins, from the start and with any range", async () => {
  await using upstream = await startPausing(900_000);
  await using mirror = await serveCached(upstream);
  const bytes = await mirror.bytesOf(VERSION);
  const first = download(mirror.urlOf(VERSION));
  await arrivedBytes(mirror, 900_000);

  const ranges = ["0-99", "100000-899999", "850000-950000", "1999000-", "-10", "0-"];
  const late = await Promise.all([
    download(mirror.urlOf(VERSION)),
    ...ranges.map((range) => download(mirror.urlOf(VERSION), { range: `bytes=${range}` })),
  ]);

  const [whole, ...parts] = late;
  expect([whole.status, whole.body.equals(bytes)]).toEqual([200, true]);
  expect((await first).body.equals(bytes)).toBe(true);
  for (const [at, part] of parts.entries()) {
    const [, from = 0, to = 0] =
      /^bytes (\d+)-(\d+)\/\d+$/.exec(part.headers.get("content-range") ?? "") ?? [];
    expect([ranges[at], part.status, part.body.equals(bytes.subarray(Number(from), Number(to) + 1))]).toEqual(
      [ranges[at], 206, true],
    );
  }
  expect(upstream.requests).toHaveLength(2);
});

test("bytes go out while the rest has not come, and the end of every answer only when the hash is right", async () => {
  await using upstream = await startUpstream(ONE_AGENT);
  upstream.fault(/\.tgz$/, { kind: "stall", at: 1_900_000 });
  await using mirror = await serveCached(upstream, { http: { idleTimeoutMs: 60_000 } });
  const seen = new Map<string, number>();
  const sockets = ["0-", "100000-299999", "500000-500099"].map((range) => {
    const socket = connect(mirror.port, "127.0.0.1");
    socket.write(rawGet(mirror.pathOf(VERSION), [`Range: bytes=${range}`]));
    socket.on("data", (chunk) => seen.set(range, (seen.get(range) ?? 0) + chunk.length));
    return socket;
  });
  await arrivedBytes(mirror, 1_900_000);

  await expect.poll(() => seen.get("0-") ?? 0).toBeGreaterThan(1_800_000);
  await expect.poll(() => seen.get("100000-299999") ?? 0).toBeGreaterThan(100_000);
  expect(seen.get("100000-299999")).toBeLessThan(200_000);
  // A small range is all end: not even its status is known before.
  expect(seen.get("500000-500099")).toBeUndefined();
  for (const socket of sockets) socket.destroy();
});

test("HEAD, conditions and ranges outside of the tarball are answered without fetching anything", async () => {
  await using upstream = await startUpstream(ONE_AGENT);
  await using mirror = await serveCached(upstream);
  const { sha256, size } = mirror.agentOf(VERSION);
  const url = mirror.urlOf(VERSION);

  const head = await fetch(url, { method: "HEAD" });
  const unchanged = await fetch(url, { headers: { "if-none-match": `"${sha256}"` } });
  const outside = await fetch(url, { headers: { range: `bytes=${size}-` } });
  await outside.arrayBuffer();

  expect([head.status, head.headers.get("content-length"), head.headers.get("etag")]).toEqual([
    200,
    String(size),
    `"${sha256}"`,
  ]);
  expect(head.headers.get("last-modified")).toBeNull();
  expect(unchanged.status).toBe(304);
  expect([outside.status, outside.headers.get("content-range")]).toEqual([416, `bytes */${size}`]);
  expect(upstream.requests).toEqual([]);
  expect((await fetch(`${mirror.url}/tools/agent/9.9.9/juju-9.9.9-linux-amd64.tgz`)).status).toBe(404);
});

test("the client that began a fetch may leave: it goes on, for others and for the store", async () => {
  await using upstream = await startPausing(900_000);
  await using mirror = await serveCached(upstream);
  const bytes = await mirror.bytesOf(VERSION);
  const first = connect(mirror.port, "127.0.0.1");
  first.write(rawGet(mirror.pathOf(VERSION)));
  await once(first, "data");
  const second = download(mirror.urlOf(VERSION));
  await sleep(20);
  first.destroy();

  expect((await second).body.equals(bytes)).toBe(true);
  expect(await readBlob(mirror.store.blobs, mirror.agentOf(VERSION).sha256)).toEqual(bytes);
  expect(upstream.requests).toHaveLength(2);
});

test("a fetch ends in the store also when every client has left", async () => {
  await using upstream = await startPausing(900_000);
  await using mirror = await serveCached(upstream);
  const only = connect(mirror.port, "127.0.0.1");
  only.write(rawGet(mirror.pathOf(VERSION)));
  await once(only, "data");
  only.destroy();

  await expect
    .poll(() => listBlobs(mirror.store.blobs), { timeout: 5_000 })
    .toEqual([`${mirror.agentOf(VERSION).sha256} ${mirror.agentOf(VERSION).size}`]);
});

test("a slow reader at the head of a fetch slows nobody else, and gets the right bytes", async () => {
  await using upstream = await startUpstream({ ...ONE_AGENT, tarballBytes: 12_000_000 });
  await using mirror = await serveCached(upstream);
  const bytes = await mirror.bytesOf(VERSION);
  const slow = await startSlowDownload(mirror.port, mirror.pathOf(VERSION));

  const others = await Promise.all(Array.from({ length: 5 }, () => download(mirror.urlOf(VERSION))));

  expect(others.every(({ body }) => body.equals(bytes))).toBe(true);
  expect((await slow.finish()).equals(bytes)).toBe(true);
  expect(upstream.requests).toHaveLength(1);
});

test("a fetch that a shutdown interrupts is resumed after the start", async () => {
  await using upstream = await startUpstream(ONE_AGENT);
  upstream.fault(/\.tgz$/, { kind: "stall", at: 900_000, times: 1 });
  await using mirror = await serveCached(upstream, { http: { idleTimeoutMs: 60_000 } });
  const bytes = await mirror.bytesOf(VERSION);
  const cut = rawRequest(mirror.port, rawGet(mirror.pathOf(VERSION)));
  await arrivedBytes(mirror, 900_000);
  await mirror.stop();
  expect((await cut).body.length).toBeLessThan(bytes.length);

  await using again = await serveCached(upstream, { store: mirror.store });
  expect((await download(again.urlOf(VERSION))).body.equals(bytes)).toBe(true);
  expect(upstream.requests.at(-1)).toBe(`GET ${again.agentOf(VERSION).path} bytes=900000-`);
});

test("a second cache server on the same data says so and stores nothing", async () => {
  await using upstream = await startUpstream(ONE_AGENT);
  await using mirror = await serveCached(upstream);

  await expect(serveCached(upstream, { store: mirror.store })).rejects.toMatchObject({
    code: "JAM_STORE_LOCKED",
    message: expect.stringContaining("Another cache server"),
  });
});

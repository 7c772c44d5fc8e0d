/** Requests for metadata are answered without Node's HTTP server, and nobody may notice. */
import { once } from "node:events";
import { type Socket, connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { ServedStore } from "../../../src/server/ports.ts";
import { type ServedMirror, serveMirror, tarballBytes, tarballPath } from "../../helpers/served-mirror.ts";

const AGENT = { version: "3.6.5", size: 200_000 };
const INDEX = "/tools/streams/v1/index2.json";
const SIGNED = "/tools/streams/v1/index2.sjson";
const TARBALL = `/tools/${tarballPath(AGENT.version)}`;

function requestOf(path: string, ...headers: readonly string[]): string {
  return [`GET ${path} HTTP/1.1`, "Host: mirror", ...headers, "", ""].join("\r\n");
}

/** One answer, all bytes of it, and what came after it. */
async function readAnswer(
  socket: Socket,
  before = Buffer.alloc(0),
): Promise<{ answer: Buffer; rest: Buffer }> {
  let bytes = before;
  for (;;) {
    const end = bytes.indexOf("\r\n\r\n") + 4;
    const head = bytes.toString("latin1", 0, end);
    const length = head.startsWith("HTTP/1.1 304 ") ? 0 : Number(/^content-length: (\d+)/im.exec(head)?.[1]);
    if (end > 3 && bytes.length >= end + length)
      return { answer: bytes.subarray(0, end + length), rest: bytes.subarray(end + length) };
    const [more] = (await once(socket, "data")) as [Buffer];
    bytes = Buffer.concat([bytes, more]);
  }
}

async function ask(port: number, text: string): Promise<Buffer> {
  const socket = connect(port, "127.0.0.1");
  socket.write(text);
  const { answer } = await readAnswer(socket);
  socket.destroy();
  return answer;
}

/** The same answer at another time. */
function undated(answer: Buffer): string {
  return answer.toString("latin1").replace(/^Date: .*$/m, "Date: now");
}

async function productOf({ url }: ServedMirror): Promise<string> {
  const index = (await (await fetch(url + INDEX)).json()) as { index: Record<string, { path: string }> };
  return `/tools/${Object.values(index.index)[0]?.path}`;
}

test("answers are byte for byte those of Node's server, and are logged alike", async () => {
  await using mirror = await serveMirror({ agents: [AGENT] });
  const product = await productOf(mirror);
  const { headers } = await fetch(mirror.url + INDEX, { headers: { "accept-encoding": "gzip" } });
  const known = `If-None-Match: "x", W/${headers.get("etag")}`;
  const requests: [string, ...string[]][] = [
    [INDEX],
    [INDEX, "Accept-Encoding: gzip", "User-Agent: a"],
    [INDEX, "Accept-Encoding: br;q=1, gzip;q=0.5", "Via: 1.1 p", "X-Forwarded-For: 10.0.0.1"],
    [INDEX, "Accept-Encoding: gzip", known],
    [INDEX, known],
    [`${INDEX}?query`, "If-None-Match: *"],
    [SIGNED, "Connection: keep-alive"],
    ["/tools/streams/v1/mirrors.json"],
    ["/tools/streams/v1/unknown.json"],
    [product, "Accept-Encoding: zstd"],
  ];
  for (const request of requests) {
    mirror.records.length = 0;
    const quick = await ask(mirror.port, requestOf(...request));
    // A header that it does not know.
    const other = await ask(mirror.port, requestOf(...request, "X-Other: 1"));
    expect(undated(quick)).toBe(undated(other));
    await expect.poll(() => mirror.records.length).toBe(2);
    const [first, second] = mirror.records;
    expect({ ...first, ms: 0 }).toEqual({ ...second, ms: 0 });
  }
});

test("a connection gets all kinds of answers in turn", async () => {
  await using mirror = await serveMirror({ agents: [AGENT] });
  const socket = connect(mirror.port, "127.0.0.1");
  const bodies: Buffer[] = [];
  for (const path of [SIGNED, INDEX, TARBALL, INDEX, SIGNED, TARBALL]) {
    socket.write(requestOf(path));
    const { answer, rest } = await readAnswer(socket);
    expect(rest).toHaveLength(0);
    bodies.push(answer.subarray(answer.indexOf("\r\n\r\n") + 4));
  }
  socket.destroy();
  const [signed, index, tarball, indexAgain, signedAgain, tarballAgain] = bodies;
  expect(JSON.parse(String(signed))).toMatchObject({ code: "JAM_NOT_FOUND" });
  expect(JSON.parse(String(index))).toHaveProperty("index");
  expect(tarball?.equals(tarballBytes(AGENT))).toBe(true);
  expect([indexAgain, signedAgain, tarballAgain]).toEqual([index, signed, tarball]);
});

const [HEAD_START, HEAD_END] = [requestOf(INDEX).slice(0, 30), requestOf(INDEX).slice(30)];

test.for<[string, string[]]>([
  ["several requests in one piece", [requestOf(SIGNED) + requestOf(INDEX) + requestOf(SIGNED)]],
  ["a request in two pieces", [requestOf(SIGNED), HEAD_START, HEAD_END, requestOf(SIGNED)]],
  ["one and a half", [requestOf(SIGNED) + HEAD_START, HEAD_END + requestOf(SIGNED)]],
  [
    "a first request in two pieces",
    [requestOf(SIGNED).slice(0, 5), requestOf(SIGNED).slice(5) + requestOf(INDEX), requestOf(SIGNED)],
  ],
  // The first look at the mirror takes a moment.
  ["pieces without a pause", [requestOf(INDEX), requestOf(SIGNED)]],
])("answers %s in order", async ([name, pieces]) => {
  await using mirror = await serveMirror({ agents: [AGENT] });
  const socket = connect(mirror.port, "127.0.0.1").setNoDelay();
  for (const piece of pieces) {
    socket.write(piece);
    if (!name.includes("without a pause")) await sleep(20);
  }
  socket.write(requestOf(TARBALL, "Connection: close"));
  const received = Buffer.concat((await Array.fromAsync(socket)) as Buffer[]);
  const statuses = [...received.toString("latin1").matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
  const paths = [...pieces.join("").matchAll(/GET (\S+)/g)].map(([, path]) => path);
  expect(statuses).toEqual([...paths.map((path) => (path === SIGNED ? "404" : "200")), "200"]);
  expect(received.subarray(-AGENT.size).equals(tarballBytes(AGENT))).toBe(true);
});

test("a client that sends its end with its request is answered, and the connection ends", async () => {
  await using mirror = await serveMirror({ agents: [AGENT] });
  const socket = connect({ port: mirror.port, host: "127.0.0.1", allowHalfOpen: true });
  socket.end(requestOf(SIGNED));
  expect(Buffer.concat((await Array.fromAsync(socket)) as Buffer[]).toString()).toContain("JAM_NOT_FOUND");
});

test("a snapshot that is published is in the next answer of a connection", async () => {
  await using mirror = await serveMirror({ agents: [AGENT] });
  const socket = connect(mirror.port, "127.0.0.1");
  const etagOfNext = async () => {
    socket.write(requestOf(INDEX));
    return /^ETag: (.*)$/m.exec((await readAnswer(socket)).answer.toString())?.[1];
  };
  const first = await etagOfNext();
  expect(await etagOfNext()).toBe(first);
  await mirror.publish({ agents: [{ ...AGENT, version: "3.6.6" }] });
  expect(await etagOfNext()).not.toBe(first);
  socket.destroy();
});

test("an empty mirror says so, and answers once there is something", async () => {
  await using mirror = await serveMirror();
  const socket = connect(mirror.port, "127.0.0.1");
  socket.write(requestOf(INDEX));
  expect((await readAnswer(socket)).answer.toString()).toContain("JAM_MIRROR_EMPTY");
  await mirror.publish({ agents: [AGENT] });
  socket.write(requestOf(INDEX));
  expect((await readAnswer(socket)).answer.toString()).toMatch(/^HTTP\/1\.1 200 OK/);
  socket.destroy();
});

test("a connection that never asks is told so and closed", async () => {
  await using mirror = await serveMirror({ agents: [AGENT], limits: { headersTimeoutMs: 100 } });
  const socket = connect(mirror.port, "127.0.0.1");
  expect(Buffer.concat((await Array.fromAsync(socket)) as Buffer[]).toString()).toMatch(/^HTTP\/1\.1 408 /);
});

test("a connection that asked once is closed when it is idle for longer than it was told", async () => {
  await using mirror = await serveMirror({ agents: [AGENT], limits: { keepAliveTimeoutMs: 100 } });
  const socket = connect(mirror.port, "127.0.0.1");
  socket.write(requestOf(SIGNED));
  await readAnswer(socket);
  await once(socket.resume(), "close");
});

test("a client that takes no answers is cut off, and its log says so", async () => {
  const limits = { readerPace: { minBytes: 65_536, windowMs: 300 } };
  const agents = Array.from({ length: 150 }, (_, patch) => ({ version: `3.6.${patch}`, size: 10 }));
  await using mirror = await serveMirror({ agents, limits });
  const product = requestOf(await productOf(mirror));
  expect((await ask(mirror.port, product)).length).toBeGreaterThan(40_000);
  const socket = connect(mirror.port, "127.0.0.1").setNoDelay();
  socket.on("error", () => undefined);
  // One at a time, so that each is answered by itself until the kernel takes no more.
  const isCutOff = () => mirror.records.some(({ aborted }) => aborted);
  for (let asked = 0; asked < 1000 && !isCutOff(); asked++) {
    if (!socket.destroyed) socket.write(product);
    await sleep(2);
  }
  await expect.poll(isCutOff, { timeout: 5000 }).toBe(true);
  socket.destroy();
});

test("a client that takes an answer too slowly is cut off, though it is never silent", async () => {
  const limits = { readerPace: { minBytes: 1 << 20, windowMs: 1500 } };
  const agents = Array.from({ length: 400 }, (_, patch) => ({ version: `3.6.${patch}`, size: 10 }));
  await using mirror = await serveMirror({ agents, limits });
  const product = requestOf(await productOf(mirror));
  // The kernel passes on 64 KiB at a time, so that one answer needs several turns.
  expect((await ask(mirror.port, product)).length).toBeGreaterThan(100_000);
  const socket = connect(mirror.port, "127.0.0.1").setNoDelay();
  socket.on("error", () => undefined);
  const isCutOff = () => mirror.records.some(({ aborted }) => aborted);
  // Asks for more than the kernel has room for, and takes a little before each window is over.
  for (let asked = 0; asked < 200; asked++) {
    if (!socket.destroyed) socket.write(product);
    await sleep(2);
  }
  const endsAt = performance.now() + 30_000;
  while (!isCutOff() && performance.now() < endsAt) {
    socket.read();
    await sleep(1100);
  }
  expect(isCutOff()).toBe(true);
  socket.destroy();
});

test("idle connections are closed when the server ends", async () => {
  await using mirror = await serveMirror({ agents: [AGENT] });
  const silent = connect(mirror.port, "127.0.0.1");
  const answered = connect(mirror.port, "127.0.0.1");
  answered.write(requestOf(SIGNED));
  await readAnswer(answered);
  const ends = [silent, answered].map((socket) => once(socket.resume(), "close"));
  await Promise.all([mirror.server.close({ drainMs: 20_000 }), ...ends]);
});

test("connections above the limit get 503 for metadata too", async () => {
  await using mirror = await serveMirror({ agents: [AGENT], limits: { maxConnections: 1 } });
  const first = connect(mirror.port, "127.0.0.1");
  first.write(requestOf(SIGNED));
  await readAnswer(first);
  expect((await ask(mirror.port, requestOf(SIGNED))).toString()).toMatch(/^HTTP\/1\.1 503 /);
  first.destroy();
});

/** A mirror whose first look at what it shows waits for `go`. */
function slowLook() {
  const go = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const served = ({ refs }: ServedStore): Partial<ServedStore> => ({
    refs: {
      read: async (name) => {
        asked.resolve();
        await go.promise;
        return refs.read(name);
      },
    },
  });
  return { served, asked: asked.promise, go: () => go.resolve() };
}

test("a request whose answer is being made when the server ends is answered, and its connection closed", async () => {
  const look = slowLook();
  await using mirror = await serveMirror({ agents: [AGENT], served: look.served });
  const socket = connect(mirror.port, "127.0.0.1");
  socket.write(requestOf(INDEX));
  await look.asked;
  const closed = mirror.server.close({ drainMs: 20_000 });
  look.go();
  const { answer } = await readAnswer(socket);
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 OK/);
  expect(answer.toString()).toMatch(/^Connection: close\r$/m);
  await closed;
});

test("what comes while an answer is being made is answered after it, each once", async () => {
  const look = slowLook();
  await using mirror = await serveMirror({ agents: [AGENT], served: look.served });
  const socket = connect(mirror.port, "127.0.0.1").setNoDelay();
  socket.write(requestOf(INDEX));
  await look.asked;
  for (const path of [SIGNED, INDEX, SIGNED]) {
    socket.write(requestOf(path));
    await sleep(20);
  }
  socket.write(requestOf(TARBALL, "Connection: close"));
  look.go();
  const received = Buffer.concat((await Array.fromAsync(socket)) as Buffer[]);
  const statuses = [...received.toString("latin1").matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
  expect(statuses).toEqual(["200", "404", "200", "404", "200"]);
});

test("a client that has sent its end while its answer is being made gets it", async () => {
  const look = slowLook();
  await using mirror = await serveMirror({ agents: [AGENT], served: look.served });
  const socket = connect({ port: mirror.port, host: "127.0.0.1", allowHalfOpen: true });
  socket.end(requestOf(INDEX));
  await look.asked;
  await sleep(50);
  look.go();
  const received = Buffer.concat((await Array.fromAsync(socket)) as Buffer[]).toString();
  expect(received).toMatch(/^HTTP\/1\.1 200 OK/);
  expect(received.match(/HTTP\/1\.1/g)).toHaveLength(1);
  await expect.poll(() => mirror.records.map(({ aborted }) => aborted)).toEqual([false]);
});

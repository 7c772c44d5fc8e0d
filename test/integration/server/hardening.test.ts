import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { BlobReader } from "../../../src/store/store.ts";
import { rawGet, rawRequest, startSlowDownload } from "../../helpers/raw-http.ts";
import { serveMirror, tarballPath } from "../../helpers/served-mirror.ts";

const TARBALL = `/tools/${tarballPath("3.6.5")}`;
const AGENTS = [{ version: "3.6.5" }];

test.for(["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])(
  "answers %s with 405 and what is allowed",
  async (method) => {
    await using mirror = await serveMirror({ agents: AGENTS });
    for (const path of ["/", TARBALL, "/nothing", "/healthz"]) {
      const answer = await rawRequest(mirror.port, rawGet(path, [], method));
      expect([answer.status, answer.headers["allow"]]).toEqual([405, "GET, HEAD"]);
      expect(JSON.parse(answer.body.toString())).toMatchObject({ code: "JAM_METHOD_NOT_ALLOWED" });
    }
  },
);

const HEAD = `GET ${TARBALL} HTTP/1.1\r\n`;

test.for([
  ["two Host headers", `${HEAD}Host: a\r\nHost: b\r\n\r\n`],
  ["no Host header", `${HEAD}Connection: close\r\n\r\n`],
  ["an absolute target", `GET http://elsewhere${TARBALL} HTTP/1.1\r\nHost: a\r\n\r\n`],
  ["an asterisk target", "GET * HTTP/1.1\r\nHost: a\r\n\r\n"],
  [
    "a length and chunks",
    `${HEAD}Host: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  ["two lengths", `${HEAD}Host: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc`],
  ["an odd transfer coding", `${HEAD}Host: a\r\nTransfer-Encoding: xchunked\r\n\r\n`],
  ["line feeds only", `GET ${TARBALL} HTTP/1.1\nHost: a\n\n`],
  ["a bare carriage return", `${HEAD}Host: a\r\nX: a\rb\r\n\r\n`],
  ["a blank in the name of a header", `${HEAD}Host: a\r\nX : b\r\n\r\n`],
  ["a header of 20 kB", `${HEAD}Host: a\r\nX: ${"x".repeat(20_000)}\r\n\r\n`],
  ["2 500 headers", `${HEAD}Host: a\r\n${"X: y\r\n".repeat(2500)}\r\n`],
  ["a target of 3 kB", rawGet(`/tools/${"a".repeat(3000)}`)],
  ["a target of 64 kB", rawGet(`/tools/${"a".repeat(64_000)}`)],
  ["no HTTP at all", "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"],
] as const)("H2: refuses %s and closes", async ([, text]) => {
  await using mirror = await serveMirror({ agents: AGENTS });
  const { status } = await rawRequest(mirror.port, text);
  expect([400, 431]).toContain(status);
});

test.for([
  "/../../etc/passwd",
  "/tools/../../etc/passwd",
  "/tools/%2e%2e/%2e%2e/etc/passwd",
  "/tools/%252e%252e/etc/passwd",
  "/tools/..%5c..%5cetc%5cpasswd",
  "/tools/agent%00.tgz",
  "//tools/streams/v1/index2.json",
  "/tools//streams/v1/index2.json",
  "/tools/./streams/v1/index2.json",
  "/tools/streams/v1/index2.json/",
  "/tools/streams%2Fv1%2F..%2Findex2.json",
  "/tools%2Fstreams/v1/index2.json",
  "/tools/%ff%fe",
  "/tools/%",
  "/tools/blobs/sha256",
  "/snapshots",
])("H3: %s is 404, because only exact keys are looked up", async (target) => {
  await using mirror = await serveMirror({ agents: AGENTS });
  const { status, body } = await rawRequest(mirror.port, rawGet(target));
  expect([status, body.length < 100]).toEqual([404, true]);
});

test("H3: fuzzed targets give an exact file or a small 4xx", async () => {
  await using mirror = await serveMirror({ agents: AGENTS });
  const parts = [
    "/",
    "..",
    ".",
    "%2e",
    "%2f",
    "%5c",
    "%00",
    "tools",
    "upstream",
    "streams",
    "v1",
    "agent",
    "a",
    "?",
    "%",
    ";",
    "~",
  ];
  let state = 42;
  const next = (limit: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % limit;
  };
  const targets = Array.from({ length: 400 }, () =>
    ["/tools/", ...Array.from({ length: next(10) }, () => parts[next(parts.length)])].join(""),
  );
  const socket = connect(mirror.port, "127.0.0.1").setEncoding("latin1");
  let text = "";
  socket.on("data", (chunk: string) => (text += chunk));
  // One connection, one request after another, as a scanner does.
  for (const target of targets) socket.write(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
  socket.write(rawGet("/healthz"));
  await once(socket, "close");
  const statuses = [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1]);
  expect(statuses).toHaveLength(targets.length + 1);
  expect(new Set(statuses.slice(0, -1))).toEqual(new Set(["404"]));
});

test("tells nothing about its make", async () => {
  await using mirror = await serveMirror({ agents: AGENTS });
  const { headers } = await fetch(`${mirror.url}/nothing`);
  expect([headers.get("x-powered-by"), headers.get("server")]).toEqual([null, null]);
});

test("H1: slow headers are cut off", async () => {
  await using mirror = await serveMirror({
    agents: AGENTS,
    limits: { headersTimeoutMs: 200, requestTimeoutMs: 400, checkIntervalMs: 50 },
  });
  const socket = connect(mirror.port, "127.0.0.1");
  const drip = setInterval(() => socket.write("X"), 50);
  socket.on("error", () => undefined).resume();
  socket.write(HEAD);
  const startedAt = performance.now();
  // `once` would reject when the cut-off is a reset.
  await new Promise((closed) => socket.once("close", closed));
  clearInterval(drip);
  expect(performance.now() - startedAt).toBeLessThan(3000);
});

test("H1: a reader that stops is cut off", async () => {
  const big = { version: "3.6.5", size: 40_000_000 };
  await using mirror = await serveMirror({
    agents: [big],
    limits: { readerPace: { minBytes: 65_536, windowMs: 300 } },
  });
  // Hashed before it is first served, which this is not about.
  await (await fetch(`${mirror.url}${TARBALL}`)).arrayBuffer();
  await expect.poll(() => mirror.records.length).toBe(1);
  mirror.records.length = 0;
  const download = await startSlowDownload(mirror.port, TARBALL);
  await expect.poll(() => mirror.records.length, { timeout: 10_000 }).toBe(1);
  expect(mirror.records[0]).toMatchObject({ status: 200, aborted: true });
  expect((await download.finish()).length).toBeLessThan(40_000_000);
});

test("H1: a reader that trickles is cut off, though it is never silent", async () => {
  const big = { version: "3.6.5", size: 80_000_000 };
  await using mirror = await serveMirror({
    agents: [big],
    limits: { readerPace: { minBytes: 1_000_000, windowMs: 400 } },
  });
  // Hashed before it is first served, which this is not about.
  await (await fetch(`${mirror.url}${TARBALL}`)).arrayBuffer();
  await expect.poll(() => mirror.records.length).toBe(1);
  mirror.records.length = 0;
  const { socket } = await startSlowDownload(mirror.port, TARBALL);
  const trickle = setInterval(() => socket.read(65_536), 200);
  await expect.poll(() => mirror.records.length, { timeout: 20_000 }).toBe(1);
  clearInterval(trickle);
  socket.destroy();
  expect(mirror.records[0]?.aborted).toBe(true);
});

test("a slow but steady reader gets everything", async () => {
  const big = { version: "3.6.5", size: 12_000_000 };
  await using mirror = await serveMirror({
    agents: [big],
    limits: { readerPace: { minBytes: 65_536, windowMs: 3_000 } },
  });
  const socket = connect(mirror.port, "127.0.0.1");
  let received = 0;
  socket.on("readable", () => undefined);
  socket.write(rawGet(TARBALL));
  while (!socket.readableEnded && !socket.destroyed) {
    received += (socket.read() as Buffer | null)?.length ?? 0;
    await sleep(20);
  }
  expect(received).toBeGreaterThan(12_000_000);
});

test("H1: beyond the most connections further ones get 503 and are counted, and places come free again", async () => {
  await using mirror = await serveMirror({ agents: AGENTS, limits: { maxConnections: 2 } });
  const idle = [connect(mirror.port, "127.0.0.1"), connect(mirror.port, "127.0.0.1")];
  await Promise.all(idle.map((socket) => once(socket, "connect")));
  await sleep(50);
  for (const path of ["/healthz", TARBALL, "/tools/streams/v1/index2.sjson", "/api/v1/status"]) {
    const refused = await rawRequest(mirror.port, rawGet(path));
    expect([refused.status, refused.headers["retry-after"], refused.headers["connection"]]).toEqual([
      503,
      "5",
      "close",
    ]);
    expect(JSON.parse(refused.body.toString())).toMatchObject({ code: "JAM_SERVER_BUSY" });
  }
  await expect
    .poll(() => mirror.records.map(({ status, error }) => [status, error?.code]))
    .toEqual(Array.from({ length: 4 }, () => [503, "JAM_SERVER_BUSY"]));
  expect(mirror.server.connections()).toMatchObject({ open: 2, refused: 4, dropped: 0 });
  for (const socket of idle) socket.destroy();
  await sleep(50);
  expect((await rawRequest(mirror.port, rawGet("/healthz"))).status).toBe(200);
});

test.for([
  ["at any position", true],
  ["as a stream alone", false],
] as const)("forgets a client that leaves in the middle of a blob read %s", async ([, hasPositions]) => {
  const big = { version: "3.6.5", size: 40_000_000 };
  let [open, streams] = [0, 0];
  await using mirror = await serveMirror({
    agents: [big],
    served: ({ blobs }) => ({
      blobs: {
        open: async (sha256) => {
          const blob = await blobs.open(sha256);
          if (blob === undefined) return undefined;
          open += 1;
          const reader: BlobReader = {
            size: blob.size,
            storedAt: blob.storedAt,
            async *bytes(range) {
              streams += 1;
              try {
                yield* blob.bytes(range);
              } finally {
                streams -= 1;
              }
            },
            close: () => {
              open -= 1;
              return blob.close();
            },
          };
          if (!hasPositions) return reader;
          return {
            ...reader,
            readAt: async (buffer, position) => (await blob.readAt?.(buffer, position)) ?? 0,
          };
        },
      },
    }),
  });
  const downloads = await Promise.all(
    Array.from({ length: 20 }, () => startSlowDownload(mirror.port, TARBALL)),
  );
  expect([open, streams]).toEqual([20, hasPositions ? 0 : 20]);
  for (const { socket } of downloads) socket.destroy();
  await expect.poll(() => [open, streams], { timeout: 5000 }).toEqual([0, 0]);
  expect(mirror.damaged).toEqual([]);
});

test("requests sent ahead on one connection are answered in order, and waiting counts against no deadline", async () => {
  const big = { version: "3.6.5", size: 12_000_000 };
  await using mirror = await serveMirror({
    agents: [big],
    limits: { readerPace: { minBytes: 65_536, windowMs: 400 } },
  });
  // Hashed before it is first served, which this is not about.
  await (await fetch(`${mirror.url}${TARBALL}`)).arrayBuffer();
  const socket = connect(mirror.port, "127.0.0.1");
  const ahead = `${HEAD}Host: a\r\n\r\n`;
  socket.on("readable", () => undefined);
  socket.write(ahead + ahead + rawGet("/tools/streams/v1/index2.json"));
  let received = 0;
  let text = "";
  while (!socket.readableEnded && !socket.destroyed) {
    const chunk = socket.read() as Buffer | null;
    received += chunk?.length ?? 0;
    // The last answer may come in several pieces.
    text = (text + (chunk?.toString("latin1") ?? "")).slice(-4_000);
    await sleep(2);
  }
  expect(received).toBeGreaterThan(24_000_000);
  expect(text).toContain("index:1.0");
});

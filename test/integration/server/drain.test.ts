import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { createServer } from "../../../src/server/server.ts";
import { rawRequest, rawGet, startSlowDownload } from "../../helpers/raw-http.ts";
import { serveMirror, tarballBytes, tarballPath } from "../../helpers/served-mirror.ts";

const BIG = { version: "3.6.5", size: 20_000_000 };
const TARBALL = `/tools/${tarballPath("3.6.5")}`;

test("H9: lets running downloads end, takes no new connection, closes idle ones", async () => {
  await using mirror = await serveMirror({ agents: [BIG] });
  const download = await startSlowDownload(mirror.port, TARBALL);
  const idle = connect(mirror.port, "127.0.0.1");
  await once(idle, "connect");
  idle.write("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
  await once(idle, "data");
  const closing = mirror.server.close({ drainMs: 20_000 });
  await once(idle.resume(), "close");
  await expect(fetch(`${mirror.url}/healthz`)).rejects.toThrow("fetch failed");
  expect((await download.finish()).equals(tarballBytes(BIG))).toBe(true);
  await closing;
});

test("H9: a connection kept alive is closed after the answer that was running", async () => {
  await using mirror = await serveMirror({ agents: [BIG] });
  const socket = connect(mirror.port, "127.0.0.1");
  socket.write(`GET ${TARBALL} HTTP/1.1\r\nHost: a\r\n\r\n`);
  await once(socket, "readable");
  const startedAt = performance.now();
  const closing = mirror.server.close({ drainMs: 20_000 });
  let received = 0;
  socket.on("data", (chunk: Buffer) => (received += chunk.length));
  await Promise.all([once(socket, "close"), closing]);
  expect(received).toBeGreaterThan(BIG.size);
  expect(performance.now() - startedAt).toBeLessThan(10_000);
});

test("H9: cuts off what is still running when the time is over", async () => {
  await using mirror = await serveMirror({ agents: [{ ...BIG, size: 40_000_000 }] });
  const download = await startSlowDownload(mirror.port, TARBALL);
  const startedAt = performance.now();
  await mirror.server.close({ drainMs: 200 });
  expect(performance.now() - startedAt).toBeLessThan(5000);
  expect((await download.finish()).length).toBeLessThan(40_000_000);
});

test("closing twice, or before listening, is fine", async () => {
  await using mirror = await serveMirror({ agents: [BIG] });
  await Promise.all([mirror.server.close({ drainMs: 0 }), mirror.server.close({ drainMs: 0 })]);
  await createServer(mirror.ports).close({ drainMs: 0 });
});

test("a port that is taken is told with the next step", async () => {
  await using mirror = await serveMirror({ agents: [BIG] });
  await expect(
    createServer(mirror.ports).listen({ host: "127.0.0.1", port: mirror.port }),
  ).rejects.toMatchObject({
    code: "JAM_LISTEN_FAILED",
    hint: expect.stringContaining("--listen") as string,
  });
  expect((await rawRequest(mirror.port, rawGet("/healthz"))).status).toBe(200);
});

import { writeFile } from "node:fs/promises";
import type { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import type { RequestRecord } from "../../../src/server/request-log.ts";
import { rawGet, rawRequest } from "../../helpers/raw-http.ts";
import { publisher, serveWithWorkers, tarballPath } from "../../helpers/served-mirror.ts";
import { temporaryStore } from "../../helpers/temporary-store.ts";
import { blobPath } from "../../../src/store/layout.ts";
import { chmod } from "node:fs/promises";
import { join } from "node:path";

const INDEX = "/tools/streams/v1/index2.json";
const AGENTS = [{ version: "3.6.5" }, { version: "3.6.6", size: 3_000_000 }];

/** A server with two workers, and what it told. */
async function serveByTwo(options: { readonly connections?: number } = {}) {
  const store = await temporaryStore();
  const snapshot = await publisher(store)({ agents: AGENTS });
  const told = { records: [] as RequestRecord[], damaged: [] as string[], failures: [] as string[] };
  const threads: Worker[] = [];
  const onWorker = (worker: Worker) => threads.push(worker);
  process.on("worker", onWorker);
  const server = await serveWithWorkers(store.path, 2, {
    log: (record) => told.records.push(record),
    onDamage: (sha256) => told.damaged.push(sha256),
    onWorkerFailed: (reason) => told.failures.push(reason),
    ...(options.connections === undefined ? {} : { limits: { maxConnections: options.connections } }),
  });
  const { port, url } = await server.listen({ host: "127.0.0.1", port: 0 });
  return {
    ...told,
    store,
    snapshot,
    server,
    threads,
    port,
    url,
    get: (path: string) => rawRequest(port, rawGet(path, ["Connection: close"])),
    async [Symbol.asyncDispose]() {
      process.off("worker", onWorker);
      await server.close({ drainMs: 0 });
      await store[Symbol.asyncDispose]();
    },
  };
}

test("two workers count together, and log each request once", async () => {
  await using mirror = await serveByTwo();
  expect(mirror.threads).toHaveLength(1);
  await Promise.all(Array.from({ length: 40 }, () => mirror.get(INDEX)));
  await mirror.get("/nothing");
  const { body } = await mirror.get("/metrics");
  expect(body.toString()).toContain('jam_http_requests_total{kind="metadata",status="200"} 40\n');
  expect(body.toString()).toContain('jam_http_requests_total{kind="other",status="404"} 1\n');
  await expect.poll(() => mirror.records.length).toBe(42);
  expect(mirror.records.filter(({ url }) => url === INDEX)).toHaveLength(40);
});

test("damage that one worker found is known to the other one before its next answer", async () => {
  await using mirror = await serveByTwo();
  const agent = mirror.snapshot.agents.find(({ version }) => version === "3.6.6");
  const path = join(mirror.store.path, blobPath(agent?.sha256 as never));
  await chmod(path, 0o644);
  await writeFile(path, Buffer.alloc(3_000_000));
  expect((await mirror.get(`/tools/${tarballPath("3.6.6")}`)).status).toBe(503);
  // New connections go to either worker.
  const answers = await Promise.all(Array.from({ length: 30 }, () => mirror.get("/readyz")));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 503));
  const { index } = JSON.parse((await mirror.get(INDEX)).body.toString()) as {
    index: Record<string, { path: string }>;
  };
  const products = await Promise.all(
    Object.values(index).flatMap(({ path: file }) =>
      Array.from({ length: 10 }, async () => (await mirror.get(`/tools/${file}`)).body.toString()),
    ),
  );
  expect(products.filter((text) => text.includes("3.6.6"))).toEqual([]);
  expect(mirror.damaged).toEqual([agent?.sha256]);
  expect((await mirror.get("/metrics")).body.toString()).toContain("jam_damaged_tarballs_total 1\n");
});

test("the limit of connections is one for both", async () => {
  await using mirror = await serveByTwo({ connections: 6 });
  const held = await Promise.all(
    Array.from({ length: 30 }, () =>
      fetch(`${mirror.url}/healthz`, { keepalive: true }).then(async (answer) => {
        await answer.text();
        return answer.status;
      }),
    ),
  );
  expect(held.filter((status) => status === 200).length).toBeGreaterThanOrEqual(6);
  expect(mirror.server.connections().open).toBeLessThanOrEqual(6);
  expect(mirror.server.connections().refused).toBe(held.filter((status) => status === 503).length);
});

test("a worker that ended is replaced, and its connections are not counted any more", async () => {
  await using mirror = await serveByTwo();
  await Promise.all(
    Array.from({ length: 20 }, () => fetch(`${mirror.url}/healthz`).then((one) => one.text())),
  );
  await mirror.threads[0]?.terminate();
  await expect.poll(() => mirror.threads.length, { timeout: 10_000 }).toBe(2);
  expect(mirror.failures).toHaveLength(1);
  const statuses = await Promise.all(
    Array.from({ length: 30 }, async () => (await mirror.get(INDEX)).status),
  );
  expect(statuses.filter((status) => status !== 200)).toEqual([]);
  await expect.poll(() => mirror.server.connections().open, { timeout: 10_000 }).toBeLessThanOrEqual(21);
});

test.for([1, 2])("a port that a server with %d workers has is in use for one with two", async (workers) => {
  await using store = await temporaryStore();
  await publisher(store)({ agents: AGENTS });
  const options = { log: () => undefined, onDamage: () => undefined };
  const first = await serveWithWorkers(store.path, workers, options);
  const second = await serveWithWorkers(store.path, 2, options);
  try {
    const { port } = await first.listen({ host: "127.0.0.1", port: 0 });
    await expect(second.listen({ host: "127.0.0.1", port })).rejects.toMatchObject({
      code: "JAM_LISTEN_FAILED",
      message: expect.stringContaining("EADDRINUSE") as string,
    });
  } finally {
    await Promise.all([first.close({ drainMs: 0 }), second.close({ drainMs: 0 }).catch(() => undefined)]);
  }
});

test("questions to either worker are answered", async () => {
  await using mirror = await serveByTwo();
  const answers = await Promise.all(Array.from({ length: 8 }, () => mirror.get("/api/v1/agents?limit=1")));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  const unknown = await Promise.all(
    Array.from({ length: 8 }, () => mirror.get("/api/v1/explain?agent=nothing")),
  );
  expect(new Set(unknown.map(({ status }) => status)).size).toBe(1);
});

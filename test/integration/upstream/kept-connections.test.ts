import { expect, test } from "vitest";
import { itemPath, localhostTls, startUpstream } from "../../helpers/upstream.ts";
import { temporaryStore } from "../../helpers/temporary-store.ts";
import { fetchInto, INDEX, itemRequest, NEVER, openSource } from "./setup.ts";

const ONE = { releases: ["3.6.27"], arches: ["amd64"], tarballBytes: 200_000 };
/** Seconds in earnest. */
const KEPT_MS = 150;

test("requests that follow one another share a connection, which is closed when none follows", async () => {
  await using upstream = await startUpstream(ONE);
  await using opened = await openSource(upstream, { keptMs: KEPT_MS });

  await opened.source.readDocument(INDEX, undefined, NEVER);
  await opened.source.readDocument(INDEX, undefined, NEVER);
  expect([upstream.connections, upstream.openConnections]).toEqual([1, 1]);

  await expect.poll(() => upstream.openConnections).toBe(0);
});

test("many connections that were needed at the same time are all closed afterwards, over TLS, too", async () => {
  const tls = localhostTls();
  await using upstream = await startUpstream({ ...ONE, tls, latencyMs: 20 });
  await using opened = await openSource(upstream, { keptMs: KEPT_MS, caFile: tls.certFile });

  await Promise.all(Array.from({ length: 30 }, () => opened.source.readDocument(INDEX, undefined, NEVER)));
  expect(upstream.connections).toBe(30);

  await expect.poll(() => upstream.openConnections).toBe(0);
});

test("an answer that takes longer than a connection is kept arrives all the same, on a kept one, too", async () => {
  await using upstream = await startUpstream({ ...ONE, latencyMs: 3 * KEPT_MS });
  await using store = await temporaryStore();
  await using opened = await openSource(upstream, { keptMs: KEPT_MS });
  const item = itemRequest(upstream, itemPath(upstream, "3.6.27"));

  await opened.source.readDocument(INDEX, undefined, NEVER);
  const log = await fetchInto(store, opened.source, item);

  expect([log.bytes, log.retries, upstream.connections]).toEqual([item.size, [], 1]);
});

test("a body that pauses for longer than a connection is kept arrives whole on that connection", async () => {
  await using upstream = await startUpstream(ONE);
  await using store = await temporaryStore();
  await using opened = await openSource(upstream, { keptMs: KEPT_MS });
  const path = itemPath(upstream, "3.6.27");
  const item = itemRequest(upstream, path);
  upstream.fault(path, { kind: "trickle", after: item.size - 5, bytesPerSecond: 10 });

  const log = await fetchInto(store, opened.source, item);

  expect([log.bytes, log.retries, upstream.connections]).toEqual([item.size, [], 1]);
});

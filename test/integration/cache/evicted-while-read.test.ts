import { chmod, open } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { blobPath } from "../../../src/store/layout.ts";
import { serveCached, type CachedMirror } from "../../helpers/cached-mirror.ts";
import { startSlowDownload, type SlowDownload } from "../../helpers/raw-http.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

const [A, B] = ["3.6.26", "3.6.27"] as const;
/** More than fits into the buffers of a connection, so that a slow reader has not got all of it. */
const SIZE = 12_000_000;
const TWO = {
  releases: [A, B],
  arches: ["amd64"],
  oses: ["ubuntu"],
  streams: ["released"],
  tarballBytes: SIZE,
} as const;

async function isHeld(mirror: CachedMirror, version: string): Promise<boolean> {
  return (await mirror.store.blobs.stat(mirror.agentOf(version).sha256)) !== undefined;
}

/** Room for one of the tarballs. */
function serveOne(upstream: TestUpstream): Promise<CachedMirror> {
  return serveCached(upstream, { quota: SIZE + 1_000_000 });
}

/** A slow reader of A, which has come whole meanwhile. */
async function startSlowReader(mirror: CachedMirror, headers: readonly string[] = []): Promise<SlowDownload> {
  const slow = await startSlowDownload(mirror.port, mirror.pathOf(A), headers);
  await expect.poll(() => isHeld(mirror, A)).toBe(true);
  return slow;
}

/** Another client has B fetched, for which A has to go. */
async function evictA(mirror: CachedMirror): Promise<void> {
  await (await fetch(mirror.urlOf(B))).arrayBuffer();
  expect([await isHeld(mirror, A), await isHeld(mirror, B)]).toEqual([false, true]);
}

function requestsFor(upstream: TestUpstream, mirror: CachedMirror, version: string): number {
  return upstream.requests.filter((line) => line.includes(mirror.agentOf(version).path)).length;
}

test("a slow reader of a fetch gets all of a tarball that was evicted before it had it", async () => {
  await using upstream = await startUpstream(TWO);
  await using mirror = await serveOne(upstream);
  const slow = await startSlowReader(mirror);
  await evictA(mirror);

  const body = await slow.finish();

  expect(body.equals(await mirror.bytesOf(A))).toBe(true);
  expect(mirror.damaged).toEqual([]);
  expect(mirror.records.filter(({ error, aborted }) => aborted || error !== undefined)).toEqual([]);
  expect(requestsFor(upstream, mirror, A)).toBe(1);
  // It is listed as before, and comes again for the next one.
  expect((await fetch(mirror.urlOf(A), { method: "HEAD" })).status).toBe(200);
});

test("so does a slow reader of a range, and one that joined the fetch", async () => {
  await using upstream = await startUpstream(TWO);
  await using mirror = await serveOne(upstream);
  const [part, joined] = await Promise.all([
    startSlowReader(mirror, ["Range: bytes=1000-11999999"]),
    startSlowReader(mirror),
  ]);
  await evictA(mirror);
  const bytes = await mirror.bytesOf(A);

  expect((await part.finish()).equals(bytes.subarray(1000, 12_000_000))).toBe(true);
  expect((await joined.finish()).equals(bytes)).toBe(true);
  expect(mirror.damaged).toEqual([]);
});

test("so does a slow reader of a tarball that was held", async () => {
  await using upstream = await startUpstream(TWO);
  await using mirror = await serveOne(upstream);
  await (await fetch(mirror.urlOf(A))).arrayBuffer();
  const slow = await startSlowReader(mirror);
  await evictA(mirror);

  expect((await slow.finish()).equals(await mirror.bytesOf(A))).toBe(true);
  expect(mirror.damaged).toEqual([]);
});

test("nobody gets the whole of a tarball whose file was changed before it was evicted", async () => {
  await using upstream = await startUpstream(TWO);
  await using mirror = await serveOne(upstream);
  const slow = await startSlowReader(mirror);
  const path = join(mirror.store.path, blobPath(mirror.agentOf(A).sha256));
  await chmod(path, 0o644);
  const file = await open(path, "r+");
  await file.write(Buffer.from([1, 2, 3]), 0, 3, SIZE - 200_000);
  await file.close();
  await evictA(mirror);

  const body = await slow.finish();

  expect(body.length).toBeLessThan(SIZE);
  expect(mirror.records.find(({ url }) => url === mirror.pathOf(A))).toMatchObject({
    aborted: true,
    error: { code: "JAM_ITEM_UNAVAILABLE" },
  });
});

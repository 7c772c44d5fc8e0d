import { chmod, readdir, stat, truncate, unlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { buildSampleTree, startUpstream } from "../../helpers/upstream.ts";
import { temporaryMirror } from "../../helpers/mirror.ts";

const tree = await buildSampleTree({
  releases: ["1.25.13", "2.8.13", "3.6.27", "4.1-beta1"],
  arches: ["amd64", "arm64"],
  oses: ["ubuntu"],
});
/** What makes one listing, in one line. */
const key = (one: { contentId: string; productId: string; path: string; sha256: string; size: number }) =>
  [one.contentId, one.productId, one.path, one.sha256, one.size].join(" ");
const EVERY_STREAM = [{ stream: "*" }];

test("fetches each tarball once, however many items and streams name it", async () => {
  await using upstream = await startUpstream({ tree });
  await using mirror = await temporaryMirror(upstream, { select: EVERY_STREAM });
  const report = await mirror.sync();
  const fetched = upstream.requests.filter((request) => request.endsWith(".tgz"));
  expect(fetched.length).toBe(new Set(fetched).size);
  expect(fetched.length).toBe(new Set(tree.listings.map(({ item }) => item.sha256)).size);
  expect(report.held.agents).toBeGreaterThan(fetched.length);
  const blobs = await readdir(join(mirror.data, "blobs/sha256"), { recursive: true });
  expect(blobs.filter((name) => name.length > 60)).toHaveLength(fetched.length);
});

test("lists exactly what upstream lists, stream by stream", async () => {
  await using upstream = await startUpstream({ tree });
  await using mirror = await temporaryMirror(upstream, { select: EVERY_STREAM });
  await mirror.sync();
  const { items } = await mirror.published();
  const upstreamKeys = tree.listings.map(({ stream, family, productId, item }) =>
    key({ contentId: `com.ubuntu.juju:${stream}:${family}`, productId, ...item }),
  );
  expect(new Set(items.map(key))).toEqual(new Set(upstreamKeys));
});

test("with nothing new asks once for each document, conditionally, and for no tarball", async () => {
  await using upstream = await startUpstream({ tree });
  await using mirror = await temporaryMirror(upstream, { select: EVERY_STREAM });
  const first = await mirror.sync();
  const documents = upstream.requests.filter((request) => request.endsWith("json"));
  upstream.clearRequests();
  const second = await mirror.sync();
  expect(second).toMatchObject({
    outcome: "unchanged",
    snapshot: first.snapshot,
    fetched: { agents: 0, bytes: 0 },
  });
  expect(upstream.requests.toSorted()).toEqual(documents.toSorted());
  expect(upstream.records.map(({ status }) => status)).toEqual(documents.map(() => 304));
});

test("says nothing when all is well, and 10 only where asked for", async () => {
  await using upstream = await startUpstream({ tree });
  await using mirror = await temporaryMirror(upstream);
  const first = await mirror.jam("sync", "--quiet", "--detailed-exitcode");
  expect(first).toMatchObject({ status: 10, stdout: "", stderr: "" });
  const second = await mirror.jam("sync", "--quiet", "--detailed-exitcode");
  expect(second).toMatchObject({ status: 0, stdout: "", stderr: "" });
});

test("publishes again what was lost or damaged on disk", async () => {
  await using upstream = await startUpstream({ tree });
  await using mirror = await temporaryMirror(upstream);
  await mirror.sync();
  const { fingerprint } = await mirror.published();
  const blobs = (await readdir(join(mirror.data, "blobs/sha256"), { recursive: true })).filter(
    (name) => name.length > 60,
  );
  const [lost, cut] = blobs.map((name) => join(mirror.data, "blobs/sha256", name)) as [string, string];
  await unlink(lost);
  await chmod(cut, 0o644);
  await truncate(cut, 100);
  await expect(mirror.published()).rejects.toThrow();
  upstream.clearRequests();
  await mirror.sync();
  expect(upstream.requests.filter((request) => request.endsWith(".tgz"))).toHaveLength(2);
  expect((await mirror.published()).fingerprint).toBe(fingerprint);
});

test("asks for one tarball at a time with one job, for several with more", async () => {
  await using upstream = await startUpstream({ tree, latencyMs: 15 });
  for (const [jobs, peak] of [
    [1, 1],
    [3, 3],
  ] as const) {
    await using mirror = await temporaryMirror(upstream, {
      select: [
        { stream: "released", versions: "<2" },
        { stream: "released", versions: ">=3" },
      ],
      fetch: { jobs },
    });
    upstream.fault(/tgz$/, { kind: "trickle", bytesPerSecond: 30_000 });
    let running = 0;
    let most = 0;
    await mirror.sync({
      onEvent(event) {
        if (event.kind === "item-started") most = Math.max(most, (running += 1));
        if (event.kind === "item-done") running -= 1;
      },
    });
    expect(most).toBe(peak);
    upstream.clearFaults();
  }
});

test("replaces a damaged file in tools/ even when the run that fetched it again was killed before", async () => {
  await using upstream = await startUpstream({ tree });
  await using mirror = await temporaryMirror(upstream);
  await mirror.sync();
  const { fingerprint, items } = await mirror.published();
  const [item] = items;
  if (item === undefined) throw new Error("nothing was published");
  const blob = join(mirror.data, "blobs/sha256", item.sha256.slice(0, 2), item.sha256);
  await chmod(blob, 0o644);
  await truncate(blob, 10);
  // Killed once the tarball has come: the blob is whole again, the published tree links the old file.
  const killed = new AbortController();
  await expect(
    mirror.sync({
      signal: killed.signal,
      onEvent: (event) => {
        if (event.kind === "item-done") killed.abort();
      },
    }),
  ).rejects.toMatchObject({ code: "JAM_CANCELLED" });
  expect((await stat(join(mirror.data, "tools", item.path))).size).toBe(10);
  await mirror.sync();
  expect((await mirror.published()).fingerprint).toBe(fingerprint);
});

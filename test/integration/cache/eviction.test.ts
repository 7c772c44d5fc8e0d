import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readCachedBlobs } from "../../../src/mirror/cached-blobs.ts";
import { noteDamage } from "../../../src/mirror/damaged-blobs.ts";
import { listDamaged } from "../../../src/mirror/damaged-list.ts";
import { blobPath } from "../../../src/store/layout.ts";
import { writeKeptPlans } from "../../../src/mirror/kept-plans.ts";
import { pinContents } from "../../../src/mirror/pins.ts";
import { planPrune } from "../../../src/mirror/prune.ts";
import { publishSnapshot } from "../../../src/mirror/publish.ts";
import { MIRROR_REF } from "../../../src/shared/ref-name.ts";
import { formatAgentName } from "../../../src/juju/agent.ts";
import { serveCached, type CachedMirror } from "../../helpers/cached-mirror.ts";
import type { PullThroughWork } from "../../../src/cache/pull-through.ts";
import { listBlobs } from "../../helpers/store-content.ts";
import type { Sha256 } from "../../../src/shared/sha256.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

const RELEASES = ["3.6.24", "3.6.25", "3.6.26", "3.6.27"] as const;
const [A, B, C, D] = RELEASES;
const FOUR = {
  releases: RELEASES,
  arches: ["amd64"],
  oses: ["ubuntu"],
  streams: ["released"],
  tarballBytes: 100_000,
} as const;
/** Room for two of the tarballs. */
const QUOTA = 250_000;

/** A clock that goes on by a minute whenever it is looked at. */
function ticking(): () => Date {
  let at = Date.UTC(2026, 0, 1);
  return () => new Date((at += 60_000));
}

async function get(mirror: CachedMirror, version: string): Promise<void> {
  const answer = await fetch(mirror.urlOf(version));
  const body = Buffer.from(await answer.arrayBuffer());
  expect([version, answer.status, body.equals(await mirror.bytesOf(version))]).toEqual([version, 200, true]);
}

async function held(mirror: CachedMirror): Promise<string[]> {
  const names = await Promise.all(
    RELEASES.map(async (version) =>
      (await mirror.store.blobs.stat(mirror.agentOf(version).sha256)) === undefined ? [] : [version],
    ),
  );
  return names.flat();
}

async function serveSmall(upstream: TestUpstream): Promise<CachedMirror> {
  return serveCached(upstream, { quota: QUOTA, now: ticking() });
}

test("the least recently used tarball goes when the next one needs its room", async () => {
  await using upstream = await startUpstream(FOUR);
  await using mirror = await serveSmall(upstream);
  await get(mirror, A);
  await get(mirror, B);
  await get(mirror, A);

  await get(mirror, C);

  expect(await held(mirror)).toEqual([A, C]);
  expect(mirror.pullThrough.counts).toMatchObject({ evicted: 1 });
  expect(mirror.events).toContainEqual(
    expect.objectContaining({ kind: "evicted", sha256: mirror.agentOf(B).sha256 }),
  );
  await get(mirror, B);
  expect(await held(mirror)).toEqual([B, C]);
  await expect
    .poll(async () => [...(await readCachedBlobs(mirror.store.documents)).keys()].sort())
    .toEqual([mirror.agentOf(B).sha256, mirror.agentOf(C).sha256].sort());
});

test("what a snapshot lists, a bundle needs or a plan asked for stays, and does not count", async () => {
  await using upstream = await startUpstream(FOUR);
  await using mirror = await serveSmall(upstream);
  await get(mirror, A);
  const content = {
    agents: [mirror.agentOf(A)],
    upstream: { name: "sample", url: upstream.url, verified: true, documents: [] },
    verbatim: { complete: false, reason: "a part" },
    parent: undefined,
    createdAt: new Date(),
  } as const;
  await publishSnapshot(mirror.store, content, { ref: MIRROR_REF, graced: [] });
  await get(mirror, B);
  await pinContents(mirror.store.documents, "bundle-x", [mirror.agentOf(B).sha256]);
  await get(mirror, C);
  await writeKeptPlans(mirror.store.documents, { agents: [formatAgentName(mirror.agentOf(C))], streams: [] });

  await get(mirror, D);

  expect(await held(mirror)).toEqual([A, B, C, D]);
  expect(mirror.pullThrough.counts.evicted).toBe(0);
});

test("while another run writes nothing is evicted: the tarball is passed on without being stored", async () => {
  await using upstream = await startUpstream(FOUR);
  await using mirror = await serveSmall(upstream);
  await get(mirror, A);
  await get(mirror, B);
  const run = await mirror.store.lease.acquire("jam sync");

  await get(mirror, C);

  expect(await held(mirror)).toEqual([A, B]);
  await run.release();
  await get(mirror, C);
  expect(await held(mirror)).toEqual([B, C]);
});

test("a tarball larger than the quota is passed on, and nothing is evicted for it", async () => {
  await using upstream = await startUpstream(FOUR);
  await using mirror = await serveCached(upstream, { quota: 50_000 });
  await get(mirror, A);
  expect(await held(mirror)).toEqual([]);
  expect(mirror.pullThrough.counts).toMatchObject({ passed: 1, evicted: 0 });
});

test("the first byte of a tarball does not wait while room is made for another one", async () => {
  await using upstream = await startUpstream(FOUR);
  const gate = Promise.withResolvers<void>();
  const cached = ({ store }: PullThroughWork): Partial<PullThroughWork> => {
    const acquire = (command: string) => gate.promise.then(() => store.lease.acquire(command));
    return { store: { ...store, lease: { ...store.lease, acquire } } };
  };
  await using mirror = await serveCached(upstream, { quota: QUOTA, now: ticking(), cached });
  await get(mirror, A);
  await get(mirror, B);

  const third = get(mirror, C);
  const fourth = await fetch(mirror.urlOf(D));
  expect([fourth.status, mirror.pullThrough.counts.evicted]).toEqual([200, 0]);

  gate.resolve();
  await third;
  expect(Buffer.from(await fourth.arrayBuffer()).equals(await mirror.bytesOf(D))).toBe(true);
  expect(await held(mirror)).toEqual([C, D]);
});

test("a tarball that begins to come while room is made for another one is stored, and fetched once for all", async () => {
  await using upstream = await startUpstream(FOUR);
  const gate = Promise.withResolvers<void>();
  const evicting = Promise.withResolvers<void>();
  const cached = ({ store }: PullThroughWork): Partial<PullThroughWork> => {
    const acquire = async (command: string) => {
      const lease = await store.lease.acquire(command);
      evicting.resolve();
      await gate.promise;
      return lease;
    };
    return { store: { ...store, lease: { ...store.lease, acquire } } };
  };
  await using mirror = await serveCached(upstream, { quota: QUOTA, now: ticking(), cached });
  await get(mirror, A);
  await get(mirror, B);
  const third = get(mirror, C);
  await evicting.promise;

  const others = [get(mirror, D), get(mirror, D)];
  await expect.poll(() => mirror.pullThrough.counts).toMatchObject({ misses: 4, joined: 1 });
  gate.resolve();
  await Promise.all([third, ...others]);

  expect(mirror.pullThrough.counts.passed).toBe(0);
  expect(upstream.requests.filter((line) => line.includes(mirror.agentOf(D).path))).toHaveLength(1);
  expect(await held(mirror)).toEqual([C, D]);
});

test.for([1, 2, 4])(
  "while tarballs take the place of all others, something is held: %i at once",
  async (count) => {
    await using upstream = await startUpstream(FOUR);
    const left: number[] = [];
    const cached = ({ store }: PullThroughWork): Partial<PullThroughWork> => {
      const remove = async (sha256: Sha256) => {
        await store.blobs.delete(sha256);
        left.push((await listBlobs(store.blobs)).length);
      };
      return { store: { ...store, blobs: { ...store.blobs, delete: remove } } };
    };
    await using mirror = await serveCached(upstream, { quota: 120_000, now: ticking(), cached });

    for (let at = 0; at < 4; at += count)
      await Promise.all(RELEASES.slice(at, at + count).map((version) => get(mirror, version)));
    await get(mirror, A);

    expect(await held(mirror)).toEqual([A]);
    expect(Math.min(...left)).toBeGreaterThanOrEqual(1);
  },
);

test("several that come at the same time do not exceed the quota together", async () => {
  await using upstream = await startUpstream(FOUR);
  await using mirror = await serveSmall(upstream);
  await Promise.all(RELEASES.map((version) => get(mirror, version)));
  expect((await held(mirror)).length).toBeLessThanOrEqual(2);
  expect(mirror.pullThrough.bytes).toBeLessThanOrEqual(QUOTA);
});

test("when each was last used survives a restart, and a smaller quota evicts at the start", async () => {
  await using upstream = await startUpstream(FOUR);
  const now = ticking();
  await using mirror = await serveCached(upstream, { now });
  for (const version of [A, B, C, A]) await get(mirror, version);
  await mirror.stop();

  await using again = await serveCached(upstream, { store: mirror.store, quota: QUOTA, now });

  await expect.poll(() => held(again)).toEqual([A, C]);
});

test("prune keeps what is cached, and deletes nothing that a note without a tarball names", async () => {
  await using upstream = await startUpstream(FOUR);
  await using mirror = await serveSmall(upstream);
  await get(mirror, A);
  await mirror.stop();
  const rules = { snapshots: 1, graceMs: 0, quota: undefined };
  const inAMonth = new Date(Date.now() + 30 * 86_400_000);

  expect((await planPrune(mirror.store, rules, inAMonth)).blobs).toEqual([]);

  await mirror.store.blobs.delete(mirror.agentOf(A).sha256);
  await using again = await serveCached(upstream, { store: mirror.store });
  expect(again.pullThrough.bytes).toBe(0);
  await get(again, A);
  expect(await held(again)).toEqual([A]);
});

test("prune deletes what is cached where no cache is any more, but not while a cache server runs", async () => {
  await using upstream = await startUpstream(FOUR);
  await using mirror = await serveSmall(upstream);
  await get(mirror, A);
  const rules = { snapshots: 1, graceMs: 0, quota: undefined, keepsCached: false };
  const inAMonth = new Date(Date.now() + 30 * 86_400_000);
  const plan = async () => (await planPrune(mirror.store, rules, inAMonth)).blobs.map(({ sha256 }) => sha256);

  expect(await plan()).toEqual([]);
  await mirror.stop();
  expect(await plan()).toEqual([mirror.agentOf(A).sha256]);
});

test("a cached tarball that was damaged on the disk is fetched again, and nobody gets its bytes", async () => {
  await using upstream = await startUpstream(FOUR);
  await using mirror = await serveSmall(upstream);
  await get(mirror, A);
  const { sha256 } = mirror.agentOf(A);
  const path = join(mirror.store.path, blobPath(sha256));
  const bytes = await readFile(path);
  bytes[5000]! ^= 1;
  await chmod(path, 0o644);
  await writeFile(path, bytes);
  await noteDamage(mirror.store.documents, {
    sha256,
    how: "x",
    foundAt: new Date().toISOString(),
    foundBy: "jam",
  });

  await Promise.all([get(mirror, A), get(mirror, A)]);

  expect(upstream.requests).toHaveLength(2);
  expect(await listDamaged(mirror.store.documents)).toEqual(new Set());
  await get(mirror, A);
  expect(upstream.requests).toHaveLength(2);
});

test("a note that is damaged loses no tarball: it is served, and noted again when it is fetched again", async () => {
  await using upstream = await startUpstream(FOUR);
  await using mirror = await serveSmall(upstream);
  await get(mirror, A);
  await mirror.stop();
  await writeFile(join(mirror.store.path, "state/cached.json"), "{");

  await using again = await serveCached(upstream, { store: mirror.store });
  await get(again, A);
  expect(again.pullThrough.counts).toMatchObject({ hits: 1, misses: 0 });
});

test("an upstream with a quota of its own neither takes room from the others nor gets any", async () => {
  await using upstream = await startUpstream(FOUR);
  await using other = await startUpstream(FOUR);
  // These come from the second one.
  upstream.fault(/3\.6\.2[456]/, { kind: "status", status: 404 });
  const options = { others: [other], quota: 150_000, quotas: { "other-1": 250_000 }, now: ticking() };
  await using mirror = await serveCached(upstream, options);
  for (const version of [D, A, B, C]) await get(mirror, version);
  expect(await held(mirror)).toEqual([B, C, D]);
  expect((await readCachedBlobs(mirror.store.documents)).get(mirror.agentOf(B).sha256)?.upstream).toBe(
    "other-1",
  );
  upstream.clearFaults();
  await get(mirror, A);
  expect(await held(mirror)).toEqual([A, B, C]);
  await mirror.stop();

  await using again = await serveCached(upstream, {
    ...options,
    store: mirror.store,
    quotas: { "other-1": 150_000 },
  });
  await expect.poll(() => held(again)).toEqual([A, C]);
});

test("a tarball that is larger than its upstream's quota is passed on, also where others have room", async () => {
  await using upstream = await startUpstream(FOUR);
  await using mirror = await serveCached(upstream, { quotas: { sample: 50_000 } });
  await get(mirror, A);
  expect(await held(mirror)).toEqual([]);
  expect(mirror.events.map(({ kind }) => kind)).toEqual(["passing"]);
});

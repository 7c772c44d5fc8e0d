import { chmod, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { PullThroughWork } from "../../../src/cache/pull-through.ts";
import { readCachedBlobs } from "../../../src/mirror/cached-blobs.ts";
import { noteDamage } from "../../../src/mirror/damaged-blobs.ts";
import { listDamaged } from "../../../src/mirror/damaged-list.ts";
import { lookAtBlob, putUnlistedAside, settleDamage } from "../../../src/mirror/settle-damage.ts";
import { JamError } from "../../../src/shared/errors.ts";
import type { Sha256 } from "../../../src/shared/sha256.ts";
import { blobPath } from "../../../src/store/layout.ts";
import { serveCached, type CachedMirror } from "../../helpers/cached-mirror.ts";
import { publisher } from "../../helpers/served-mirror.ts";
import { until } from "../../helpers/until.ts";
import { startUpstream } from "../../helpers/upstream.ts";

const TREE = {
  releases: ["3.6.25", "3.6.26", "3.6.27"],
  arches: ["amd64"],
  oses: ["ubuntu"],
  streams: ["released"],
  tarballBytes: 100_000,
} as const;

async function get(mirror: CachedMirror, version: string): Promise<void> {
  const answer = await fetch(mirror.urlOf(version));
  const body = Buffer.from(await answer.arrayBuffer());
  expect([answer.status, body.equals(await mirror.bytesOf(version))]).toEqual([200, true]);
}

async function damage(mirror: CachedMirror, sha256: Sha256): Promise<void> {
  const path = join(mirror.store.path, blobPath(sha256));
  await chmod(path, 0o644);
  await truncate(path, 10);
}

async function note(mirror: CachedMirror, ...damaged: readonly Sha256[]): Promise<void> {
  for (const sha256 of damaged) {
    const found = { how: "x", foundAt: "2026-01-01T00:00:00.000Z", foundBy: "jam verify" };
    await noteDamage(mirror.store.documents, { sha256, ...found });
  }
}

/** Versions in the order in which their notes are looked at. */
const inOrder = (mirror: CachedMirror) =>
  [...TREE.releases].sort((one, other) =>
    mirror.agentOf(one).sha256 < mirror.agentOf(other).sha256 ? -1 : 1,
  ) as [string, string, string];

const refuse = () => Promise.reject(new JamError("JAM_STORE_PERMISSION", "not readable"));

const isSettled = async ({ store }: CachedMirror) => (await listDamaged(store.documents)).size === 0;

/** Opening one blob goes through `open`. */
const opening = (open: (sha256: Sha256) => Promise<void>) => ({
  cached: ({ store }: PullThroughWork): Partial<PullThroughWork> => ({
    store: {
      ...store,
      blobs: { ...store.blobs, open: (sha256) => open(sha256).then(() => store.blobs.open(sha256)) },
    },
  }),
});

/** A mirror whose cache waits while it looks at its second damaged tarball. */
async function lookingAtSecond(upstream: Awaited<ReturnType<typeof startUpstream>>) {
  const [reached, opened] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let slow: Sha256 | undefined;
  const mirror = await serveCached(
    upstream,
    opening(async (sha256) => {
      if (sha256 !== slow) return;
      reached.resolve();
      await opened.promise;
    }),
  );
  const [first, second, third] = inOrder(mirror);
  const hashes = [mirror.agentOf(first).sha256, mirror.agentOf(second).sha256] as const;
  await get(mirror, first);
  await get(mirror, second);
  for (const sha256 of hashes) await damage(mirror, sha256);
  slow = hashes[1];
  // The notes are there together, or the second one would have a look of its own.
  await note(mirror, hashes[1], hashes[0]);
  await reached.promise;
  await until(async () => (await listDamaged(mirror.store.documents)).size === 1);
  return { mirror, first, second, third, open: () => opened.resolve() };
}

test("a tarball that comes again while others are still looked at keeps its note, and counts", async () => {
  await using upstream = await startUpstream(TREE);
  const { mirror, first, open } = await lookingAtSecond(upstream);
  await using _closed = mirror;
  const { sha256, size } = mirror.agentOf(first);

  const again = get(mirror, first);
  await until(async () => (await mirror.store.blobs.stat(sha256)) !== undefined);
  open();
  await again;
  await until(() => isSettled(mirror));

  await until(() => mirror.pullThrough.bytes === size);
  expect([...(await readCachedBlobs(mirror.store.documents)).keys()]).toContain(sha256);
});

test("while a damaged tarball is hashed, downloads end and other runs can write", async () => {
  await using upstream = await startUpstream(TREE);
  const { mirror, third, open } = await lookingAtSecond(upstream);
  await using _closed = mirror;

  await get(mirror, third);
  const lease = await mirror.store.lease.acquire("jam sync");
  await lease.release();

  open();
  await until(() => isSettled(mirror));
});

test("a tarball that is replaced after it was hashed stays", async () => {
  await using upstream = await startUpstream(TREE);
  await using mirror = await serveCached(upstream);
  const [version] = TREE.releases;
  const { sha256 } = mirror.agentOf(version);
  await get(mirror, version);
  await mirror.stop();
  await damage(mirror, sha256);
  await note(mirror, sha256);
  const { store } = mirror;
  const { signal } = new AbortController();
  const seen = await lookAtBlob(store, sha256, signal);
  const path = join(store.path, blobPath(sha256));
  await rm(path);
  await writeFile(path, await mirror.bytesOf(version));
  const lease = await store.lease.acquire("test");
  expect(await putUnlistedAside(store, sha256, { seen, snapshotIds: [], signal })).toBe("left");
  expect(await store.blobs.stat(sha256)).toBeDefined();
  await damage(mirror, sha256);
  const cut = await lookAtBlob(store, sha256, signal);
  expect(await putUnlistedAside(store, sha256, { seen: cut, snapshotIds: ["other"], signal })).toBe("left");
  const over = AbortSignal.abort();
  await expect(
    putUnlistedAside(store, sha256, { seen: cut, snapshotIds: [], signal: over }),
  ).rejects.toThrow();
  expect(await store.blobs.stat(sha256)).toBeDefined();
  expect(await putUnlistedAside(store, sha256, { seen: cut, snapshotIds: [], signal })).toBe("aside");
  await lease.release();
});

test("a damaged tarball that cannot be opened is put aside, and those after it, too", async () => {
  await using upstream = await startUpstream(TREE);
  let unreadable: Sha256 | undefined;
  await using mirror = await serveCached(
    upstream,
    opening(async (sha256) => {
      if (sha256 === unreadable) throw new JamError("JAM_STORE_PERMISSION", "not readable");
    }),
  );
  const [first, second] = inOrder(mirror);
  const hashes = [mirror.agentOf(first).sha256, mirror.agentOf(second).sha256] as const;
  await get(mirror, first);
  await get(mirror, second);
  for (const sha256 of hashes) await damage(mirror, sha256);
  unreadable = hashes[0];
  await note(mirror, ...hashes);
  await until(() => isSettled(mirror), 5_000);
  for (const sha256 of hashes) expect(await mirror.store.blobs.stat(sha256)).toBeUndefined();
});

test("a sync settles what cannot be opened as damaged", async () => {
  await using upstream = await startUpstream(TREE);
  await using mirror = await serveCached(upstream);
  const { documents, blobs } = mirror.store;
  const sha256 = mirror.agentOf(TREE.releases[0]).sha256;
  await mirror.stop();
  await note(mirror, sha256);
  const settled = await settleDamage({ documents, blobs: { ...blobs, open: refuse } });
  expect(settled.map((one) => one.sha256)).toEqual([sha256]);
});

test.for([
  ["lists it", false],
  ["cannot be read", true],
] as const)(
  "a note that is left because a snapshot %s is settled when that is gone",
  async ([, isUnreadable]) => {
    await using upstream = await startUpstream(TREE);
    await using mirror = await serveCached(upstream);
    const listed = await publisher(mirror.store)({ agents: [{ version: "3.6.5" }] });
    const [first] = inOrder(mirror);
    await get(mirror, first);
    const sha256 = isUnreadable ? mirror.agentOf(first).sha256 : (listed.agents[0]?.sha256 as Sha256);
    const path = join(mirror.store.path, `snapshots/${listed.id}.json`);
    if (isUnreadable) {
      await chmod(path, 0o644);
      await writeFile(path, "damaged");
    }
    await damage(mirror, sha256);
    let looks = 0;
    const { documents } = mirror.store;
    const list = documents.list.bind(documents);
    documents.list = (kind) => {
      if (kind === "state") looks += 1;
      return list(kind);
    };
    await note(mirror, sha256);
    const before = looks;
    await until(() => looks > before + 2);
    expect(await isSettled(mirror)).toBe(false);

    await rm(path);

    await until(() => isSettled(mirror));
    expect(await mirror.store.blobs.stat(sha256)).toBeUndefined();
  },
);

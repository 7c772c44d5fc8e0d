import { expect, test } from "vitest";
import type { PullThroughWork } from "../../../src/cache/pull-through.ts";
import { readCachedBlobs } from "../../../src/mirror/cached-blobs.ts";
import { serveCached, type CachedMirror } from "../../helpers/cached-mirror.ts";
import { startUpstream } from "../../helpers/upstream.ts";

const [A, B, C, D] = ["3.6.24", "3.6.25", "3.6.26", "3.6.27"] as const;
const TREE = {
  releases: [A, B, C, D],
  arches: ["amd64"],
  oses: ["ubuntu"],
  streams: ["released"],
  tarballBytes: 100_000,
} as const;
/** Room for two of the tarballs. */
const QUOTA = 250_000;

/** A step of the cache that waits once it is armed, until the test goes on. */
class Gate {
  isArmed = false;
  readonly #reached = Promise.withResolvers<void>();
  readonly #open = Promise.withResolvers<void>();
  readonly reached = this.#reached.promise;

  async pass(): Promise<void> {
    if (!this.isArmed) return;
    this.#reached.resolve();
    await this.#open.promise;
  }

  open(): void {
    this.isArmed = false;
    this.#open.resolve();
  }
}

/** Where the cache looks for what it may evict, where it takes the lease for that, and where a tarball is noted and not there yet. */
function gates() {
  const [looking, evicting, noted] = [new Gate(), new Gate(), new Gate()];
  const cached = ({ store }: PullThroughWork): Partial<PullThroughWork> => {
    const { documents, lease, blobs } = store;
    return {
      store: {
        ...store,
        documents: {
          ...documents,
          get: (...args) => looking.pass().then(() => documents.get(...args)),
        },
        lease: { ...lease, acquire: (command) => evicting.pass().then(() => lease.acquire(command)) },
        blobs: {
          ...blobs,
          stage: (sha256, readers) =>
            blobs.stage(
              sha256,
              readers && {
                ...readers,
                onProven: () => (readers.onProven?.() ?? noted.pass()).then(() => noted.pass()),
              },
            ),
        },
      },
    };
  };
  return { looking, evicting, noted, cached };
}

async function get(mirror: CachedMirror, version: string): Promise<void> {
  const answer = await fetch(mirror.urlOf(version));
  const body = Buffer.from(await answer.arrayBuffer());
  expect([answer.status, body.equals(await mirror.bytesOf(version))]).toEqual([200, true]);
}

/** What is in the store is noted, counts, and fits into the quota. */
async function expectCounted(mirror: CachedMirror): Promise<void> {
  const held = await Array.fromAsync(mirror.store.blobs.list());
  const noted = await readCachedBlobs(mirror.store.documents);
  expect([...noted.keys()].sort()).toEqual(held.map(({ sha256 }) => sha256).sort());
  const bytes = held.reduce((sum, { size }) => sum + size, 0);
  expect(mirror.pullThrough.bytes).toBe(bytes);
  expect(bytes).toBeLessThanOrEqual(QUOTA);
}

test("a tarball that comes while the cache looks for what to evict keeps its note, and counts", async () => {
  await using upstream = await startUpstream(TREE);
  const { looking, noted, cached } = gates();
  await using mirror = await serveCached(upstream, { quota: QUOTA, cached });
  await get(mirror, A);
  await get(mirror, B);

  looking.isArmed = true;
  const third = get(mirror, C);
  await looking.reached;
  noted.isArmed = true;
  const fourth = get(mirror, D);
  await noted.reached;
  looking.open();
  await third;
  noted.open();
  await fourth;

  await expect.poll(() => mirror.pullThrough.counts.evicted).toBe(2);
  await expect.poll(() => expectCounted(mirror).then(() => true)).toBe(true);
});

test("a tarball that another run deleted and that comes again while the cache evicts keeps its note", async () => {
  await using upstream = await startUpstream(TREE);
  const { evicting, noted, cached } = gates();
  await using mirror = await serveCached(upstream, { quota: QUOTA, cached });
  await get(mirror, A);
  await get(mirror, B);

  evicting.isArmed = true;
  const third = get(mirror, C);
  await evicting.reached;
  const other = await mirror.store.lease.acquire("jam repair");
  await mirror.store.blobs.delete(mirror.agentOf(A).sha256);
  await other.release();
  noted.isArmed = true;
  const again = get(mirror, A);
  await noted.reached;
  evicting.open();
  await third;
  noted.open();
  await again;

  await expect.poll(() => expectCounted(mirror).then(() => true)).toBe(true);
});

test.for([2, 3, 5])("whatever comes and goes, what is held counts: %i clients", async (clients) => {
  await using upstream = await startUpstream(TREE);
  await using mirror = await serveCached(upstream, { quota: QUOTA });
  const storm = async (client: number) => {
    for (let turn = 0; turn < 12; turn += 1)
      await get(mirror, TREE.releases[(client + turn * (1 + (client % 3))) % 4] ?? A);
  };

  await Promise.all(Array.from({ length: clients }, (_, client) => storm(client)));
  await get(mirror, A);

  await expect.poll(() => expectCounted(mirror).then(() => true)).toBe(true);
});

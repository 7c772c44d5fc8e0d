import { isSha256, type Sha256 } from "../shared/sha256.ts";
import type { DocumentStore } from "../store/store.ts";
import { stateDocument } from "./state-document.ts";

/** An agent as the note on a cached tarball names it. */
export interface CachedAgent {
  readonly version: string;
  readonly release: string;
  readonly arch: string;
  readonly streams: readonly string[];
  /** Upstream's path. */
  readonly path: string;
}

/** A tarball that the cache server fetched because a client asked for it. */
export interface CachedBlob {
  /** Bytes. */
  readonly size: number;
  /** The agents that upstream listed with it then. */
  readonly agents: readonly CachedAgent[];
  /** Name of the upstream that sent it; absent where an earlier version of jam fetched it. */
  readonly upstream?: string;
  /** ISO 8601. */
  readonly fetchedAt: string;
  /** ISO 8601; when it was last given out, to the minute. */
  readonly usedAt: string;
}

/** By hash. What is noted before its tarball has come, or after it went, has no blob in the store. */
export type CachedBlobs = ReadonlyMap<Sha256, CachedBlob>;

const note = stateDocument({
  name: "cached.json",
  format: "jam-cached-blobs:1",
  schema: (zod) =>
    zod.object({
      blobs: zod.array(
        zod.object({
          sha256: zod.custom<Sha256>(isSha256),
          size: zod.number().int().nonnegative(),
          agents: zod.array(
            zod.object({
              version: zod.string(),
              release: zod.string(),
              arch: zod.string(),
              streams: zod.array(zod.string()),
              path: zod.string(),
            }),
          ),
          upstream: zod.string().exactOptional(),
          fetchedAt: zod.iso.datetime(),
          usedAt: zod.iso.datetime(),
        }),
      ),
    }),
  // The tarballs are verified ones that no snapshot lists: they stay for 7 days, and are fetched again afterwards.
  damage: "absent",
  indent: 0,
});

/** Every tarball that was fetched for a client and not evicted; none where the note is damaged. */
export async function readCachedBlobs(documents: Pick<DocumentStore, "get">): Promise<CachedBlobs> {
  const found = await note.read(documents);
  return new Map(found?.blobs.map(({ sha256, ...blob }) => [sha256, blob]));
}

/** Replaces the note, durably. Only the cache server does. */
export async function writeCachedBlobs(
  documents: Pick<DocumentStore, "put">,
  cached: CachedBlobs,
): Promise<void> {
  const blobs = [...cached].map(([sha256, { agents, ...blob }]) => ({
    sha256,
    ...blob,
    agents: agents.map(({ streams, ...agent }) => ({ ...agent, streams: [...streams] })),
  }));
  await note.write(documents, { blobs });
}

import { MIRROR_REF } from "../shared/ref-name.ts";
import { formatAgentName, type Agent } from "../juju/agent.ts";
import { MAX_LISTED } from "../shared/listed.ts";
import { pageReader, readAgents, requirePages } from "./catalogue.ts";
import { readDamaged } from "./damaged-blobs.ts";
import type { Store } from "../store/store.ts";
import { currentHeader, listSnapshotIds } from "./read-snapshots.ts";
import { readStaged } from "./kept-data.ts";
import { readLastRuns } from "./last-runs.ts";
import { findKilledRun } from "./run-note.ts";
import type { GoneRow } from "./gone-upstream.ts";
import type { PathAlarm } from "./path-alarms.ts";
import type { RunningVersions } from "./running-versions.ts";
import type { CacheRules, ShownReader } from "./read-shown.ts";
import { readReports } from "./run-report.ts";
import { isVerified, proofsOf } from "./snapshot.ts";
import type { SnapshotHeader } from "./snapshot-document.ts";
import type { StatusDocument, WaitingBundle } from "./status-document.ts";

const GONE_NOTE = "gone-upstream.json";
const ALARMS_NOTE = "path-alarms.json";

/** What the status says that the store does not know. */
export interface StatusSettings extends Pick<StatusDocument, "data" | "mode"> {
  /** How many of the last runs to show. */
  readonly runs: number;
  /** What the fleet runs; undefined where that is not to be kept, or not asked for. */
  readonly running?: RunningVersions | undefined;
  /** Present in cache mode. */
  readonly cache?: (CacheRules & { readonly now: Date }) | undefined;
  readonly readWaiting: () => Promise<readonly WaitingBundle[]>;
}

/**
 * What the mirror shows and what happened last: what `jam status -o json` prints.
 * @throws JamError JAM_STORE_…
 */
export async function readStatus(
  store: Pick<Store, "blobs" | "documents" | "refs" | "lease" | "space">,
  { data, mode, runs, running, cache, readWaiting }: StatusSettings,
): Promise<StatusDocument> {
  const header = await currentHeader(store, MIRROR_REF);
  if (header !== undefined) await requirePages(header, store.documents);
  const killed = await findKilledRun(store);
  const { reports, damaged } = await readReports(store.documents, runs);
  const partial = await readStaged(store);
  const { gone, alarms } = await readUpstreamNotes(store.documents);
  const writer = await store.lease.holder();
  return {
    data,
    mode,
    lastGood: (await readLastRuns(store)).lastGood,
    ...describeSnapshot(header),
    snapshots: await listSnapshotIds(store.documents),
    damaged: await describeDamaged(store.documents, header),
    ...(alarms.length === 0 ? {} : { alarms: alarms.slice(0, MAX_LISTED) }),
    ...(gone.length === 0 ? {} : { goneUpstream: gone.slice(0, MAX_LISTED) }),
    ...(cache === undefined ? {} : { cache: await readCache(store, cache) }),
    ...(running === undefined ? {} : { running: await describeRunning(running, store.documents, header) }),
    waiting: await readWaiting(),
    ...(partial.tarballs === 0 ? {} : { partial }),
    writer: writer === undefined ? null : { ...writer, since: writer.since.toISOString() },
    freeBytes: (await store.space?.().catch(() => null)) ?? null,
    runs: [...(killed === undefined ? [] : [killed]), ...reports].slice(0, runs),
    ...(damaged.length === 0 ? {} : { unreadableRuns: damaged }),
  };
}

/** What there is to know of upstream. The code that reads these notes takes long to load, and most mirrors have none. */
async function readUpstreamNotes(
  documents: Store["documents"],
): Promise<{ readonly gone: readonly GoneRow[]; readonly alarms: readonly PathAlarm[] }> {
  const notes = await documents.list("state");
  const gone = notes.includes(GONE_NOTE) ? await import("./gone-upstream.ts") : undefined;
  const alarms = notes.includes(ALARMS_NOTE) ? await import("./path-alarms.ts") : undefined;
  return {
    gone: gone?.describeGone(await gone.readGone(documents)) ?? [],
    alarms: (await alarms?.readAlarms(documents)) ?? [],
  };
}

/** Loaded only where there is a cache. */
async function readCache(
  store: ShownReader,
  cache: CacheRules & { readonly now: Date },
): Promise<NonNullable<StatusDocument["cache"]>> {
  const { describeCache } = await import("./describe-cache.ts");
  return describeCache(store, cache);
}

async function describeDamaged(
  documents: Store["documents"],
  header: SnapshotHeader | undefined,
): Promise<StatusDocument["damaged"]> {
  const damaged = await readDamaged(documents);
  if (damaged.length === 0) return [];
  const names = Map.groupBy(await readListed(documents, header), ({ sha256 }) => sha256);
  return damaged.slice(0, MAX_LISTED).map(({ sha256, how, foundAt, foundBy }) => ({
    sha256,
    agents: (names.get(sha256) ?? []).map(formatAgentName),
    how,
    foundAt,
    foundBy,
  }));
}

async function describeRunning(
  running: RunningVersions,
  documents: Store["documents"],
  header: SnapshotHeader | undefined,
): Promise<NonNullable<StatusDocument["running"]>> {
  const { from } = running;
  if (running.state === "unknown") return { from, versions: [], missing: [], unknown: running.reason };
  const held = new Set((await readListed(documents, header)).map(({ version }) => version));
  const versions = [...running.versions];
  return { from, versions, missing: versions.filter((version) => !held.has(version)) };
}

function readListed(
  documents: Store["documents"],
  header: SnapshotHeader | undefined,
): Promise<readonly Agent[]> | readonly Agent[] {
  return header === undefined ? [] : readAgents(header, pageReader(documents));
}

type SnapshotStatus = Pick<
  StatusDocument,
  "snapshot" | "held" | "tarballs" | "streams" | "verified" | "verbatim"
>;

function describeSnapshot(snapshot: SnapshotHeader | undefined): SnapshotStatus {
  if (snapshot === undefined) {
    return {
      snapshot: null,
      held: { agents: 0, bytes: 0 },
      tarballs: 0,
      streams: {},
      verified: null,
      verbatim: null,
    };
  }
  const { id, createdAt, upstream, bundle, counts, verbatim } = snapshot;
  return {
    snapshot: {
      id,
      createdAt,
      upstream: upstream.url,
      bundle: bundle ?? null,
      expiredKeys: expiredKeysOf(snapshot),
    },
    held: { agents: counts.agents, bytes: counts.bytes },
    tarballs: counts.tarballs,
    streams: counts.streams,
    verified: isVerified(snapshot),
    verbatim,
  };
}

/** Keys that had expired when what they signed was accepted (`--allow expired-key`). */
function expiredKeysOf(snapshot: SnapshotHeader): { fingerprint: string; expiredAt: string }[] {
  const documents = proofsOf(snapshot).flatMap((proof) => proof.documents);
  const expired = documents.flatMap(({ signedBy, keyExpiredAt }) =>
    signedBy === undefined || keyExpiredAt === undefined ? [] : [[signedBy, keyExpiredAt] as const],
  );
  return [...new Map(expired)].map(([fingerprint, expiredAt]) => ({ fingerprint, expiredAt }));
}

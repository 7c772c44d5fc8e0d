import { listDamaged } from "../../mirror/damaged-list.ts";
import { listSnapshotIds, readSnapshot } from "../../mirror/read-snapshots.ts";
import { snapshotIdOf, type Snapshot } from "../../mirror/snapshot.ts";
import { JamError } from "../../shared/errors.ts";
import type { RefName } from "../../shared/ref-name.ts";
import type { Store } from "../../store/store.ts";
import type { LookupReader } from "../../upgrade/lookup/lookup-source.ts";
import { findingOf, type FoundFact } from "../finding.ts";
import { sortFindings, verdictOf } from "../verdict.ts";
import { checkLookups } from "./check-lookups.ts";
import { checkServedDocuments } from "./check-documents.ts";
import { findServed, sameSnapshot, staleness } from "./check-place.ts";
import { checkServedSizes, checkServedTarballs, type ServedTarball } from "./check-tarballs.ts";
import { expectMirror } from "./expected.ts";
import type { Probe } from "./probe.ts";
import type { VerifyUrlDocument } from "./verify-url-document.ts";

export interface VerifyUrlOptions {
  /** As controllers have it, without a slash at its end. */
  readonly url: string;
  readonly ref: RefName;
  /** Downloads every tarball instead of a sample. */
  readonly isDeep: boolean;
}

export interface VerifyUrlWork {
  readonly store: Pick<Store, "refs" | "documents" | "blobs">;
  readonly probe: Probe;
  /** Reads documents as Juju's clients do. */
  readonly reader: LookupReader;
}

/** Tarballs that are downloaded without `isDeep`. */
const SAMPLE = 3;

/**
 * Asks an address what Juju asks, from outside, and compares the answers with what this mirror has to serve there.
 * @throws JamError JAM_MIRROR_EMPTY, JAM_STORE_…, JAM_CANCELLED
 */
export async function verifyUrl(options: VerifyUrlOptions, work: VerifyUrlWork): Promise<VerifyUrlDocument> {
  const startedAt = performance.now();
  const { url, ref, isDeep } = options;
  let requests = 0;
  const probe: Probe = (at, request) => {
    requests += 1;
    return work.probe(at, request);
  };
  const snapshot = await shownSnapshot(work.store, ref);
  const served = await findServed(url, probe);
  const checked = { documents: 0, tarballs: 0, downloaded: 0, bytes: 0, generations: 0 };
  const facts: FoundFact[] = [...served.facts];
  if (served.name !== undefined) {
    const kept = new Set(await listSnapshotIds(work.store.documents));
    const others = await otherRefs(work.store, ref);
    const stale = staleness(url, served.name, { ref, id: snapshot.id, kept, others });
    const alike = stale === undefined ? sameSnapshot(url, { ref, id: snapshot.id, others }) : undefined;
    if (alike !== undefined) facts.push(alike);
    const damaged = await listDamaged(work.store.documents);
    const name = stale === undefined ? served.name : snapshot.id;
    const expected = expectMirror(snapshot, { damaged, name });
    const tarballs = [...expected.tarballs].map(([path, tarball]): ServedTarball => ({ path, ...tarball }));
    const sample = isDeep ? tarballs : sampleOf(tarballs);
    if (stale === undefined) {
      facts.push(...(await checkServedDocuments(url, expected, probe)));
      const lookups = await checkLookups(url, expected.snapshot, work.reader);
      facts.push(...lookups.facts);
      Object.assign(checked, { documents: expected.documents.size, generations: lookups.generations });
    } else facts.push(stale);
    facts.push(...(await checkServedTarballs(url, sample, { probe, firstBytes: firstBytesOf(work.store) })));
    const rest = tarballs.filter((one) => !sample.includes(one));
    facts.push(...(await checkServedSizes(url, rest, { probe })));
    Object.assign(checked, {
      tarballs: tarballs.length,
      downloaded: sample.length,
      bytes: sample.reduce((sum, { size }) => sum + size, 0),
    });
  }
  const findings = sortFindings(facts.map(findingOf));
  const verdict = verdictOf(findings);
  return {
    verdict,
    outcome: verdict,
    findings,
    url,
    ref,
    snapshot: snapshot.id,
    deep: isDeep,
    checked: { requests, ...checked },
    durationMs: Math.round(performance.now() - startedAt),
  };
}

async function otherRefs({ refs }: Pick<Store, "refs">, ref: RefName) {
  const all = await refs.list();
  return all
    .filter(({ name }) => name !== ref)
    .map(({ name, target }) => ({ ref: name as RefName, snapshot: snapshotIdOf(target) }));
}

async function shownSnapshot(store: Pick<Store, "refs" | "documents">, ref: RefName): Promise<Snapshot> {
  const target = await store.refs.read(ref);
  const snapshot = target === undefined ? undefined : await readSnapshot(store, snapshotIdOf(target));
  if (snapshot !== undefined) return snapshot;
  throw new JamError("JAM_SNAPSHOT_NOT_FOUND", `${ref} shows no snapshot.`, {
    hint: "Run `jam verify` to see why, or name a channel that was promoted before.",
    details: { ref },
  });
}

/** The first, the last and the smallest: all servers treat all tarballs alike, and that shows in any of them. */
function sampleOf(tarballs: readonly ServedTarball[]): ServedTarball[] {
  const bySize = tarballs.toSorted((a, b) => a.size - b.size);
  const chosen = [bySize[0], tarballs[0], tarballs.at(-1)].filter((one) => one !== undefined);
  return [...new Map(chosen.map((one) => [one.path, one])).values()].slice(0, SAMPLE);
}

function firstBytesOf({ blobs }: Pick<Store, "blobs">) {
  return async ({ sha256 }: ServedTarball, count: number): Promise<Uint8Array | undefined> => {
    const blob = await blobs.open(sha256);
    if (blob === undefined) return undefined;
    try {
      const pieces: Buffer[] = [];
      for await (const piece of blob.bytes({ start: 0, end: count })) pieces.push(Buffer.from(piece));
      return Buffer.concat(pieces);
    } finally {
      await blob.close();
    }
  };
}

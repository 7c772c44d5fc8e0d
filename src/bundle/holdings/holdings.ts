import type { BlobStore } from "../../store/store.ts";
import { formatAgentName } from "../../juju/agent.ts";
import { sha256Of, type Sha256 } from "../../shared/sha256.ts";
import { readCurrentSnapshot, type MirrorReader } from "../../mirror/current.ts";
import { proofsOf, type Snapshot } from "../../mirror/snapshot.ts";
import { bringersOf, readImportRecords, type ImportRecord } from "./import-records.ts";

/** The part of a store that is needed to know what the mirror holds. */
export interface HoldingsPorts extends MirrorReader {
  readonly blobs: Pick<BlobStore, "stat">;
}

/** A tarball that is held whole. */
export interface HeldTarball {
  readonly sha256: Sha256;
  /** Bytes. */
  readonly size: number;
  /** Names of agents, ascending. */
  readonly agents: readonly string[];
}

/** What the current snapshot lists and rests on, as far as it is really there. */
export interface Holdings {
  /** Undefined before the first sync or import. */
  readonly snapshot: Snapshot | undefined;
  /** By SHA-256. */
  readonly tarballs: readonly HeldTarball[];
  /** Ascending. */
  readonly documents: readonly Sha256[];
  /** What was imported, newest last. */
  readonly records: readonly ImportRecord[];
  /** The bundle that brought each content; what came another way is not in it. */
  readonly bringers: ReadonlyMap<Sha256, string>;
}

/**
 * Looks at what is held. Tarballs were hashed when they came: their sizes tell whether they are still whole.
 * Documents are small, so they are hashed again.
 * @throws JamError JAM_STORE_…
 */
export async function readHoldings(ports: HoldingsPorts): Promise<Holdings> {
  const snapshot = await readCurrentSnapshot(ports);
  const records = await readImportRecords(ports.documents);
  return {
    snapshot,
    tarballs: await heldTarballs(snapshot, ports),
    documents: await heldDocuments(snapshot, ports),
    records,
    bringers: bringersOf(records),
  };
}

async function heldTarballs(
  snapshot: Snapshot | undefined,
  { blobs }: HoldingsPorts,
): Promise<HeldTarball[]> {
  const bySha256 = Map.groupBy(snapshot?.agents ?? [], ({ sha256 }) => sha256);
  const held: HeldTarball[] = [];
  for (const [sha256, agents] of [...bySha256].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const size = agents[0]?.size ?? 0;
    if ((await blobs.stat(sha256))?.size !== size) continue;
    held.push({ sha256, size, agents: agents.map(formatAgentName).sort() });
  }
  return held;
}

async function heldDocuments(
  snapshot: Snapshot | undefined,
  { documents }: HoldingsPorts,
): Promise<Sha256[]> {
  const held: Sha256[] = [];
  const proofs = snapshot === undefined ? [] : proofsOf(snapshot).flatMap((proof) => proof.documents);
  for (const sha256 of [...new Set(proofs.map(({ sha256 }) => sha256))].sort()) {
    const bytes = await documents.get("upstream", sha256);
    if (bytes !== undefined && sha256Of(bytes) === sha256) held.push(sha256);
  }
  return held;
}

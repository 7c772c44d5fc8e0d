import { defined } from "../../shared/collections.ts";
import { formatAgentName, sumTarballBytes } from "../../juju/agent.ts";
import { contentsOf } from "../../mirror/contents.ts";
import { listDamaged } from "../../mirror/damaged-list.ts";
import { readKeptBytes } from "../../mirror/proofs.ts";
import { currentSnapshot, type MirrorReader } from "../../mirror/read-snapshots.ts";
import type { Snapshot } from "../../mirror/snapshot.ts";
import { DOCUMENTS_AT_ONCE, mapConcurrently } from "../../shared/map-concurrently.ts";
import { MIRROR_REF } from "../../shared/ref-name.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import type { BlobStore, DocumentStore } from "../../store/store.ts";
import { INVENTORY_FORMAT, type MirrorInventory } from "../format/inventory.ts";
import { groupReceived, RECEIPT_FORMAT, type Receipt } from "../format/receipt.ts";
import { bundleByContent, readImportRecords, type ImportRecord } from "./import-records.ts";

/** The part of a store that an inventory needs. */
export interface InventoryStore extends Pick<MirrorReader, "refs"> {
  readonly documents: Pick<DocumentStore, "get" | "list">;
  readonly blobs: Pick<BlobStore, "stat">;
}

/** A tarball that is complete. */
export interface HeldTarball {
  readonly sha256: Sha256;
  /** Bytes. */
  readonly size: number;
  /** Names of agents, ascending. */
  readonly agents: readonly string[];
}

/** What the current snapshot lists and is based on, as far as it is in the store. */
export interface HeldContents {
  /** Undefined before the first sync or import. */
  readonly snapshot: Snapshot | undefined;
  /** By SHA-256. */
  readonly tarballs: readonly HeldTarball[];
  /** Ascending. */
  readonly documents: readonly Sha256[];
  /** What was imported, newest last. */
  readonly records: readonly ImportRecord[];
  /** The bundle that each content came with; without contents that did not come with a bundle. */
  readonly bundleOf: ReadonlyMap<Sha256, string>;
}

/**
 * Reads what the store has. Tarballs were hashed when they arrived, so only their sizes are compared; what was found damaged since is left out.
 * Documents are small, so they are hashed again.
 * @throws JamError JAM_STORE_…
 */
export async function readHeldContents(ports: InventoryStore): Promise<HeldContents> {
  const snapshot = await currentSnapshot(ports, MIRROR_REF);
  const records = await readImportRecords(ports.documents);
  return {
    snapshot,
    tarballs: await heldTarballs(snapshot, ports),
    documents: await heldDocuments(snapshot, ports),
    records,
    bundleOf: bundleByContent(records),
  };
}

async function heldTarballs(
  snapshot: Snapshot | undefined,
  { blobs, documents }: InventoryStore,
): Promise<HeldTarball[]> {
  if (snapshot === undefined) return [];
  const damaged = await listDamaged(documents);
  const agents = Map.groupBy(snapshot.agents, ({ sha256 }) => sha256);
  const { tarballs } = contentsOf(snapshot);
  const stats = await mapConcurrently(tarballs, ({ sha256 }) => blobs.stat(sha256));
  const held = tarballs
    .filter(({ sha256, size }, at) => stats[at]?.size === size && !damaged.has(sha256))
    .map(({ sha256, size }) => ({
      sha256,
      size,
      agents: (agents.get(sha256) ?? []).map(formatAgentName).sort(),
    }));
  return held.sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
}

async function heldDocuments(
  snapshot: Snapshot | undefined,
  { documents }: InventoryStore,
): Promise<Sha256[]> {
  const proofs = snapshot === undefined ? [] : contentsOf(snapshot).documents;
  const named = proofs.map(({ sha256 }) => sha256).sort();
  const isKept = await mapConcurrently(
    named,
    async (sha256) => (await readKeptBytes(documents, sha256)) !== undefined,
    DOCUMENTS_AT_ONCE,
  );
  return named.filter((_, at) => isKept[at]);
}

/** Which side, and when. */
export interface TakeOptions {
  /** Name of this side. */
  readonly site: string | undefined;
  readonly now: Date;
}

/**
 * The inventory of this mirror, for the near side. For an empty mirror the next bundle contains everything.
 * @throws JamError JAM_STORE_…
 */
export async function takeInventory(
  ports: InventoryStore,
  { site, now }: TakeOptions,
): Promise<MirrorInventory> {
  const { snapshot, tarballs, documents, records, bundleOf } = await readHeldContents(ports);
  const originOf = (sha256: (typeof documents)[number]) => {
    const bundle = bundleOf.get(sha256);
    return bundle === undefined ? {} : { bundle };
  };
  return {
    format: INVENTORY_FORMAT,
    kind: "mirror",
    createdAt: now.toISOString(),
    ...defined({ site }),
    snapshot: snapshot?.id ?? null,
    tarballs: tarballs.map((tarball) => ({ ...tarball, ...originOf(tarball.sha256) })),
    documents: documents.map((sha256) => ({ sha256, ...originOf(sha256) })),
    bundles: records.map(({ bundle, createdAt, importedAt }) => ({ id: bundle, createdAt, importedAt })),
  };
}

/**
 * The receipt of this mirror, to be signed and sent to the near side.
 * @throws JamError JAM_STORE_…
 */
export async function takeReceipt(
  ports: InventoryStore,
  { site, now }: TakeOptions & { readonly site: string },
): Promise<Receipt> {
  const { snapshot, tarballs, documents, bundleOf } = await readHeldContents(ports);
  const received = groupReceived([...tarballs.map(({ sha256 }) => sha256), ...documents], bundleOf);
  const shown = snapshot?.bundle?.id;
  const isNamed = shown === undefined || received.bundles.includes(shown);
  return {
    format: RECEIPT_FORMAT,
    site,
    createdAt: now.toISOString(),
    snapshot: snapshot?.id ?? null,
    held: received.held,
    // A bundle without new contents has arrived, too.
    bundles: isNamed ? received.bundles : [...received.bundles, shown],
    agents: tarballs.reduce((sum, { agents }) => sum + agents.length, 0),
    bytes: sumTarballBytes(tarballs),
  };
}

import { z } from "zod";
import { sha256Field } from "../../mirror/document-fields.ts";
import { noteRefusedContents, pinContents, readPins, unpinContents } from "../../mirror/pins.ts";
import { hashesOfKept, readKeptSnapshots } from "../../mirror/kept-contents.ts";
import { stateDocuments } from "../../mirror/state-document.ts";
import { isJamError, isOfFamily, type JamError } from "../../shared/errors.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import type { DocumentStore, Store } from "../../store/store.ts";
import { contentsOf, formatManifest, type BundleManifest } from "../format/manifest.ts";
import { parseManifest } from "../format/parse-manifest.ts";
import { readImportRecords } from "../inventory/import-records.ts";
import type { ImportWork } from "./import-work.ts";

const notes = stateDocuments({
  prefix: "pending-bundle-",
  format: "jam-pending-bundle:1",
  schema: z.object({
    manifest: z.string(),
    manifestBytes: z.int().min(1),
    signatureBytes: z.number(),
    signedBy: z.string().nullable(),
    signerExpiredAt: z.string().exactOptional(),
    volumeSize: z.number().nullable(),
    channel: z.string().exactOptional(),
  }),
  damage: "absent",
  indent: 0,
});

const keptPart = z.object({
  content: sha256Field,
  offset: z.int().min(0),
  length: z.int().min(1),
  sha256: sha256Field,
});

const PARTS_FORMAT = "jam-pending-parts:1";
const partNotes = stateDocuments<{ readonly parts: readonly KeptPart[] }>({
  prefix: "pending-parts-",
  format: PARTS_FORMAT,
  schema: z.object({ parts: z.array(keptPart) }),
  damage: "absent",
  upgrade: (note) => (Array.isArray(note) ? { format: PARTS_FORMAT, parts: note } : note),
  indent: 0,
});

/** A bundle of which something is still missing, or that has just been read. */
export interface PendingBundle {
  readonly manifest: BundleManifest;
  /** Bytes of the manifest and of its signature: with the volume size they determine which volume contains what. */
  readonly manifestBytes: number;
  readonly signatureBytes: number;
  /** Fingerprint of its signer; null when it was accepted without a signature that is trusted here. */
  readonly signedBy: string | null;
  /** ISO 8601; when the key of its signer expired, if it had expired when the bundle arrived. */
  readonly signerExpiredAt?: string;
  readonly volumeSize: number | null;
  /** The channel of this side that it is imported into; absent for the mirror. */
  readonly channel?: string;
}

/** A part of a content that arrived before the other parts, kept as a blob of its own. */
export type KeptPart = z.infer<typeof keptPart>;

/**
 * Records a bundle before anything of it is stored, and pins what it names, so that its other volumes, or the bundle
 * that it is based on, may arrive later.
 */
export async function putPending(documents: DocumentStore, bundle: PendingBundle): Promise<void> {
  const { manifest, ...rest } = bundle;
  const owner = ownerOf(manifest.id);
  // Before the pins: what no note names must not stay pinned.
  await notes.of(manifest.id).write(documents, { manifest: JSON.stringify(manifest), ...rest });
  await pinContents(documents, owner, new Set(contentsOf(manifest).map(({ sha256 }) => sha256)));
}

/** Every pending bundle, in the order in which they were made; a damaged record is left out. */
export async function readPending(documents: DocumentStore): Promise<PendingBundle[]> {
  const bundles: PendingBundle[] = [];
  for (const id of await notes.keys(documents)) {
    const bundle = await readNote(documents, id);
    if (bundle !== undefined) bundles.push(bundle);
  }
  return bundles.sort((a, b) => Date.parse(a.manifest.createdAt) - Date.parse(b.manifest.createdAt));
}

/** The pending bundle of this manifest; undefined if there is none, or its record is damaged. */
export async function findPending(
  documents: Pick<DocumentStore, "get">,
  manifest: BundleManifest,
): Promise<PendingBundle | undefined> {
  const waiting = await readNote(documents, manifest.id);
  if (waiting === undefined) return undefined;
  // The hash in an id is too short to identify a manifest.
  return Buffer.compare(formatManifest(waiting.manifest), formatManifest(manifest)) === 0
    ? waiting
    : undefined;
}

/**
 * Deletes the record of a bundle that is not pending any longer, and the parts kept for it. The record is deleted last,
 * so that the next import finds everything that a killed run leaves.
 */
export async function deletePending(store: PartStore, id: string): Promise<void> {
  const { documents } = store;
  const parts = await readParts(documents, id);
  if (parts.length > 0) await deleteParts(store, id, { gone: parts, kept: [] });
  await unpinContents(documents, partsOwnerOf(id));
  await partNotes.of(id).delete(documents);
  await unpinContents(documents, ownerOf(id));
  await notes.of(id).delete(documents);
}

/** The parts of contents that are kept for a bundle. */
export async function readParts(documents: Pick<DocumentStore, "get">, id: string): Promise<KeptPart[]> {
  return [...((await partNotes.of(id).read(documents))?.parts ?? [])];
}

/** Replaces the record of the kept parts, durably. */
export async function writeParts(
  documents: DocumentStore,
  id: string,
  parts: readonly KeptPart[],
): Promise<void> {
  await pinParts(documents, id, parts);
  await partNotes.of(id).write(documents, { parts });
}

/** What parts are deleted from. */
export interface PartStore {
  readonly documents: DocumentStore;
  readonly blobs: Pick<Store["blobs"], "delete">;
}

/**
 * Deletes parts that nothing needs; those that a snapshot lists or something has pinned stay. The note is written last:
 * killed before, it still names what is to be deleted.
 */
export async function deleteParts(
  store: PartStore,
  id: string,
  { gone, kept }: { readonly gone: readonly KeptPart[]; readonly kept: readonly KeptPart[] },
): Promise<void> {
  const { documents, blobs } = store;
  await pinParts(documents, id, kept);
  // A label is not signed: a part may have the hash of a tarball that is really held.
  const needed = hashesOfKept(await readKeptSnapshots(store));
  const pinned = await readPins(documents);
  for (const { sha256 } of gone) if (!needed.has(sha256) && !pinned.has(sha256)) await blobs.delete(sha256);
  await writeParts(documents, id, kept);
}

function pinParts(documents: DocumentStore, id: string, parts: readonly KeptPart[]): Promise<void> {
  return pinContents(
    documents,
    partsOwnerOf(id),
    parts.map(({ sha256 }) => sha256),
  );
}

/** What a bundle names, by hash. */
export function namedContents({ manifest }: PendingBundle): Set<Sha256> {
  return new Set(contentsOf(manifest).map(({ sha256 }) => sha256));
}

async function readNote(
  documents: Pick<DocumentStore, "get">,
  id: string,
): Promise<PendingBundle | undefined> {
  const note = await notes.of(id).read(documents);
  if (note === undefined) return undefined;
  const { manifest, ...rest } = note;
  try {
    return { ...rest, manifest: parseManifest(Buffer.from(manifest), id) };
  } catch (error) {
    if (isJamError(error)) return undefined;
    throw error;
  }
}

function ownerOf(id: string): string {
  return `bundle-${id}`;
}

function partsOwnerOf(id: string): string {
  return `${ownerOf(id)}-parts`;
}

/** True for an error that a later import of the same bundle would repeat. */
export function isRefusal(error: unknown): error is JamError {
  return isOfFamily(error, "metadata", "item", "trust", "bundle") || isJamError(error, "JAM_STORE_CORRUPT");
}

/**
 * Deletes the record of a bundle that was refused. What arrived with it, in this run and in earlier ones, is recorded
 * and deleted after the grace period, unless something else needs it or an import with --allow accepts the bundle.
 */
export async function deleteRefused(
  { manifest }: PendingBundle,
  taken: Iterable<Sha256>,
  { store, now }: Pick<ImportWork, "store" | "now">,
): Promise<void> {
  const records = await readImportRecords(store.documents);
  const earlier = records.find(({ bundle }) => bundle === manifest.id)?.contents ?? [];
  // Recorded before the pins are removed: after a kill in between, the bundle is still pending.
  await noteRefusedContents(store.documents, [...taken, ...earlier], {
    now: now(),
    isHeld: async (sha256) => (await store.blobs.stat(sha256)) !== undefined,
  });
  await deletePending(store, manifest.id);
}

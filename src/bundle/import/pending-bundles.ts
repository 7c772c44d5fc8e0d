import { sha256Field } from "../../mirror/document-fields.ts";
import type { DocumentStore, Store } from "../../store/store.ts";
import { z } from "zod";
import type { Sha256 } from "../../shared/sha256.ts";
import { pinContents, readPins, unpinContents, noteRefusedContents } from "../../mirror/pins.ts";
import { hashesOf } from "../../mirror/contents.ts";
import { readSnapshots } from "../../mirror/read-snapshots.ts";
import { contentsOf, formatManifest, type BundleManifest } from "../format/manifest.ts";
import { parseManifest } from "../format/parse-manifest.ts";
import { stateDocuments } from "../../mirror/state-document.ts";
import { isJamError, isOfFamily, type JamError } from "../../shared/errors.ts";
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
  /** Bytes of the manifest as it came, and of its signature: with the volume size they tell which volume holds what. */
  readonly manifestBytes: number;
  readonly signatureBytes: number;
  /** Fingerprint of its signer; null when it was taken without a signature that is trusted here. */
  readonly signedBy: string | null;
  /** ISO 8601; when the key of its signer had expired by the time that the bundle came. */
  readonly signerExpiredAt?: string;
  readonly volumeSize: number | null;
}

/** A part of a content that came before its other parts, kept as a blob of its own. */
export type KeptPart = z.infer<typeof keptPart>;

/**
 * Remembers a bundle before anything of it is taken in, and lets retention keep what it names, so that its other
 * volumes, or the bundle that it rests on, may come another day.
 */
export async function putPending(documents: DocumentStore, bundle: PendingBundle): Promise<void> {
  const { manifest, ...rest } = bundle;
  const owner = ownerOf(manifest.id);
  // Before the pins: what no note names must not stay pinned.
  await notes.of(manifest.id).write(documents, { manifest: JSON.stringify(manifest), ...rest });
  await pinContents(documents, owner, new Set(contentsOf(manifest).map(({ sha256 }) => sha256)));
}

/** Every bundle that waits, the one made first first; a damaged note is left out. */
export async function readPending(documents: DocumentStore): Promise<PendingBundle[]> {
  const bundles: PendingBundle[] = [];
  for (const id of await notes.keys(documents)) {
    const bundle = await readNote(documents, id);
    if (bundle !== undefined) bundles.push(bundle);
  }
  return bundles.sort((a, b) => Date.parse(a.manifest.createdAt) - Date.parse(b.manifest.createdAt));
}

/** The bundle of this manifest, if some of it came before; undefined also when the note on it is damaged. */
export async function findPending(
  documents: Pick<DocumentStore, "get">,
  manifest: BundleManifest,
): Promise<PendingBundle | undefined> {
  const waiting = await readNote(documents, manifest.id);
  if (waiting === undefined) return undefined;
  // An id is too short a hash to stand for a manifest.
  return Buffer.compare(formatManifest(waiting.manifest), formatManifest(manifest)) === 0
    ? waiting
    : undefined;
}

/**
 * Forgets a bundle that waits no longer, and the parts that are still here for it. Its note goes last: a run that is
 * killed before leaves nothing that the next import does not know of.
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

/** The parts of contents that are here for a bundle. */
export async function readParts(documents: Pick<DocumentStore, "get">, id: string): Promise<KeptPart[]> {
  return [...((await partNotes.of(id).read(documents))?.parts ?? [])];
}

/** Replaces the note on the parts that are here, durably. */
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
 * Deletes parts that nothing needs; those that a snapshot lists or something waits for stay. The note is written last:
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
  const needed = hashesOf(await readSnapshots(store));
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

/** True when a bundle was refused for good: a later import would refuse it again. */
export function isRefusal(error: unknown): error is JamError {
  return isOfFamily(error, "metadata", "item", "trust", "bundle") || isJamError(error, "JAM_STORE_CORRUPT");
}

/**
 * Forgets a bundle that was refused for good. What came with it, in this run and in earlier ones, is noted: it goes
 * when the grace period is over, unless something else needs it or a repetition with --allow takes it.
 */
export async function deleteRefused(
  { manifest }: PendingBundle,
  taken: Iterable<Sha256>,
  { store, now }: Pick<ImportWork, "store" | "now">,
): Promise<void> {
  const records = await readImportRecords(store.documents);
  const earlier = records.find(({ bundle }) => bundle === manifest.id)?.contents ?? [];
  // Noted before the pins go: killed in between, the next import finds the bundle still waiting.
  await noteRefusedContents(store.documents, [...taken, ...earlier], {
    now: now(),
    isHeld: async (sha256) => (await store.blobs.stat(sha256)) !== undefined,
  });
  await deletePending(store, manifest.id);
}

import type { DocumentStore, Store } from "../../store/store.ts";
import { z } from "zod";
import type { Sha256 } from "../../shared/sha256.ts";
import { pinContents, readPins, unpinContents, noteRefusedContents } from "../../mirror/pins.ts";
import { hashesOf } from "../../mirror/contents.ts";
import { readSnapshots } from "../../mirror/read-snapshots.ts";
import { contentsOf, formatManifest, type BundleManifest } from "../format/manifest.ts";
import { parseManifest } from "../format/parse-manifest.ts";
import { sha256Text } from "../format/fields.ts";
import { isJamError, isOfFamily, type JamError } from "../../shared/errors.ts";
import { readImportRecords } from "../inventory/import-records.ts";
import type { ImportWork } from "./import-work.ts";

const FORMAT = "jam-pending-bundle:1";
const NAME = /^pending-bundle-(?<id>[^/]+)\.json$/;

const note = z.object({
  format: z.literal(FORMAT),
  manifest: z.string(),
  manifestBytes: z.int().min(1),
  signatureBytes: z.number(),
  signedBy: z.string().nullable(),
  signerExpiredAt: z.string().exactOptional(),
  volumeSize: z.number().nullable(),
});

const partNote = z.array(
  z.object({ content: sha256Text, offset: z.int().min(0), length: z.int().min(1), sha256: sha256Text }),
);

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
export type KeptPart = z.infer<typeof partNote>[number];

/**
 * Remembers a bundle before anything of it is taken in, and lets retention keep what it names, so that its other
 * volumes, or the bundle that it rests on, may come another day.
 */
export async function putPending(documents: DocumentStore, bundle: PendingBundle): Promise<void> {
  const { manifest, ...rest } = bundle;
  const owner = ownerOf(manifest.id);
  const text = JSON.stringify({ format: FORMAT, manifest: JSON.stringify(manifest), ...rest });
  // Before the pins: what nobody knows of must not be pinned for ever.
  await documents.put("state", noteName(manifest.id), Buffer.from(`${text}\n`));
  await pinContents(documents, owner, new Set(contentsOf(manifest).map(({ sha256 }) => sha256)));
}

/** Every bundle that waits, the one made first first; a damaged note is left out. */
export async function readPending(documents: DocumentStore): Promise<PendingBundle[]> {
  const bundles: PendingBundle[] = [];
  for (const name of await documents.list("state")) {
    const bytes = NAME.test(name) ? await documents.get("state", name) : undefined;
    const bundle = bytes === undefined ? undefined : parseNote(bytes, name);
    if (bundle !== undefined) bundles.push(bundle);
  }
  return bundles.sort((a, b) => Date.parse(a.manifest.createdAt) - Date.parse(b.manifest.createdAt));
}

/** The bundle of this manifest, if some of it came before; undefined also when the note on it is damaged. */
export async function findPending(
  documents: Pick<DocumentStore, "get">,
  manifest: BundleManifest,
): Promise<PendingBundle | undefined> {
  const name = noteName(manifest.id);
  const bytes = await documents.get("state", name);
  const waiting = bytes === undefined ? undefined : parseNote(bytes, name);
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
  await documents.delete("state", partsName(id));
  await unpinContents(documents, ownerOf(id));
  await documents.delete("state", noteName(id));
}

/** The parts of contents that are here for a bundle. */
export async function readParts(documents: DocumentStore, id: string): Promise<KeptPart[]> {
  const bytes = await documents.get("state", partsName(id));
  try {
    const result = partNote.safeParse(JSON.parse(Buffer.from(bytes ?? []).toString("utf8")));
    return result.success ? result.data : [];
  } catch {
    return [];
  }
}

/** Replaces the note on the parts that are here, durably. */
export async function writeParts(
  documents: DocumentStore,
  id: string,
  parts: readonly KeptPart[],
): Promise<void> {
  await pinParts(documents, id, parts);
  await documents.put("state", partsName(id), Buffer.from(`${JSON.stringify(parts)}\n`));
}

/** What parts are let go of from. */
export interface PartStore {
  readonly documents: DocumentStore;
  readonly blobs: Pick<Store["blobs"], "delete">;
}

/**
 * Lets go of parts that nobody needs any more; those that a snapshot lists or something waits for stay. The note goes
 * last: killed before, it still names what is to go.
 */
export async function deleteParts(
  store: PartStore,
  id: string,
  { gone, kept }: { readonly gone: readonly KeptPart[]; readonly kept: readonly KeptPart[] },
): Promise<void> {
  const { documents, blobs } = store;
  await pinParts(documents, id, kept);
  // A label is not signed: a part may bear the name of a tarball that is held in earnest.
  const snapshots = await readSnapshots(store);
  const needed = hashesOf(snapshots);
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

function parseNote(bytes: Uint8Array, name: string): PendingBundle | undefined {
  try {
    const {
      format: _format,
      manifest,
      ...rest
    } = note.parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
    return { ...rest, manifest: parseManifest(Buffer.from(manifest), name) };
  } catch {
    return undefined;
  }
}

function ownerOf(id: string): string {
  return `bundle-${id}`;
}

function partsOwnerOf(id: string): string {
  return `${ownerOf(id)}-parts`;
}

function noteName(id: string): string {
  return `pending-bundle-${id}.json`;
}

function partsName(id: string): string {
  return `pending-parts-${id}.json`;
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

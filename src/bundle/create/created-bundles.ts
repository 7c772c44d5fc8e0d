import { z } from "zod";
import { stateDocuments } from "../../mirror/state-document.ts";
import { isJamError } from "../../shared/errors.ts";
import type { DocumentStore } from "../../store/store.ts";
import { bundleId } from "../format/fields.ts";
import type { BundleManifest } from "../format/manifest.ts";
import { parseManifest } from "../format/parse-manifest.ts";

/** Manifest and signature as they were written: volumes are recreated from them byte for byte. */
const notes = stateDocuments({
  prefix: "created-bundle-",
  format: "jam-created-bundle:1",
  schema: z.object({ manifest: z.string(), signature: z.string().nullable() }),
  damage: "absent",
  indent: 0,
});

/** Number of manifests that are kept to recreate volumes. */
const KEPT = 50;

/** What is needed to recreate any volume of a bundle, byte for byte. */
export interface CreatedBundle {
  readonly manifest: BundleManifest;
  readonly manifestBytes: Uint8Array;
  readonly signature: string | undefined;
}

/**
 * Records a bundle before its volumes are written, and deletes the oldest records beyond the limit. A user who may read
 * a mirror but not write to it can make bundles, too; those are not recorded.
 */
export async function rememberBundle(documents: DocumentStore, bundle: CreatedBundle): Promise<void> {
  try {
    await putNote(documents, bundle);
  } catch (error) {
    if (!isJamError(error, "JAM_STORE_PERMISSION")) throw error;
  }
}

async function putNote(
  documents: DocumentStore,
  { manifest, manifestBytes, signature }: CreatedBundle,
): Promise<void> {
  const text = Buffer.from(manifestBytes).toString("utf8");
  await notes.of(manifest.id).write(documents, { manifest: text, signature: signature ?? null });
  for (const id of (await notes.keys(documents)).slice(0, -KEPT)) await notes.of(id).delete(documents);
}

/** The bundle of this id that was made here; undefined when it is not recorded or its note is damaged. */
export async function recallBundle(
  documents: Pick<DocumentStore, "get">,
  id: string,
): Promise<CreatedBundle | undefined> {
  if (!bundleId.safeParse(id).success) return undefined;
  const note = await notes.of(id).read(documents);
  if (note === undefined) return undefined;
  const manifestBytes = Buffer.from(note.manifest);
  try {
    return {
      manifest: parseManifest(manifestBytes, id),
      manifestBytes,
      signature: note.signature ?? undefined,
    };
  } catch (error) {
    if (isJamError(error)) return undefined;
    throw error;
  }
}

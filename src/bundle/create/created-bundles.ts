import type { DocumentStore } from "../../store/store.ts";
import { isJamError } from "../../shared/errors.ts";
import { parseManifest } from "../format/parse-manifest.ts";
import type { BundleManifest } from "../format/manifest.ts";
import { bundleId } from "../format/fields.ts";

const FORMAT = "jam-created-bundle:1";
const NAME = /^created-bundle-(?<id>[^/]+)\.json$/;

/** So many manifests are kept to make volumes again. */
const KEPT = 50;

/** What is needed to make any volume of a bundle again, to the byte. */
export interface CreatedBundle {
  readonly manifest: BundleManifest;
  readonly manifestBytes: Uint8Array;
  readonly signature: string | undefined;
}

/**
 * Remembers a bundle before its volumes are written, and forgets the oldest beyond the limit. Whoever may read a mirror
 * but not write to it can make bundles, too; those are just not remembered.
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
  const note = {
    format: FORMAT,
    manifest: Buffer.from(manifestBytes).toString("utf8"),
    signature: signature ?? null,
  };
  await documents.put(
    "state",
    `created-bundle-${manifest.id}.json`,
    Buffer.from(`${JSON.stringify(note)}\n`),
  );
  const names = (await documents.list("state")).filter((name) => NAME.test(name));
  for (const old of names.slice(0, -KEPT)) await documents.delete("state", old);
}

/** The bundle of this id that was made here; undefined when it is not remembered (any more) or its note is damaged. */
export async function recallBundle(documents: DocumentStore, id: string): Promise<CreatedBundle | undefined> {
  if (!bundleId.safeParse(id).success) return undefined;
  const bytes = await documents.get("state", `created-bundle-${id}.json`);
  if (bytes === undefined) return undefined;
  try {
    const note = JSON.parse(Buffer.from(bytes).toString("utf8")) as Record<string, unknown> | null;
    if (note?.["format"] !== FORMAT || typeof note["manifest"] !== "string") return undefined;
    const manifestBytes = Buffer.from(note["manifest"]);
    const signature = typeof note["signature"] === "string" ? note["signature"] : undefined;
    return { manifest: parseManifest(manifestBytes, id), manifestBytes, signature };
  } catch {
    return undefined;
  }
}

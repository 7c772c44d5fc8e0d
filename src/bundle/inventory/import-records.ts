import { z } from "zod";
import { sha256Field } from "../../mirror/document-fields.ts";
import { stateDocument } from "../../mirror/state-document.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import type { DocumentStore } from "../../store/store.ts";
import { bundleId, instant } from "../format/fields.ts";
import type { BundleScope } from "../format/manifest.ts";

/** One bundle that was imported here. */
export interface ImportRecord {
  readonly bundle: string;
  /** ISO 8601; when its maker's snapshot was made. */
  readonly createdAt: string;
  /** ISO 8601; of the last time that it was imported. */
  readonly importedAt: string;
  /** Fingerprint of its signer; null for one that was accepted unsigned. */
  readonly signedBy: string | null;
  readonly scope: BundleScope;
  /** Tarballs and documents that came with it, ascending. */
  readonly contents: readonly Sha256[];
}

/** Enough for years; contents of older imports are kept, but no longer attributed to a bundle. */
export const MAX_IMPORT_RECORDS = 200;

const note = stateDocument<{ readonly imports: readonly ImportRecord[] }>({
  name: "imported-bundles.json",
  format: "jam-imported-bundles:1",
  schema: z.object({
    imports: z.array(
      z.object({
        bundle: bundleId,
        createdAt: instant,
        importedAt: instant,
        signedBy: z.string().nullable(),
        scope: z.enum(["mirror", "selection"]),
        contents: z.array(sha256Field),
      }),
    ),
  }),
  damage: "absent",
});

/** What was imported here, newest last; nothing when nothing was, or when the note is damaged. */
export async function readImportRecords(
  documents: Pick<DocumentStore, "get">,
): Promise<readonly ImportRecord[]> {
  return (await note.read(documents))?.imports ?? [];
}

/**
 * Adds an import, durably. A bundle that was imported before moves to the newest place, and its contents of all runs are
 * combined: an import that was interrupted and repeated receives only the rest the second time.
 */
export async function recordImport(
  documents: Pick<DocumentStore, "get" | "put">,
  record: ImportRecord,
): Promise<void> {
  const earlier = await readImportRecords(documents);
  const same = earlier.find(({ bundle }) => bundle === record.bundle);
  const contents = [...new Set([...(same?.contents ?? []), ...record.contents])].sort();
  const imports = [...earlier.filter((one) => one !== same), { ...record, contents }];
  await note.write(documents, { imports: imports.slice(-MAX_IMPORT_RECORDS) });
}

/** The bundle that each content came with; of several, the latest, which is most likely still available. */
export function bundleByContent(records: readonly ImportRecord[]): ReadonlyMap<Sha256, string> {
  return new Map(
    records.flatMap(({ bundle, contents }) => contents.map((sha256) => [sha256, bundle] as const)),
  );
}

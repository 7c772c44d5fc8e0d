import type { DocumentStore } from "../../store/store.ts";
import { z } from "zod";
import type { Sha256 } from "../../shared/sha256.ts";
import type { BundleScope } from "../format/manifest.ts";
import { bundleId, instant, sha256Text } from "../format/fields.ts";

/** One bundle that was imported here. */
export interface ImportRecord {
  readonly bundle: string;
  /** ISO 8601; when its maker's snapshot was made. */
  readonly createdAt: string;
  /** ISO 8601; of the last time that it was imported. */
  readonly importedAt: string;
  /** Fingerprint of its signer; null for one that was taken unsigned. */
  readonly signedBy: string | null;
  readonly scope: BundleScope;
  /** Tarballs and documents that came with it, ascending. */
  readonly contents: readonly Sha256[];
}

/** More imports than a site remembers for years; what came with older ones is held without a name. */
export const MAX_IMPORT_RECORDS = 200;

const NAME = "imported-bundles.json";
const FORMAT = "jam-imported-bundles:1";

const file = z.object({
  format: z.literal(FORMAT),
  imports: z.array(
    z.object({
      bundle: bundleId,
      createdAt: instant,
      importedAt: instant,
      signedBy: z.string().nullable(),
      scope: z.enum(["mirror", "selection"]),
      contents: z.array(sha256Text),
    }),
  ),
});

/** What was imported here, newest last; nothing when nothing was, or when the document is damaged. */
export async function readImportRecords(documents: Pick<DocumentStore, "get">): Promise<ImportRecord[]> {
  const bytes = await documents.get("state", NAME);
  if (bytes === undefined) return [];
  try {
    const parsed = file.safeParse(JSON.parse(Buffer.from(bytes).toString("utf8")));
    return parsed.success ? parsed.data.imports : [];
  } catch {
    return [];
  }
}

/**
 * Adds an import, durably. A bundle that was imported before takes the newest place, and what it brought in several
 * runs counts together: an import that was cut short and run again brings only the rest the second time.
 */
export async function recordImport(
  documents: Pick<DocumentStore, "get" | "put">,
  record: ImportRecord,
): Promise<void> {
  const earlier = await readImportRecords(documents);
  const same = earlier.find(({ bundle }) => bundle === record.bundle);
  const contents = [...new Set([...(same?.contents ?? []), ...record.contents])].sort();
  const imports = [...earlier.filter((one) => one !== same), { ...record, contents }];
  const document = { format: FORMAT, imports: imports.slice(-MAX_IMPORT_RECORDS) };
  await documents.put("state", NAME, Buffer.from(`${JSON.stringify(document, null, 1)}\n`));
}

/** The bundle that brought each content; the latest where several did, for it is the one most likely still at hand. */
export function bundleByContent(records: readonly ImportRecord[]): ReadonlyMap<Sha256, string> {
  return new Map(
    records.flatMap(({ bundle, contents }) => contents.map((sha256) => [sha256, bundle] as const)),
  );
}

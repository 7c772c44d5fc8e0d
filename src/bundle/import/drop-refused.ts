import { isJamError, isOfFamily, type JamError } from "../../shared/errors.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import { noteRefusedContents } from "../../mirror/refused-contents.ts";
import { readImportRecords } from "../holdings/import-records.ts";
import type { ImportWork } from "./import-rules.ts";
import { dropPending, type PendingBundle } from "./pending.ts";

/** True when a bundle was refused for good: a later import would refuse it again. */
export function isRefusal(error: unknown): error is JamError {
  return isOfFamily(error, "metadata", "item", "trust", "bundle") || isJamError(error, "JAM_STORE_CORRUPT");
}

/**
 * Forgets a bundle that was refused for good. What came with it, in this run and in earlier ones, is noted: it goes
 * when the grace period is over, unless something else needs it or a repetition with --allow takes it.
 */
export async function dropRefused(
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
  await dropPending(store, manifest.id);
}

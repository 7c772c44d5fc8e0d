import type { Sha256 } from "../shared/sha256.ts";
import type { DocumentStore } from "../store/store.ts";
import { hashesOfGone, readGone } from "./gone-upstream.ts";
import { hashesOfAlarms, readAlarms } from "./path-alarms.ts";
import { readPins } from "./pins.ts";

/**
 * Hashes of what stays although no snapshot needs it: contents of unfinished bundles, what upstream withdrew and is to stay,
 * and both sides of what upstream changed.
 * @throws JamError JAM_STORE_CORRUPT when it cannot be read what stays, JAM_STORE_…
 */
export async function readPinnedContents(
  documents: Pick<DocumentStore, "get" | "list">,
): Promise<Set<Sha256>> {
  return new Set([
    ...(await readPins(documents)),
    ...hashesOfGone(await readGone(documents)),
    ...hashesOfAlarms(await readAlarms(documents)),
  ]);
}

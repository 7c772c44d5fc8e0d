import { findNoteFault } from "../mirror/note-sum.ts";
import { parseReport } from "../mirror/run-report.ts";
import { toJamError } from "../shared/errors.ts";
import { DOCUMENTS_AT_ONCE, mapConcurrently } from "../shared/map-concurrently.ts";
import type { Store } from "../store/store.ts";
import type { FoundFact } from "./finding.ts";

/** Notes and reports that were looked at, and what is wrong with them. */
export interface CheckedNotes {
  readonly state: number;
  readonly history: number;
  readonly facts: readonly FoundFact[];
}

/**
 * Reads every note under `state/` and every report under `history/`. Each has a sum of its own; what an older jam wrote has
 * none, and only has to be readable.
 * @throws JamError JAM_STORE_…
 */
export async function checkNotes({ documents }: Pick<Store, "documents">): Promise<CheckedNotes> {
  const facts: FoundFact[] = [];
  const check = async (folder: "state" | "history"): Promise<number> => {
    const names = await documents.list(folder);
    const look = async (name: string): Promise<void> => {
      const where = `${folder}/${name}`;
      try {
        const bytes = await documents.get(folder, name);
        if (bytes === undefined) return;
        const how =
          findNoteFault(name, bytes, { needsFormat: folder === "state" }) ??
          (folder === "history" && parseReport(bytes) === undefined ? "it is no report of a run" : undefined);
        if (how !== undefined) facts.push({ kind: `${folder}-damaged`, where, found: how });
      } catch (error) {
        const { code, message } = toJamError(error);
        // Something that is no file has its place: the check of places names that.
        if (code !== "JAM_STORE_CORRUPT") facts.push({ kind: `${folder}-unreadable`, where, found: message });
      }
    };
    await mapConcurrently(names, look, DOCUMENTS_AT_ONCE);
    return names.length;
  };
  return { state: await check("state"), history: await check("history"), facts };
}

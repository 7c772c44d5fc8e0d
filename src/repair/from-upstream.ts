import { isJamError } from "../shared/errors.ts";
import type { Upstream } from "../upstream/source.ts";
import type { RepairSource } from "./repair-source.ts";

/** The part of an upstream or of another mirror's address that is read. */
export type ReadableUpstream = Pick<Upstream, "name" | "fetchItem" | "readDocument">;

/**
 * Repairs from a simplestreams tree. `signed` reads where another mirror shows upstream's own documents; default: the same
 * tree.
 */
export function repairFromUpstream(
  upstream: ReadableUpstream,
  signed: readonly ReadableUpstream[] = [],
): RepairSource {
  return {
    name: upstream.name,
    fetchItem: (item, staged, options) => upstream.fetchItem(item, staged, options),
    async readDocument({ kind, path }, signal) {
      if (kind !== "upstream" || path === undefined) return undefined;
      for (const source of [...signed, upstream]) {
        const bytes = await readOrNothing(source, path, signal);
        if (bytes !== undefined) return bytes;
      }
      return undefined;
    },
  };
}

/** A place that cannot be read, or has something else there, has none of it. */
async function readOrNothing(
  source: ReadableUpstream,
  path: string,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  try {
    const answer = await source.readDocument(path, undefined, signal);
    return answer.kind === "found" ? answer.document.bytes : undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (isJamError(error)) return undefined;
    throw error;
  }
}

import { readFileSync } from "node:fs";

/** Files that the server has open besides connections and what is downloaded: threads, logs, the store. */
const RESERVED = 256;

/** Tarballs that are downloaded at the same time; each is open once. Most mirrors list fewer. */
const TARBALLS = 1_000;

/**
 * How many connections fit into the limit of open files, when all of them download tarballs; undefined where they all do,
 * or where the limit is not known. Node raises its own limit as far as it may.
 */
export function connectionsThatFit(wanted: number, limit = openFilesLimit()): number | undefined {
  if (limit === undefined) return undefined;
  const files = limit - RESERVED;
  // Never more tarballs than connections.
  const fitting = Math.max(1, files - TARBALLS, Math.floor(files / 2));
  return fitting < wanted ? fitting : undefined;
}

/** The limit of open files of this process (`ulimit -n`), where the system tells. */
function openFilesLimit(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

import { readFileSync } from "node:fs";

/** Files that the server has open besides connections and what is downloaded: threads, logs, the store. */
const RESERVED = 256;

/**
 * How many connections fit into the limit of open files, when each downloads a tarball; undefined where they all do, or
 * where the limit is not known. Node raises its own limit as far as it may.
 */
export function connectionsThatFit(wanted: number, limit = openFilesLimit()): number | undefined {
  if (limit === undefined) return undefined;
  const fitting = Math.max(1, Math.floor((limit - RESERVED) / 2));
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

import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";

/** What lies in a folder, by relative path: kind, inode, size and time of change, or where a link points. */
export type FolderState = ReadonlyMap<string, string>;

/** Everything below `folder` but the subtree `except`. */
export function readFolderState(folder: string, except?: string): FolderState {
  const state = new Map<string, string>();
  const walk = (path: string) => {
    const full = join(folder, path);
    if (full === except) return;
    const stat = lstatSync(full, { bigint: true });
    const kind = stat.isDirectory() ? "d" : stat.isSymbolicLink() ? `l ${readlinkSync(full)}` : "f";
    // A folder's size says nothing that its entries do not.
    const size = stat.isDirectory() ? "" : stat.size;
    state.set(path, `${kind} ${stat.ino} ${stat.mode} ${size} ${stat.mtimeNs}`);
    if (stat.isDirectory())
      for (const name of readdirSync(full)) walk(path === "" ? name : `${path}/${name}`);
  };
  walk("");
  return state;
}

/** Paths that are not what they were. */
export function changedPaths(before: FolderState, after: FolderState): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).sort();
}

/** Every file below `folder` by path with its SHA-256: what a reader gets, links followed. */
export function readFolderBytes(folder: string): ReadonlyMap<string, string> {
  const bytes = new Map<string, string>();
  const walk = (path: string) => {
    for (const name of readdirSync(join(folder, path))) {
      const inner = path === "" ? name : `${path}/${name}`;
      if (statSync(join(folder, inner)).isDirectory()) walk(inner);
      else bytes.set(inner, hashFile(join(folder, inner)));
    }
  };
  walk("");
  return bytes;
}

function hashFile(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

const ALLOWED = [
  /^(lock\.db(-journal|-wal|-shm)?|format|tools)?$/,
  /^(partial|quarantine|state|history|upstream|blobs|blobs\/sha256|blobs\/sha256\/[0-9a-f]{2}|snapshots|catalogue|published|pools|refs)$/,
  /^partial\/[0-9a-f]{64}\.(part|json)$/,
  /^quarantine\/[0-9a-f]{64}\.(sample|json)$/,
  /^(state|history|snapshots)\/[A-Za-z0-9][A-Za-z0-9._~-]*\.json$/,
  /^(published\/.+|pools\/.+|refs\/mirror)$/,
];

/** What is in a data directory and must not be: foreign or unfinished files, blobs and proofs under a wrong name. */
export function faultsInStore(data: string): string[] {
  const faults: string[] = [];
  for (const [path, stat] of readFolderState(data)) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    const hashed = /^(?:blobs\/sha256\/[0-9a-f]{2}|upstream|catalogue)\/([0-9a-f]{64})$/.exec(path)?.[1];
    if (hashed !== undefined && stat.startsWith("f ")) {
      if (hashFile(join(data, path)) !== hashed) faults.push(`${path} holds other bytes`);
    } else if (name.startsWith(".tmp-") || !ALLOWED.some((allowed) => allowed.test(path))) {
      faults.push(`${path} does not belong there`);
    }
  }
  return faults;
}

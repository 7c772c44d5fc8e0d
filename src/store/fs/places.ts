import type { Stats } from "node:fs";
import { parseSha256 } from "../../shared/sha256.ts";
import { isDocumentName, isTreeId, parsePartialName, STORE_FOLDERS, TREE_FOLDER } from "../layout.ts";

/** What an entry of a folder is. */
export type EntryKind = "file" | "folder" | "link" | "other";

/** The kind of an entry that was looked at without following links. */
export function kindOf(stat: Stats): EntryKind {
  if (stat.isFile()) return "file";
  if (stat.isDirectory()) return "folder";
  return stat.isSymbolicLink() ? "link" : "other";
}

const TOP: Readonly<Record<string, EntryKind>> = {
  format: "file",
  "lock.json": "file",
  "cache-lock.json": "file",
  [TREE_FOLDER]: "link",
  channels: "folder",
};

/** Of a data directory on a disk of its own. */
const OF_THE_SYSTEM = new Set(["lost+found", ".snapshot", ".snapshots"]);

/**
 * What may be at a path of a data directory; `any` where more than one kind may be, undefined for what does not belong
 * there.
 */
export function placeOf(path: string): EntryKind | "any" | undefined {
  if ((STORE_FOLDERS as readonly string[]).includes(path)) return "folder";
  const [top = "", ...below] = path.split("/");
  const name = below.at(-1) ?? "";
  switch (top) {
    case "blobs":
      return placeOfBlob(below.slice(1));
    case "snapshots":
    case "upstream":
    case "catalogue":
    case "history":
    case "state":
      return below.length === 1 && isDocumentName(top, name) ? "file" : undefined;
    case "partial":
      return parsePartialName(name) === undefined ? undefined : "file";
    case "published":
    case "pools":
      if (below.length === 1) return isTreeId(name) ? "folder" : undefined;
      // Trees are compared with their snapshots file by file.
      return "any";
    case "quarantine":
      return "any";
    case "refs":
      return below.length === 1 && isTreeId(name) ? "link" : undefined;
    case "channels":
      if (below.length > 1) return below.length === 2 && name === TREE_FOLDER ? "link" : undefined;
      return below.length === 0 || isTreeId(name) ? "folder" : undefined;
    default:
      return below.length > 0 ? undefined : placeAtTop(top);
  }
}

function placeAtTop(name: string): EntryKind | "any" | undefined {
  // The database of the lock, and what SQLite puts next to it.
  if (/^(?:cache-)?lock\.db(?:-journal|-wal|-shm)?$/.test(name)) return "file";
  return OF_THE_SYSTEM.has(name) ? "any" : TOP[name];
}

function placeOfBlob([prefix = "", name, ...more]: readonly string[]): EntryKind | undefined {
  if (!/^[0-9a-f]{2}$/.test(prefix) || more.length > 0) return undefined;
  if (name === undefined) return "folder";
  return parseSha256(name) !== undefined && name.startsWith(prefix) ? "file" : undefined;
}

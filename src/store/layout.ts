import { MIRROR_REF } from "../shared/ref-name.ts";
import { type Sha256, parseSha256 } from "../shared/sha256.ts";
import type { DocumentKind } from "./store.ts";

/** Version of the layout below; a store that a newer jam wrote is refused. */
export const STORE_FORMAT = 2;

/** File in the data directory that names the layout's version. */
export const FORMAT_FILE = "format";

/** The folder of a published tree that holds its files; Juju looks for it below a `--metadata-source`. */
export const TREE_FOLDER = "tools";

/** Every folder of a store, relative to the data directory, parents first. */
export const STORE_FOLDERS = [
  "blobs",
  "blobs/sha256",
  "snapshots",
  "catalogue",
  "upstream",
  "history",
  "state",
  "partial",
  "quarantine",
  "published",
  "pools",
  "refs",
] as const;

/** The file of a published tree that names what it has in a pool. */
export const SHARES_FILE = "shares.json.gz";

const NAME = /^[A-Za-z0-9][A-Za-z0-9._~-]{0,199}$/;
const TREE_PATH = /^[^./\\\p{Cc}][^/\\\p{Cc}]{0,254}(?:\/[^./\\\p{Cc}][^/\\\p{Cc}]{0,254})*$/u;
const POOL_TARGET = /^(?:\.\.\/){3,}pools\/(?<pool>[^/]+)\/./;
const PUBLISHED_TARGET = /^\.\.\/published\/(?<id>[^/]+)$/;

/** The version that the text of the `format` file names, or undefined when it names none. */
export function parseFormat(text: string): number | undefined {
  const digits = /^jam-store:(\d{1,6})\s*$/.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The text of the `format` file. */
export function formatFormat(version: number): string {
  return `jam-store:${version}\n`;
}

/** `blobs/sha256/ab`: 256 folders keep each of them small. */
export function blobFolder(sha256: Sha256): string {
  return `blobs/sha256/${sha256.slice(0, 2)}`;
}

/** `blobs/sha256/ab/abcd…`. */
export function blobPath(sha256: Sha256): string {
  return `${blobFolder(sha256)}/${sha256}`;
}

/** Who brings a blob in: a run that writes to the store, or the cache server, which has files of its own. */
export type StagedBy = "run" | "cache";

/** The two files of a blob on its way in: its bytes, and a note on the source they came from. */
export function partialPaths(
  sha256: Sha256,
  by: StagedBy,
): { readonly bytes: string; readonly source: string } {
  const name = by === "cache" ? `partial/${sha256}.cache` : `partial/${sha256}`;
  return { bytes: `${name}.part`, source: `${name}.json` };
}

/** What a file name in `partial/` stands for, or undefined for a foreign file. */
export function parsePartialName(
  name: string,
): { sha256: Sha256; by: StagedBy; part: "bytes" | "source" } | undefined {
  const match = /^([0-9a-f]{64})(\.cache)?\.(part|json)$/.exec(name);
  const sha256 = parseSha256(match?.[1]);
  if (sha256 === undefined) return undefined;
  return {
    sha256,
    by: match?.[2] === undefined ? "run" : "cache",
    part: match?.[3] === "part" ? "bytes" : "source",
  };
}

/** The two files that remain of rejected bytes: their beginning, and a note on what was wrong. */
export function quarantinePaths(sha256: Sha256): { readonly sample: string; readonly note: string } {
  return { sample: `quarantine/${sha256}.sample`, note: `quarantine/${sha256}.json` };
}

/** Where a damaged blob is put aside, whole. */
export function asidePath(sha256: Sha256): string {
  return `quarantine/${sha256}.damaged`;
}

/** True for a name that a document of this kind may have; such a name is one safe path segment. */
export function isDocumentName(kind: DocumentKind, name: string): boolean {
  const isHash = kind === "upstream" || kind === "catalogue";
  return isHash ? parseSha256(name) !== undefined : NAME.test(name) && name.endsWith(".json");
}

/** True for an id of a published tree or the name of a ref; such a name is one safe path segment. */
export function isTreeId(name: string): boolean {
  return NAME.test(name);
}

/** True for a relative path below a tree's root: no empty, `.`- or `..`-led segment, no control character. */
export function isTreePath(path: string): boolean {
  return TREE_PATH.test(path);
}

/** What the symbolic link `refs/<name>` holds when it points at a published tree. */
export function formatRefTarget(treeId: string): string {
  return `../published/${treeId}`;
}

/** The tree id that the target of a ref's link names, or undefined when it names none. */
export function parseRefTarget(target: string): string | undefined {
  const id = PUBLISHED_TARGET.exec(target)?.groups?.["id"];
  return id !== undefined && isTreeId(id) ? id : undefined;
}

/** `pools/<pool>`: files that trees of one ref share, at the paths that they have in these trees. */
export function poolFolder(pool: string): string {
  return `pools/${pool}`;
}

/** What the symbolic link at `path` of a published tree holds, which leads to the same path of a pool. */
export function formatPoolLink(pool: string, path: string): string {
  return `${"../".repeat(path.split("/").length + 2)}${poolFolder(pool)}/${path}`;
}

/** The pool that the target of a link in a published tree leads to, or undefined when it leads to none. */
export function parsePoolLink(target: string): string | undefined {
  const pool = POOL_TARGET.exec(target)?.groups?.["pool"];
  return pool !== undefined && isTreeId(pool) ? pool : undefined;
}

/**
 * The link through which Juju and plain web servers read a ref's tree. It never changes: only `refs/<name>` moves,
 * so one rename switches every path below it.
 */
export function faceLink(ref: string): { readonly path: string; readonly target: string } {
  return ref === MIRROR_REF
    ? { path: TREE_FOLDER, target: `refs/${ref}/${TREE_FOLDER}` }
    : { path: `channels/${ref}/${TREE_FOLDER}`, target: `../../refs/${ref}/${TREE_FOLDER}` };
}

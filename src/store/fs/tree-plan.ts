import { JamError } from "../../shared/errors.ts";
import { isTreePath } from "../layout.ts";
import type { TreeFile, TreeFolder } from "../store.ts";

/** A document of a tree. */
export type TreeDocument = Extract<TreeFile, { readonly bytes: Uint8Array }>;
/** A blob in a tree. */
export type TreeBlob = Exclude<TreeFile, TreeDocument>;

/**
 * What a tree consists of. A folder that contains nothing of the tree's own is shared: the tree has a link in its place,
 * and it is in a pool. Paths are those of the tree; every path is there once.
 */
export interface TreePlan {
  /** The tree's own folders, parents first, without its root. */
  readonly folders: readonly string[];
  readonly documents: readonly TreeDocument[];
  /** Blobs in the tree's own folders. */
  readonly blobs: readonly TreeBlob[];
  /** Links to the folders of the pool. */
  readonly links: readonly string[];
  readonly shared: SharedPlan;
}

/** What a tree has in its pool. */
export interface SharedPlan {
  readonly blobs: readonly TreeBlob[];
  readonly folders: readonly TreeFolder[];
}

/**
 * Divides the parts of a tree into what it has for itself and what it shares.
 * @throws JamError JAM_METADATA_CONFLICT for an unsafe path, or one with two contents
 */
export function planTree(parts: Iterable<TreeFile | TreeFolder>): TreePlan {
  const { files, folders } = distinct(parts);
  const documents = files.filter((file) => "bytes" in file);
  const own = new Set(documents.flatMap(({ path }) => parentsOf(path)));
  const links = new Set<string>();
  const shared = { blobs: [] as TreeBlob[], folders: [] as TreeFolder[] };
  const blobs: TreeBlob[] = [];
  for (const file of files) {
    if ("bytes" in file) continue;
    const link = parentsOf(file.path).find((folder) => !own.has(folder));
    if (link === undefined) blobs.push(file);
    else {
      links.add(link);
      shared.blobs.push(file);
    }
  }
  for (const folder of folders) {
    if (own.has(folder.folder)) throw badPath(folder.folder, "is listed with two contents");
    links.add([...parentsOf(folder.folder), folder.folder].find((up) => !own.has(up)) as string);
    shared.folders.push(folder);
  }
  return {
    folders: [...own.union(new Set([...links].flatMap(parentsOf)))].sort(),
    documents: documents.map((one) => ownUnless(one, shared.folders)),
    blobs,
    links: [...links].sort(),
    shared,
  };
}

/** A document that is the same as one that is not in the tree is the tree's own. */
function ownUnless(document: TreeDocument, folders: readonly TreeFolder[]): TreeDocument {
  const { sameAs, ...own } = document;
  const isThere = sameAs !== undefined && folders.some(({ folder }) => sameAs.startsWith(`${folder}/`));
  return isThere && isTreePath(sameAs) ? document : own;
}

/** The folders that a path is in, the outermost first. */
export function parentsOf(path: string): string[] {
  const folders: string[] = [];
  for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) folders.push(path.slice(0, at));
  return folders;
}

function distinct(parts: Iterable<TreeFile | TreeFolder>): {
  readonly files: readonly TreeFile[];
  readonly folders: readonly TreeFolder[];
} {
  const files = new Map<string, TreeFile>();
  const folders = new Map<string, TreeFolder>();
  for (const part of parts) {
    const path = "folder" in part ? part.folder : part.path;
    if (!isTreePath(path)) throw badPath(path, "is no safe relative path");
    if (isConflict(part, { file: files.get(path), folder: folders.get(path) }))
      throw badPath(path, "is listed with two contents");
    if ("folder" in part) folders.set(path, part);
    else files.set(path, part);
  }
  if (folders.size > 0) {
    for (const path of files.keys()) {
      if (parentsOf(path).some((folder) => folders.has(folder)))
        throw badPath(path, "is in a folder that never changes");
    }
  }
  return { files: [...files.values()], folders: [...folders.values()] };
}

function isConflict(
  part: TreeFile | TreeFolder,
  known: { readonly file: TreeFile | undefined; readonly folder: TreeFolder | undefined },
): boolean {
  if ("folder" in part)
    return known.file !== undefined || (known.folder?.version ?? part.version) !== part.version;
  return known.folder !== undefined || (known.file !== undefined && !isSameFile(known.file, part));
}

function isSameFile(one: TreeFile, other: TreeFile): boolean {
  if ("sha256" in one) return "sha256" in other && one.sha256 === other.sha256;
  return "bytes" in other && Buffer.compare(one.bytes, other.bytes) === 0;
}

function badPath(path: string, reason: string): JamError {
  return new JamError("JAM_METADATA_CONFLICT", `The path ${JSON.stringify(path)} ${reason}.`, {
    hint: "Deny one of the agents that have this path in jam.yaml.",
    details: { path },
  });
}

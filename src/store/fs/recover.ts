import { lstat, readFile, readdir, readlink, rename, stat, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  listNames,
  removeFile,
  syncFolder,
  temporaryPath,
  removeTemporaries,
} from "../../disk/durable-write.ts";
import { attempt, attemptUnlessAbsent } from "../../disk/io-error.ts";
import { MIRROR_REF } from "../../shared/ref-name.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import {
  STORE_FOLDERS,
  type StagedBy,
  TREE_FOLDER,
  blobPath,
  faceLink,
  formatRefTarget,
  isTreeId,
  parsePartialName,
  parseRefTarget,
  partialPaths,
} from "../layout.ts";
import { isBlobFile } from "./blobs.ts";
import { CACHE_LOCK, type RequireHeld, whileUnlocked } from "./lease.ts";
import { restorePoolLinks } from "./pool-links.ts";
import { copiedWithoutLinks, ensureFaceLink, noSymbolicLinks } from "./refs.ts";
import { removeUnfinishedTrees } from "./trees.ts";

/** Blob folders hold no temporary files: a blob arrives there by the rename of its partial file. */
const SWEPT = ["", ...STORE_FOLDERS.filter((folder) => !folder.startsWith("blobs"))];

/**
 * What whoever may write puts right first, whichever command that is: removes what crashed runs left (unfinished trees
 * and files, partial files that nobody can use any more), and puts back the links of a copy that lost them. Gives what
 * people should know of it. Call with the lease held.
 * @throws JamError JAM_STORE_COPIED when the links cannot be told from what is there, JAM_STORE_…
 */
export async function recoverStore(root: string, requireHeld: RequireHeld): Promise<string | undefined> {
  await removeUnfinishedTrees(root, requireHeld);
  for (const folder of SWEPT) await removeTemporaries(join(root, folder));
  await removeUselessPartials(root, "run");
  await recoverCache(root);
  const notes = [await rebuildLinks(root), await foreignOwner(root)].filter((note) => note !== undefined);
  await ensureFaceLink(root, MIRROR_REF);
  return notes.length === 0 ? undefined : notes.join(" ");
}

/** What a cache server left that is not running: its partial files change while it is, and only then. */
async function recoverCache(root: string): Promise<void> {
  const names = await listNames(join(root, "partial"));
  if (!names.some((name) => parsePartialName(name)?.by === "cache")) return;
  await whileUnlocked(root, CACHE_LOCK, () => removeUselessPartials(root, "cache"));
}

/** What root is about to do in somebody else's directory: leave files there that their owner cannot replace. */
async function foreignOwner(root: string): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const { uid } = await attempt(`read ${root}`, () => stat(root));
  if (uid === 0) return undefined;
  return `${root} belongs to another user (uid ${uid}), and this run writes to it as root: that user cannot replace the files. Run jam as that user; \`jam check\` prints the command that gives the files back.`;
}

/**
 * A partial file is useless when it is empty or its blob is here; a note is useless without its bytes. Call it only while
 * nobody stages such files.
 */
export async function removeUselessPartials(root: string, by: StagedBy): Promise<void> {
  const seen = new Set<Sha256>();
  for (const name of await listNames(join(root, "partial"))) {
    const parsed = parsePartialName(name);
    if (parsed?.by !== by || seen.has(parsed.sha256)) continue;
    seen.add(parsed.sha256);
    const paths = partialPaths(parsed.sha256, by);
    const bytes = join(root, paths.bytes);
    const found = await attemptUnlessAbsent(`read ${bytes}`, () => lstat(bytes));
    if ((found?.size ?? 0) > 0 && !(await isBlobFile(join(root, blobPath(parsed.sha256))))) continue;
    await removeFile(bytes);
    await removeFile(join(root, paths.source));
  }
}

/**
 * Puts the two symbolic links of the mirror, and those of its trees to their pools, back where a copy resolved them
 * (`cp -rL`), wrote them as text (some network file systems) or left them out (`rsync --no-links`), and gives what it did
 * as a sentence. Nothing is lost: a folder in a link's place goes only when every file of it is in the published tree that
 * it is a copy of. Killed at any instant, the next call ends it: the trees come first, and the ref is put back before the
 * copy that names it goes.
 * @throws JamError JAM_STORE_COPIED when the links cannot be told from what is there, JAM_STORE_…
 */
async function rebuildLinks(root: string): Promise<string | undefined> {
  const face = join(root, faceLink(MIRROR_REF).path);
  const ref = join(root, "refs", MIRROR_REF);
  const [shown, pointed] = [await lookAt(face), await lookAt(ref)];
  if (shown === "link" && (pointed === "link" || pointed === "nothing")) return restoreShownTree(root, ref);
  // A ref that is whole needs only its face, which whoever publishes makes.
  if (shown === "nothing" && pointed === "link") return undefined;
  const trees = (await listNames(join(root, "published"))).filter(isTreeId);
  if (shown === "nothing" && pointed === "nothing" && trees.length === 0) return undefined;
  const id = await findTree(root, { face, ref, trees });
  if (id === undefined) throw copiedWithoutLinks(shown === "link" ? ref : face, root);
  for (const tree of trees) await restorePoolLinks(root, tree);
  const links = [
    { path: ref, target: formatRefTarget(id), copyOf: id },
    { path: face, target: faceLink(MIRROR_REF).target, copyOf: `${id}/${TREE_FOLDER}` },
  ];
  for (const link of links) if (!(await mayBecome(root, link))) throw copiedWithoutLinks(link.path, root);
  for (const link of links) await putLink(root, link);
  await removeTemporaries(root);
  await removeTemporaries(join(root, "refs"));
  return `${root} was copied without its symbolic links; they were put back, and ${id} is shown as before.`;
}

/** The links of the tree that is shown, where only they are missing. */
async function restoreShownTree(root: string, ref: string): Promise<string | undefined> {
  const id = parseRefTarget((await readTarget(ref)) ?? "");
  if (id === undefined || !(await restorePoolLinks(root, id))) return undefined;
  return `Symbolic links of the published tree ${id} were missing; they were put back.`;
}

type Found = "link" | "folder" | "file" | "nothing";

async function lookAt(path: string): Promise<Found> {
  const stat = await attemptUnlessAbsent(`read ${path}`, () => lstat(path));
  if (stat === undefined) return "nothing";
  if (stat.isSymbolicLink()) return "link";
  return stat.isDirectory() ? "folder" : "file";
}

/** The tree that was shown: as the ref or what stands in its place says, or the index of the copied face; else the newest. */
async function findTree(
  root: string,
  { face, ref, trees }: { readonly face: string; readonly ref: string; readonly trees: readonly string[] },
): Promise<string | undefined> {
  const named = parseRefTarget((await readTarget(ref)) ?? "");
  if (named !== undefined) return trees.includes(named) ? named : undefined;
  const index = (await readIndex(face)) ?? (await readIndex(join(ref, TREE_FOLDER)));
  for (const id of trees.toSorted(byAge).reverse()) {
    if (index === undefined) return id;
    if ((await readIndex(join(root, "published", id, TREE_FOLDER)))?.equals(index) === true) return id;
  }
  return undefined;
}

/** Ids begin with the time; `~10` comes after `~9`. */
function byAge(one: string, other: string): number {
  const [[a, m], [b, n]] = [one.split("~"), other.split("~")];
  return a === b ? Number(m ?? 1) - Number(n ?? 1) : (a ?? "") < (b ?? "") ? -1 : 1;
}

/** What a link holds, or a file that a copy wrote in its place. */
async function readTarget(path: string): Promise<string | undefined> {
  const found = await lookAt(path);
  if (found === "link") return attempt(`read ${path}`, () => readlink(path));
  if (found !== "file") return undefined;
  return (await attempt(`read ${path}`, () => readFile(path, "utf8"))).trim();
}

async function readIndex(tree: string): Promise<Buffer | undefined> {
  const path = join(tree, "streams/v1/index2.json");
  return attemptUnlessAbsent(`read ${path}`, () => readFile(path));
}

/** A link of the data directory, and the published folder that a copy in its place would be a copy of. */
interface Link {
  readonly path: string;
  readonly target: string;
  readonly copyOf: string;
}

/** True when nothing is lost where the link takes the place of what is there. */
async function mayBecome(root: string, { path, target, copyOf }: Link): Promise<boolean> {
  const found = await lookAt(path);
  if (found === "folder") return isCopy(path, join(root, "published", copyOf));
  return found === "nothing" || (await readTarget(path)) === target;
}

async function putLink(root: string, { path, target }: Link): Promise<void> {
  const found = await lookAt(path);
  if (found === "link") return;
  await attempt(`create ${path}`, async () => {
    // The link comes first under another name: where there are no links nothing is moved.
    const staged = temporaryPath(dirname(path));
    await symlink(target, staged).catch((error: unknown) => {
      throw noSymbolicLinks(error, root);
    });
    if (found === "folder") await rename(path, temporaryPath(dirname(path)));
    await rename(staged, path);
  });
  await syncFolder(dirname(path));
}

/** True when the original holds every file of the copy, in the same size. Bytes of tarballs are not compared. */
async function isCopy(copy: string, original: string): Promise<boolean> {
  return attempt(`read ${copy}`, async () => {
    for (const entry of await readdir(copy, { recursive: true, withFileTypes: true })) {
      if (entry.isDirectory()) continue;
      const path = join(entry.parentPath, entry.name);
      const same = join(original, path.slice(copy.length));
      const [here, there] = [await lstat(path), await attemptUnlessAbsent(`read ${same}`, () => lstat(same))];
      if (here.isSymbolicLink() && there?.isSymbolicLink() === true) {
        if ((await readlink(path)) !== (await readlink(same))) return false;
        continue;
      }
      if (!here.isFile() || there?.isFile() !== true || here.size !== there.size) return false;
    }
    return true;
  });
}

import { createReadStream, readdirSync, type Stats } from "node:fs";
import { readFile, realpath, stat } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { setImmediate } from "node:timers/promises";
import { listNames } from "../../disk/durable-write.ts";
import { attemptUnlessAbsent, lstatOrNothing, toStoreError } from "../../disk/io-error.ts";
import { isAbsent, toJamError } from "../../shared/errors.ts";
import { mapConcurrently } from "../../shared/map-concurrently.ts";
import { hashPieces } from "../../shared/sha256.ts";
import { blobPath, isTreeId, TREE_FOLDER } from "../layout.ts";
import { isKnown, readShares, type TreeShares } from "./tree-shares.ts";
import type { TreeExpectation, TreeFault, TreeFile } from "../store.ts";

/** Files that are looked at at the same time. */
const PARALLEL = 16;
/** Looks at the disk in a row before others have their turn: some milliseconds. */
const LOOKS_IN_A_ROW = 500;

/** Compares the tree `published/<id>` with what it must contain; links to folders are followed, as web servers do. */
export async function inspectTree(
  root: string,
  id: string,
  { files, others, isDeep = false }: TreeExpectation,
): Promise<TreeFault[]> {
  const published = join(root, "published");
  const base = join(published, id, TREE_FOLDER);
  const expected = new Map([...files].map((file) => [file.path, file]));
  const found = await listTree(published, base);
  const faults: TreeFault[] = [...found.faults];
  const shares = await readShares(join(published, id));
  if (shares !== undefined && !isKnown(shares))
    faults.push({ path: "", fault: "altered", how: "the file that names what it shares is damaged" });
  let read: Promise<readonly TreeShares[]> | undefined;
  // Trees of one pool may contain files of each other; these go with the tree that needs them.
  const neighbours = () => (read ??= readNeighbours(published, id, shares));
  let looks = 0;
  const look = async (path: string, allowed: readonly TreeFile[]): Promise<void> => {
    if ((looks += 1) % LOOKS_IN_A_ROW === 0) await setImmediate();
    const differences: Difference[] = [];
    for (const file of allowed) {
      const difference = await compare(root, join(base, path), file, isDeep);
      if (difference === undefined) return;
      differences.push(difference);
    }
    const [how] = differences;
    if (how === undefined && (await neighbours()).some((shares) => names(shares, path))) return;
    faults.push({ path, ...(how ?? { fault: "extra", how: "nothing that is kept names it" }) });
  };
  await mapConcurrently(expected, ([path, file]) => look(path, [file]), PARALLEL);
  const further = [...found.paths].filter((path) => !expected.has(path));
  const lookFurther = (path: string): Promise<void> => look(path, others(path));
  await mapConcurrently(further, lookFurther, PARALLEL);
  return faults.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** What the other trees of the same pool share. */
async function readNeighbours(
  published: string,
  id: string,
  shares: Awaited<ReturnType<typeof readShares>>,
): Promise<readonly TreeShares[]> {
  if (shares === undefined || !isKnown(shares)) return [];
  const others = (await listNames(published)).filter((name) => isTreeId(name) && name !== id);
  const read = await Promise.all(others.map((name) => readShares(join(published, name))));
  return read.flatMap((one) => (one !== undefined && isKnown(one) && one.pool === shares.pool ? [one] : []));
}

/** True where a tree needs this path, or a folder around it. */
function names({ files, folders }: TreeShares, path: string): boolean {
  return files.includes(path) || folders.some((one) => path.startsWith(`${one.path}/`));
}

interface Listed {
  readonly paths: ReadonlySet<string>;
  readonly faults: readonly TreeFault[];
}

/** Every path of a tree that is no folder, and the folders that cannot be listed. */
async function listTree(published: string, base: string): Promise<Listed> {
  const paths = new Set<string>();
  const faults: TreeFault[] = [];
  const inside = [published, join(dirname(published), "pools")];
  const walk = async (prefix: string): Promise<void> => {
    const folder = join(base, prefix);
    try {
      for (const entry of entriesOf(folder)) {
        const path = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
        const isFolder =
          entry.isDirectory() || (entry.isSymbolicLink() && (await leadsToFolder(join(base, path), inside)));
        if (isFolder) await walk(path);
        else paths.add(path);
      }
    } catch (error) {
      faults.push({ path: prefix, fault: "unreadable", how: toJamError(error).message });
    }
  };
  await walk("");
  return { paths, faults };
}

/** Synchronous, as the looks at files: a turn through the thread pool for each takes ten times as long. */
function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (isAbsent(error)) return [];
    throw toStoreError(error, `list ${folder}`);
  }
}

/** True for a link to a folder of the published trees and their pools; one that leads elsewhere is no part of a tree. */
async function leadsToFolder(path: string, inside: readonly string[]): Promise<boolean> {
  try {
    const target = await realpath(path);
    const places = await Promise.all(inside.map((folder) => realpath(folder).catch(() => folder)));
    return places.some((place) => target.startsWith(`${place}${sep}`)) && (await stat(target)).isDirectory();
  } catch {
    return false;
  }
}

type Difference = Pick<TreeFault, "fault" | "how">;

/** What is wrong with one file of a tree. */
async function compare(
  root: string,
  path: string,
  file: TreeFile,
  isDeep: boolean,
): Promise<Difference | undefined> {
  try {
    const found = lstatOrNothing(path);
    if (found === undefined) return { fault: "missing", how: "it is not there" };
    if (!found.isFile()) return { fault: "altered", how: "something that is no file has its place" };
    return "bytes" in file
      ? await compareDocument(path, found, file.bytes)
      : await compareTarball({ path, found, blob: join(root, blobPath(file.sha256)) }, file.sha256, isDeep);
  } catch (error) {
    return { fault: "unreadable", how: toJamError(error).message };
  }
}

async function compareDocument(
  path: string,
  { size }: Stats,
  bytes: Uint8Array,
): Promise<Difference | undefined> {
  if (size !== bytes.length)
    return { fault: "altered", how: `it has ${size} bytes instead of ${bytes.length}` };
  const found = await attemptUnlessAbsent(`read ${path}`, () => readFile(path));
  if (found !== undefined && Buffer.compare(found, bytes) === 0) return undefined;
  return { fault: "altered", how: "its bytes are not those that its snapshot gives" };
}

async function compareTarball(
  { path, found, blob }: { readonly path: string; readonly found: Stats; readonly blob: string },
  sha256: string,
  isDeep: boolean,
): Promise<Difference | undefined> {
  const own = lstatOrNothing(blob);
  if (own !== undefined && own.ino === found.ino && own.dev === found.dev) return undefined;
  if (own !== undefined && own.size !== found.size)
    return { fault: "altered", how: `it has ${found.size} bytes instead of ${own.size}` };
  // Where there are no hard links, or a copy lost them, a tree has copies. A file with several names is another blob.
  if (!isDeep && own !== undefined && found.nlink === 1) return undefined;
  const hashed = await hashPieces(
    createReadStream(path, { highWaterMark: 512 * 1024 }) as AsyncIterable<Buffer>,
  );
  if (hashed.sha256 === sha256) return undefined;
  return { fault: "altered", how: `its bytes have the SHA-256 ${hashed.sha256}` };
}

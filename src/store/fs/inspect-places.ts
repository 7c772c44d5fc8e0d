import { readdirSync, type Stats } from "node:fs";
import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { isTemporaryName, listNames } from "../../disk/durable-write.ts";
import { attemptUnlessAbsent, lstatOrNothing, toStoreError } from "../../disk/io-error.ts";
import { isAbsent, JamError, toJamError } from "../../shared/errors.ts";
import { MIRROR_REF } from "../../shared/ref-name.ts";
import {
  blobPath,
  FORMAT_FILE,
  faceLink,
  formatFormat,
  isTreeId,
  parseFormat,
  parsePartialName,
  parseRefTarget,
  STORE_FOLDERS,
  STORE_FORMAT,
} from "../layout.ts";
import type { PlaceFault } from "../store.ts";
import { entryFault } from "./entry-mode.ts";
import { kindOf, placeOf, type EntryKind } from "./places.ts";

/** Folders that are looked through before others have their turn: some milliseconds. */
const FOLDERS_IN_A_ROW = 64;

/**
 * Looks at every entry of a data directory: whether it may be there, is of the right kind and has a mode with which the
 * mirror can be read and only its owner can change it.
 */
export async function inspectPlaces(root: string): Promise<PlaceFault[]> {
  const top = lstatOrNothing(root);
  if (top === undefined) return [];
  const faults: PlaceFault[] = [
    ...(await ifReadable(() => inspectFormat(root))),
    ...(await ifReadable(() => missingFolders(root))),
  ];
  let folders = 0;
  const walk = async (place: string): Promise<void> => {
    if ((folders += 1) % FOLDERS_IN_A_ROW === 0) await setImmediate();
    for (const name of namesIn(root, place, faults)) {
      const path = place === "" ? name : `${place}/${name}`;
      const isFolder = inspectEntry({ root, top, path, faults });
      if (isFolder) await walk(path);
    }
  };
  faults.push(...entryFault("", top, top));
  await walk("");
  faults.push(
    ...(await ifReadable(() => inspectLinks(root))),
    ...(await ifReadable(() => inspectPartials(root))),
  );
  return faults;
}

/** None where something may not be read on the way: the look at every entry names that, and what is behind it is not known. */
async function ifReadable(inspect: () => PlaceFault[] | Promise<PlaceFault[]>): Promise<PlaceFault[]> {
  try {
    return await inspect();
  } catch (error) {
    if (error instanceof JamError) return [];
    throw error;
  }
}

/** Synchronous, as the looks at what is in it: a turn through the thread pool for each takes ten times as long. */
function namesIn(root: string, place: string, faults: PlaceFault[]): string[] {
  const folder = join(root, place);
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (isAbsent(error)) return [];
    faults.push({ path: place, fault: "unreadable", how: toStoreError(error, `list ${folder}`).message });
    return [];
  }
}

interface Entry {
  readonly root: string;
  readonly top: Stats;
  readonly path: string;
  readonly faults: PlaceFault[];
}

/** Notes what is wrong with an entry; true for a folder to look into. */
function inspectEntry({ root, top, path, faults }: Entry): boolean {
  let stat: Stats | undefined;
  try {
    stat = lstatOrNothing(join(root, path));
  } catch (error) {
    faults.push({ path, fault: "unreadable", how: toJamError(error).message });
    return false;
  }
  if (stat === undefined) return false;
  const wanted = placeOf(path);
  const kind = kindOf(stat);
  if (wanted === undefined) {
    faults.push(strayEntry(path));
    return false;
  }
  if (wanted !== "any" && wanted !== kind) {
    faults.push({
      path,
      fault: "kind",
      how: `${KINDS[kind]} has the place of ${KINDS[wanted]}`,
      remedy: "put it aside in quarantine/",
    });
    return false;
  }
  if (kind !== "link") faults.push(...entryFault(path, stat, top));
  return kind === "folder";
}

const KINDS: Readonly<Record<EntryKind, string>> = {
  file: "a file",
  folder: "a folder",
  link: "a symbolic link",
  other: "a pipe, socket or device",
};

function strayEntry(path: string): PlaceFault {
  const isLeftover = isTemporaryName(path.slice(path.lastIndexOf("/") + 1));
  return isLeftover
    ? { path, fault: "stray", how: "a run that ended early left it", remedy: "delete it" }
    : { path, fault: "stray", how: "jam makes no file of this name" };
}

async function inspectFormat(root: string): Promise<PlaceFault[]> {
  const path = join(root, FORMAT_FILE);
  const remedy = `write ${formatFormat(STORE_FORMAT).trim()}`;
  if (lstatOrNothing(path)?.isFile() !== true)
    return lstatOrNothing(path) === undefined
      ? [{ path: FORMAT_FILE, fault: "format", how: "it is not there", remedy }]
      : [];
  try {
    const text = await readFile(path, "utf8");
    if (parseFormat(text) !== undefined && text === formatFormat(parseFormat(text) ?? 0)) return [];
    return [{ path: FORMAT_FILE, fault: "format", how: "it names no format", remedy }];
  } catch (error) {
    return [{ path: FORMAT_FILE, fault: "unreadable", how: toStoreError(error, `read ${path}`).message }];
  }
}

function missingFolders(root: string): PlaceFault[] {
  return STORE_FOLDERS.filter((folder) => lstatOrNothing(join(root, folder)) === undefined).map((path) => ({
    path,
    fault: "missing",
    how: "the folder is not there",
    remedy: "make it",
  }));
}

/** The links of every ref: what shows a tree, and what clients read it through. */
async function inspectLinks(root: string): Promise<PlaceFault[]> {
  const faults: PlaceFault[] = [];
  const names = (await listNames(join(root, "refs"))).filter(isTreeId);
  const trees = (await listNames(join(root, "published"))).filter(isTreeId);
  // A tree of a channel has its name in its own: `<snapshot>~<channel>~1`.
  if (!names.includes(MIRROR_REF) && trees.some((id) => id.split("~").length < 3))
    faults.push({
      path: `refs/${MIRROR_REF}`,
      fault: "missing",
      how: "there are published trees, and the link that shows one of them is gone",
      remedy: "point it at the tree that was shown last",
    });
  for (const name of names) {
    const target = await linkTarget(join(root, "refs", name));
    if (target === undefined) continue;
    const id = parseRefTarget(target);
    if (id === undefined || !trees.includes(id))
      faults.push({
        path: `refs/${name}`,
        fault: "link",
        how: id === undefined ? "it points at no published tree" : `the tree ${id} that it points at is gone`,
        remedy: "build the tree again, or point it at the tree that was shown last",
      });
  }
  // The mirror's own link is there from the start.
  for (const name of new Set([MIRROR_REF, ...names]))
    faults.push(...(await ifReadable(() => inspectFace(root, name))));
  return faults;
}

async function inspectFace(root: string, ref: string): Promise<PlaceFault[]> {
  const { path, target } = faceLink(ref);
  const remedy = `point it at ${target}`;
  if (lstatOrNothing(join(root, path)) === undefined)
    return [{ path, fault: "missing", how: "the link that clients read through is not there", remedy }];
  const found = await linkTarget(join(root, path));
  if (found === undefined || found === target) return [];
  return [{ path, fault: "link", how: `it points at ${found} instead of ${target}`, remedy }];
}

/** What is on its way and cannot be of use to any run. */
async function inspectPartials(root: string): Promise<PlaceFault[]> {
  const faults: PlaceFault[] = [];
  const names = new Set(await readdir(join(root, "partial")).catch(() => []));
  for (const name of [...names].sort()) {
    const parsed = parsePartialName(name);
    const stat = lstatOrNothing(join(root, "partial", name));
    if (parsed === undefined || stat?.isFile() !== true) continue;
    const how = await uselessness(root, { name, size: stat.size, names, ...parsed });
    if (how !== undefined) faults.push({ path: `partial/${name}`, fault: "stray", how, remedy: "delete it" });
  }
  return faults;
}

async function uselessness(
  root: string,
  partial: NonNullable<ReturnType<typeof parsePartialName>> & {
    readonly name: string;
    readonly size: number;
    readonly names: ReadonlySet<string>;
  },
): Promise<string | undefined> {
  const { sha256, part, name, size, names } = partial;
  if (lstatOrNothing(join(root, blobPath(sha256)))?.isFile() === true) return "its tarball is complete";
  if (part === "bytes") return size === 0 ? "it is empty" : undefined;
  if (!names.has(name.replace(/json$/, "part"))) return "the bytes that it describes are not there";
  try {
    JSON.parse(await readFile(join(root, "partial", name), "utf8"));
    return undefined;
  } catch {
    return "it cannot be read, so the download begins again";
  }
}

/** What a link holds; undefined for what is no link. */
async function linkTarget(path: string): Promise<string | undefined> {
  if (lstatOrNothing(path)?.isSymbolicLink() !== true) return undefined;
  return attemptUnlessAbsent(`read ${path}`, () => readlink(path));
}

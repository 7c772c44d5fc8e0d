import { lstat, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileBytes } from "./file-bytes.ts";
import { attemptOnMedium } from "./medium-error.ts";

/** Something that volumes of a bundle can be read from. */
export interface MediumInlet {
  /** For messages: as it was named on the command line. */
  readonly name: string;
  /** Bytes; undefined for what has no size, as a pipe. */
  readonly size: number | undefined;
  open(): AsyncIterable<Uint8Array>;
}

/** Where to look, and how the operator called it. */
export interface MediumPath {
  /** Absolute. */
  readonly path: string;
  readonly typed: string;
}

/**
 * The archives at a path, in the order of their names: the file itself, or the plain files `*.tar` of a folder.
 * Nothing below that is looked at, and no link of a folder is followed.
 * @throws JamError JAM_MEDIUM_UNUSABLE
 */
export async function findInlets({ path, typed }: MediumPath): Promise<MediumInlet[]> {
  const found = await attemptOnMedium(`read ${path}`, () => stat(path));
  if (!found.isDirectory())
    return [{ ...fileInlet(path, found.isFile() ? found.size : undefined), name: typed }];
  const names = await attemptOnMedium(`list ${path}`, () => readdir(path));
  const inlets: MediumInlet[] = [];
  for (const name of names.filter(isArchiveName).sort()) {
    const file = join(path, name);
    const entry = await attemptOnMedium(`read ${file}`, () => lstat(file));
    if (entry.isFile()) inlets.push({ ...fileInlet(file, entry.size), name: join(typed, name) });
  }
  return inlets;
}

/** A file as an inlet. */
export function fileInlet(path: string, size: number | undefined): MediumInlet {
  return { name: path, size, open: () => fileBytes(path) };
}

/** Bytes that come once, as standard input. */
export function streamInlet(name: string, bytes: AsyncIterable<Uint8Array>): MediumInlet {
  return { name, size: undefined, open: () => bytes };
}

/** Names with a leading dot are unfinished or none of ours: other systems leave `._name.tar` on media. */
function isArchiveName(name: string): boolean {
  return name.endsWith(".tar") && !name.startsWith(".");
}

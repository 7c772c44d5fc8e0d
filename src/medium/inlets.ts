import { lstat, readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { JamError } from "../shared/errors.ts";
import { printable } from "../shared/printable.ts";
import { fileBytes } from "./file-bytes.ts";
import { openFileReader, type FileReader } from "./file-reader.ts";
import { attemptOnMedium } from "./medium-error.ts";

/** Something that volumes of a bundle can be read from. */
export interface MediumInlet {
  /** For messages: as it was named on the command line. */
  readonly name: string;
  /** Bytes; undefined for what has no size, as a pipe. */
  readonly size: number | undefined;
  /** Where it lies; absent for what is no plain file. */
  readonly place?: FilePlace;
  open(): AsyncIterable<Uint8Array>;
  /** Opens it for reading by offset; absent for what is no plain file. */
  readonly openAt?: () => Promise<FileReader>;
}

/** A plain file in its folder. */
export interface FilePlace {
  /** Absolute, without links where it was found by `findInlets`. */
  readonly folder: string;
  /** Its name there. */
  readonly file: string;
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
  if (!found.isDirectory() && !found.isFile()) return [{ ...fileInlet(path, undefined), name: typed }];
  const real = await attemptOnMedium(`read ${path}`, () => realpath(path));
  if (found.isFile()) return [{ ...fileInlet(real, found.size), name: typed }];
  const names = (await attemptOnMedium(`list ${path}`, () => readdir(path))).filter(isArchiveName).sort();
  if (names.length > MAX_ARCHIVES) throw tooMany(typed, names.length);
  const inlets: MediumInlet[] = [];
  for (const name of names) {
    const file = join(real, name);
    const entry = await attemptOnMedium(`read ${file}`, () => lstat(file));
    // Whoever wrote the medium chose the names, and they are shown.
    if (entry.isFile()) inlets.push({ ...fileInlet(file, entry.size), name: join(typed, printable(name)) });
  }
  return inlets;
}

/** As many volumes as a bundle may have: the beginning of each archive is read, which takes about a millisecond. */
const MAX_ARCHIVES = 10_000;

function tooMany(typed: string, count: number): JamError {
  return new JamError(
    "JAM_MEDIUM_UNUSABLE",
    `${typed} holds ${count} files *.tar; at most ${MAX_ARCHIVES} are looked at, as many as a bundle may have volumes.`,
    {
      hint: "Name the volumes themselves, or put them into a folder of their own.",
      details: { path: typed, count, most: MAX_ARCHIVES },
    },
  );
}

/** A file as an inlet; without a size it is a pipe or a device, which is read from its start only. */
export function fileInlet(path: string, size: number | undefined): MediumInlet {
  const inlet = { name: path, size, open: () => fileBytes(path) };
  if (size === undefined) return inlet;
  const place = { folder: dirname(path), file: basename(path) };
  return { ...inlet, place, openAt: () => openFileReader(path) };
}

/** Bytes that come once, as standard input. */
export function streamInlet(name: string, bytes: AsyncIterable<Uint8Array>): MediumInlet {
  return { name, size: undefined, open: () => bytes };
}

/** Names with a leading dot are unfinished or none of ours: other systems leave `._name.tar` on media. */
function isArchiveName(name: string): boolean {
  return name.endsWith(".tar") && !name.startsWith(".");
}

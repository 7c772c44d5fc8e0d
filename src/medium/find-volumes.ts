import { lstat, readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { JamError } from "../shared/errors.ts";
import { MAX_VOLUMES } from "../shared/limits.ts";
import { printable } from "../shared/printable.ts";
import { attemptOnMedium } from "./medium-error.ts";
import type { VolumeInput } from "./medium.ts";
import { fileBytes, openFileReader } from "./read-file.ts";

/** Where to look, and the path as typed. */
export interface MediumPath {
  /** Absolute. */
  readonly path: string;
  readonly typed: string;
}

/**
 * The archives at a path, in the order of their names: the file itself, or the plain files `*.tar` of a folder.
 * Subfolders are not searched, and links in a folder are not followed.
 * @throws JamError JAM_MEDIUM_UNUSABLE
 */
export async function findVolumes({ path, typed }: MediumPath): Promise<VolumeInput[]> {
  const found = await attemptOnMedium(`read ${path}`, () => stat(path));
  if (!found.isDirectory() && !found.isFile()) return [{ ...fileInput(path, undefined), name: typed }];
  const real = await attemptOnMedium(`read ${path}`, () => realpath(path));
  if (found.isFile()) return [{ ...fileInput(real, found.size), name: typed }];
  const names = (await attemptOnMedium(`list ${path}`, () => readdir(path))).filter(isArchiveName).sort();
  // The beginning of each archive is read, which takes about a millisecond.
  if (names.length > MAX_VOLUMES) throw tooMany(typed, names.length);
  const inputs: VolumeInput[] = [];
  for (const name of names) {
    const file = join(real, name);
    const entry = await attemptOnMedium(`read ${file}`, () => lstat(file));
    // The names come from outside, and they are printed.
    if (entry.isFile()) inputs.push({ ...fileInput(file, entry.size), name: join(typed, printable(name)) });
  }
  return inputs;
}

/**
 * The archives at the paths of a command line, each a file or a folder; `-` is standard input.
 * @throws JamError JAM_MEDIUM_UNUSABLE, JAM_BUNDLE_NOT_FOUND for a folder without archives
 */
export async function findInputs(
  paths: readonly string[],
  { cwd, stdin }: { readonly cwd: string; readonly stdin: (() => AsyncIterable<Uint8Array>) | undefined },
): Promise<VolumeInput[]> {
  const inputs: VolumeInput[] = [];
  for (const path of paths) {
    if (path === "-" && stdin !== undefined) inputs.push(streamInput("standard input", stdin()));
    else {
      const found = await findVolumes({ path: resolve(cwd, path), typed: path });
      if (found.length === 0) throw noArchives(path);
      for (const input of found) inputs.push(input);
    }
  }
  return inputs;
}

function noArchives(path: string): JamError {
  return new JamError("JAM_BUNDLE_NOT_FOUND", `${path} contains no *.tar files, so no volume of a bundle.`, {
    hint: "Give the folder that contains the volumes, or the files themselves.",
    details: { path },
  });
}

function tooMany(typed: string, count: number): JamError {
  return new JamError(
    "JAM_MEDIUM_UNUSABLE",
    `${typed} contains ${count} *.tar files; the limit is ${MAX_VOLUMES}, as many as a bundle may have volumes.`,
    {
      hint: "Give the volumes themselves, or move them to a folder of their own.",
      details: { path: typed, count, most: MAX_VOLUMES },
    },
  );
}

/** A file as an input; without a size it is a pipe or a device, which can be read only from its start. */
export function fileInput(path: string, size: number | undefined): VolumeInput {
  const input = { name: path, size, open: () => fileBytes(path) };
  if (size === undefined) return input;
  const place = { folder: dirname(path), file: basename(path) };
  return { ...input, place, openAt: () => openFileReader(path) };
}

/** Bytes that can be read only once, such as standard input. */
export function streamInput(name: string, bytes: AsyncIterable<Uint8Array>): VolumeInput {
  return { name, size: undefined, open: () => bytes };
}

/** Names with a leading dot are unfinished, or not ours: other systems leave `._name.tar` on media. */
function isArchiveName(name: string): boolean {
  return name.endsWith(".tar") && !name.startsWith(".");
}

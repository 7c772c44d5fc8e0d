import type { VolumeInput } from "./medium.ts";
import { lstat, readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { JamError } from "../shared/errors.ts";
import { printable } from "../shared/printable.ts";
import { fileBytes, openFileReader } from "./read-file.ts";
import { attemptOnMedium } from "./medium-error.ts";
import { MAX_VOLUMES } from "../shared/limits.ts";

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
    // Whoever wrote the medium chose the names, and they are shown.
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
  return new JamError("JAM_BUNDLE_NOT_FOUND", `${path} holds no *.tar, so no volume of a bundle.`, {
    hint: "Name the folder that holds the volumes, or the files themselves.",
    details: { path },
  });
}

function tooMany(typed: string, count: number): JamError {
  return new JamError(
    "JAM_MEDIUM_UNUSABLE",
    `${typed} holds ${count} files *.tar; at most ${MAX_VOLUMES} are looked at, as many as a bundle may have volumes.`,
    {
      hint: "Name the volumes themselves, or put them into a folder of their own.",
      details: { path: typed, count, most: MAX_VOLUMES },
    },
  );
}

/** A file as an input; without a size it is a pipe or a device, which is read from its start only. */
export function fileInput(path: string, size: number | undefined): VolumeInput {
  const input = { name: path, size, open: () => fileBytes(path) };
  if (size === undefined) return input;
  const place = { folder: dirname(path), file: basename(path) };
  return { ...input, place, openAt: () => openFileReader(path) };
}

/** Bytes that come once, as standard input. */
export function streamInput(name: string, bytes: AsyncIterable<Uint8Array>): VolumeInput {
  return { name, size: undefined, open: () => bytes };
}

/** Names with a leading dot are unfinished or none of ours: other systems leave `._name.tar` on media. */
function isArchiveName(name: string): boolean {
  return name.endsWith(".tar") && !name.startsWith(".");
}

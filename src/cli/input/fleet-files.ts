import type { Dirent } from "node:fs";
import { JamError } from "../../shared/errors.ts";
import { FleetReader, type FleetFile } from "../../upgrade/fleet/read-fleet.ts";
import { withoutText } from "../../upgrade/fleet/recognise-foreign.ts";
import type { Fleet } from "../../upgrade/fleet/fleet.ts";
import type { CommandIo } from "../io.ts";
import { readFileText, readStdinText, type InputText } from "./input-bytes.ts";
import { unreadable } from "./input-files.ts";

/** Files below one folder. A fleet of 10,000 models has fewer; a home folder has more. */
const MAX_FILES = 10_000;

export interface FleetFilesOptions {
  /** The name of the flag or argument in messages. */
  readonly flag: string;
  /** Describe every file instead of refusing one that is not a listing. */
  readonly isExplaining: boolean;
}

/** The parts of a command's context that reading files needs. */
export interface FilesContext {
  readonly io: Pick<CommandIo, "cwd" | "readBytes" | "readInput">;
  readonly signal: AbortSignal;
  /** For the age of files. Default: the clock of this machine. */
  readonly now?: () => Date;
}

/**
 * The fleet that the files named on the command line describe. `-` is standard input; a folder means every file in it and
 * its subfolders whose name does not begin with a dot. Files are read one after the other.
 * @throws JamError JAM_USAGE_INVALID for a file that cannot be read; JAM_FLEET_INVALID for one that is not a listing
 */
export async function readFleetFiles(
  context: FilesContext,
  files: readonly string[],
  options: FleetFilesOptions,
): Promise<Fleet> {
  const reader = new FleetReader({
    isExplaining: options.isExplaining,
    now: context.now?.() ?? new Date(),
  });
  for (const file of files) {
    if (file === "-")
      reader.add(fileOf("standard input", await readStdinText(context.io), { isNamed: true }));
    else for await (const one of filesAt(context, file, options.flag)) reader.add(one);
    context.signal.throwIfAborted();
  }
  return reader.fleet();
}

function fileOf(
  name: string,
  read: InputText,
  { isNamed, savedAt }: Pick<FleetFile, "isNamed" | "savedAt">,
): FleetFile {
  const content = "text" in read ? read : withoutText(name, `is ${read.binary}`);
  return { name, content, isNamed, savedAt };
}

async function* filesAt(
  context: FilesContext,
  file: string,
  flag: string,
): AsyncGenerator<FleetFile, void, undefined> {
  const { stat } = await import("node:fs/promises");
  const { join, resolve } = await import("node:path");
  const path = resolve(context.io.cwd, file);
  let read: InputText | undefined;
  let savedAt: Date | undefined;
  try {
    const found = await stat(path);
    // A pipe or a device has no age.
    if (found.isFile()) savedAt = found.mtime;
    if (!found.isDirectory()) read = await readFileText(path);
  } catch (cause) {
    throw unreadable({ flag, file }, cause);
  }
  if (read !== undefined) {
    yield fileOf(file, read, { isNamed: true, savedAt });
    return;
  }
  for (const below of await filesBelow(path, file, flag)) {
    context.signal.throwIfAborted();
    yield await readBelow(join(path, below), join(file, below));
  }
}

/** The contents of a file without read permission are unknown: it counts as not read. */
async function readBelow(path: string, name: string): Promise<FleetFile> {
  const { stat } = await import("node:fs/promises");
  try {
    const { mtime: savedAt } = await stat(path);
    return fileOf(name, await readFileText(path), { isNamed: false, savedAt });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
    return { name, content: withoutText(name, `cannot be read (${code})`), isNamed: false };
  }
}

/** Paths below a folder in the order of their names. Links to folders are not followed: they may lead in a circle. */
async function filesBelow(folder: string, shown: string, flag: string): Promise<string[]> {
  const { readdir, stat } = await import("node:fs/promises");
  const { join, relative } = await import("node:path");
  const found: string[] = [];
  const folders = [folder];
  for (let next = folders.shift(); next !== undefined; next = folders.shift()) {
    const entries: Dirent[] = await readdir(next, { withFileTypes: true }).catch((cause: unknown) => {
      throw unreadable({ flag, file: join(shown, relative(folder, next ?? folder)) }, cause);
    });
    for (const entry of entries) {
      if (entry.name.startsWith(".")) continue;
      const path = join(next, entry.name);
      const isLink = entry.isSymbolicLink();
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isFile() || (isLink && (await stat(path).catch(() => undefined))?.isFile() === true)) {
        found.push(relative(folder, path));
      }
      if (found.length > MAX_FILES || folders.length > MAX_FILES) throw tooMany(shown, flag);
    }
  }
  if (found.length === 0) throw unreadable({ flag, file: shown }, new Error("it is a folder without files"));
  return found.sort();
}

function tooMany(folder: string, flag: string): JamError {
  return new JamError("JAM_USAGE_INVALID", `${flag}: ${folder} contains more than ${MAX_FILES} files.`, {
    hint: "Name a folder that contains only the output of juju commands.",
    details: { flag, folder },
  });
}

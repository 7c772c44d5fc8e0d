import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { JamError, systemCode } from "../shared/errors.ts";
import { hashPieces } from "../shared/sha256.ts";
import { parsePathSums } from "../shared/sums.ts";
import { FILES_LIST } from "./installation.ts";
import { listFiles } from "./list-files.ts";

/** A file that is not as the package's list says. */
export interface WrongFile {
  readonly path: string;
  readonly state: "changed" | "missing" | "unexpected" | "unreadable";
}

/** What a comparison of an installed program with its list found. */
export interface FilesReport {
  /** Files that were compared. */
  readonly files: number;
  /** Bytes of them. */
  readonly bytes: number;
  readonly wrong: readonly WrongFile[];
}

/**
 * Compares every file of the program in `folder` with `files.sha256` there, byte for byte. It finds damage and
 * accidents; whoever can change files here can change the list, too.
 * @throws JamError JAM_PROGRAM_DAMAGED when the list cannot be read
 */
export async function verifyFiles(folder: string, signal: AbortSignal): Promise<FilesReport> {
  const sums = await readSums(folder);
  const present = new Set(await listFiles(folder));
  const wrong: WrongFile[] = [];
  let bytes = 0;
  for (const { name, sha256 } of sums) {
    signal.throwIfAborted();
    if (!present.delete(name)) {
      wrong.push({ path: name, state: "missing" });
      continue;
    }
    const found = await hashPieces(createReadStream(join(folder, name))).catch(() => undefined);
    if (found === undefined) wrong.push({ path: name, state: "unreadable" });
    else if (found.sha256 !== sha256) wrong.push({ path: name, state: "changed" });
    bytes += found?.size ?? 0;
  }
  present.delete(FILES_LIST);
  for (const path of present) wrong.push({ path, state: "unexpected" });
  return { files: sums.length, bytes, wrong };
}

async function readSums(folder: string) {
  const path = join(folder, FILES_LIST);
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw unusableList(path, systemCode(cause) ?? "unreadable", cause);
  });
  const sums = parsePathSums(text);
  if (sums === undefined || sums.length === 0) throw unusableList(path, "it is not a list of files");
  return sums;
}

function unusableList(path: string, reason: string, cause?: unknown): JamError {
  return new JamError("JAM_PROGRAM_DAMAGED", `Cannot read ${path}: ${reason}.`, {
    hint: "Install jam again from its archive.",
    details: { path, reason },
    cause,
  });
}

import { readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { JamError } from "../shared/errors.ts";
import type { Sha256 } from "../shared/sha256.ts";
import { parseSums } from "../shared/sums.ts";
import { GUIDES, inspectArchive } from "./inspect-archive.ts";
import { archiveName, FILES_LIST, type Installation } from "./installation.ts";
import { listFiles } from "./list-files.ts";
import { verifyFiles } from "./verify-files.ts";
import { archiveOf } from "./write-archive.ts";

/** The checksums that the maker of archives wrote next to them. */
export interface MakerSums {
  readonly text: string;
  /** Armoured detached OpenPGP signature of the text; undefined when there is none. */
  readonly signature: string | undefined;
}

/** A program that can be put on a medium. */
export interface ProgramSource {
  readonly installation: Installation;
  /** Of the archive; undefined when it is only known once it is written. */
  readonly sha256: Sha256 | undefined;
  /** Bytes, an upper bound for an archive that is still to be written. */
  readonly size: number;
  /** Bytes of the files. */
  readonly unpackedBytes: number;
  /** The contents of `GUIDES`, in that order. */
  readonly guides: readonly Buffer[];
  /** Only when they list this archive. */
  readonly sums: MakerSums | undefined;
  readonly open: () => AsyncIterable<Uint8Array>;
}

/**
 * The archive at `path`, every file of which was compared with the list in it, and the archive with the `SHA256SUMS` next to
 * it, if there is one.
 * @throws JamError JAM_PROGRAM_DAMAGED, JAM_MEDIUM_UNUSABLE
 */
export async function openArchive(path: string): Promise<ProgramSource> {
  const archive = await inspectArchive(path);
  const { createReadStream } = await import("node:fs");
  const sums = await findSums(dirname(path), `${archiveName(archive.installation)}.tar.gz`, archive.sha256);
  return { ...archive, sums, open: () => createReadStream(path) as AsyncIterable<Uint8Array> };
}

/**
 * The archive of the program that is installed in `folder`, made again from its files: the same bytes as its maker's.
 * @throws JamError JAM_PROGRAM_DAMAGED when a file of it was changed
 */
export async function openInstalled(
  folder: string,
  installation: Installation,
  signal: AbortSignal,
): Promise<ProgramSource> {
  const { bytes, wrong } = await verifyFiles(folder, signal);
  const damaged = wrong.filter(({ state }) => state !== "unexpected");
  if (damaged.length > 0) {
    throw new JamError(
      "JAM_PROGRAM_DAMAGED",
      `The program in ${folder} is not as it was packaged: ${damaged[0]?.path} is ${damaged[0]?.state}.`,
      {
        hint: "`jam self verify` lists all such files. Install jam again from its archive.",
        details: { wrong },
      },
    );
  }
  // What was put there later is not a part of the program.
  const unexpected = new Set(wrong.map(({ path }) => path));
  const files = (await listFiles(folder)).filter((path) => !unexpected.has(path));
  const name = archiveName(installation);
  const guides = await Promise.all(GUIDES.map((guide) => readFile(join(folder, guide))));
  return {
    installation,
    sha256: undefined,
    size: bytes,
    unpackedBytes: bytes + (await stat(join(folder, FILES_LIST))).size,
    guides,
    sums: await findSums(dirname(folder), `${name}.tar.gz`, undefined),
    open: () => archiveOf(folder, files, { name, madeAt: installation.madeAt }),
  };
}

/** The `SHA256SUMS` in `folder`, with its signature, when it lists the archive `name`. */
async function findSums(
  folder: string,
  name: string,
  sha256: Sha256 | undefined,
): Promise<MakerSums | undefined> {
  const text = await readText(join(folder, "SHA256SUMS"));
  const line = parseSums(text ?? "").find((sum) => sum.name === name);
  if (text === undefined || line === undefined) return undefined;
  if (sha256 !== undefined && line.sha256 !== sha256) {
    throw new JamError("JAM_PROGRAM_DAMAGED", `${name} is not the file that SHA256SUMS in ${folder} lists.`, {
      hint: "Copy both again from where they were made.",
      details: { path: join(folder, basename(name)), expected: line.sha256, found: sha256 },
    });
  }
  return { text, signature: await readText(join(folder, "SHA256SUMS.asc")) };
}

async function readText(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(() => undefined);
}

import { join } from "node:path";
import { openArchive, openInstalled, type ProgramSource } from "../program/find-program.ts";
import type { Installation } from "../program/installation.ts";
import { putOnMedium, type PutOptions, type PutProgram } from "../program/put-on-medium.ts";

/** The program that runs, when it is a package. */
export interface RunningProgram {
  readonly folder: string;
  readonly installation: Installation;
}

/**
 * The archives at absolute paths, and that of the running program unless one of these is the same.
 * @throws JamError JAM_PROGRAM_DAMAGED, JAM_MEDIUM_UNUSABLE
 */
export async function composeProgramSources(
  paths: readonly string[],
  running: RunningProgram | undefined,
  signal: AbortSignal,
): Promise<ProgramSource[]> {
  const sources: ProgramSource[] = [];
  for (const path of paths) sources.push(await openArchive(path));
  const isGiven = sources.some(
    ({ installation: { arch, version } }) =>
      arch === running?.installation.arch && version === running.installation.version,
  );
  if (running !== undefined && !isGiven) {
    sources.push(await openInstalled(running.folder, running.installation, signal));
  }
  return sources;
}

/** What `putProgram` wrote. */
export interface PutResult extends PutProgram {
  readonly folder: string;
  /** Folders that were unpacked. */
  readonly unpacked: readonly string[];
}

/**
 * Puts programs into the folder `jam` of a medium; `to` is absolute.
 * @throws JamError JAM_PROGRAM_…, JAM_MEDIUM_…
 */
export async function putProgram(
  to: string,
  sources: readonly ProgramSource[],
  options: PutOptions & { readonly isUnpacked: boolean },
): Promise<PutResult> {
  const { openMediumFolder } = await import("../medium/folder-writer.ts");
  const { attemptOnMedium } = await import("../medium/medium-error.ts");
  const folder = join(to, "jam");
  const put = await putOnMedium(openMediumFolder(folder), sources, options);
  const unpacked: string[] = [];
  if (options.isUnpacked) {
    const { unpackOnMedium } = await import("../program/unpack-on-medium.ts");
    for (const archive of put.archives) {
      await attemptOnMedium(`unpack ${archive.name} in ${folder}`, () =>
        unpackOnMedium(folder, archive, options),
      );
      unpacked.push(archive.name.replace(/\.tar\.gz$/, ""));
    }
  }
  return { ...put, folder, unpacked };
}

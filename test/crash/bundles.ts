import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { runSteadyJam } from "./jam.ts";
import { openMirror, type MirrorPlan, type StagedMirror } from "./mirror.ts";
import type { StageOptions } from "./stage.ts";

/** A side of the air gap that makes bundles: a mirror with a key to sign them. */
export interface MakingSide extends StagedMirror {
  readonly folder: string;
}

/** Large enough that volumes, each of which repeats the manifest, cut tarballs into pieces. */
const TARBALL_BYTES = 12_000;
const QUIET = ["--quiet", "--progress", "none"];
const TAR_BLOCK = 512;

/** Makes the mirror and its key in `folder`; nothing is synced yet. */
export async function openMakingSide(
  folder: string,
  plan: MirrorPlan,
  options: StageOptions,
): Promise<MakingSide> {
  const mirror = await openMirror(folder, plan, { tarballBytes: TARBALL_BYTES, ...options });
  await needJam(folder, ["key", "generate", "--name", "maker"]);
  return { ...mirror, folder };
}

/** The arguments that make `place` a bundle of what the mirror lists. */
export function createArgs(place: string, ...more: readonly string[]): string[] {
  return ["bundle", "create", ...QUIET, "--to", place, ...more];
}

/** The arguments that import volumes, or folders of them. */
export function importArgs(...from: readonly string[]): string[] {
  return ["bundle", "import", ...QUIET, ...from];
}

/** The size of volumes that makes about so many of the bundle of what the mirror lists. */
export async function volumeSizeFor(side: string, count: number): Promise<number> {
  const scratch = join(side, "scratch");
  await mkdir(scratch);
  await needJam(side, createArgs("scratch/b.tar"));
  const sizeOf = async (name: string) => (await stat(join(scratch, name))).size;
  const head = (await sizeOf("b.manifest.json")) + (await sizeOf("b.manifest.json.asc")) + 8 * TAR_BLOCK;
  const room = Math.ceil(((await sizeOf("b.tar")) - head) / (count - 0.5));
  await rm(scratch, { recursive: true });
  return Math.ceil((head + room) / TAR_BLOCK) * TAR_BLOCK;
}

/** A second mirror in `folder` that believes the first one's key and upstream. */
export async function openTakingSide(
  folder: string,
  near: MakingSide,
  retention: MirrorPlan["retention"],
): Promise<void> {
  await near.makeFolder(folder, { retention });
  await needJam(near.folder, ["key", "export", "--to", join(folder, "maker.asc")]);
  await needJam(folder, ["key", "trust", "maker.asc"]);
}

/** Runs `jam` where it must end well; gives what it printed. */
export async function needJam(folder: string, args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await runSteadyJam(folder, args);
  if (status === 0) return stdout;
  throw new Error(`jam ${args.join(" ")} ended with ${status}: ${stdout}${stderr}`);
}

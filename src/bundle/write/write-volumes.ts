import { formatByteSize } from "../../shared/byte-size.ts";
import { JamError } from "../../shared/errors.ts";
import { hashPieces } from "../../shared/sha256.ts";
import { volumeName, type BundleFiles } from "../format/bundle-files.ts";
import { layoutHash } from "../format/bundle-layout.ts";
import { unseal, writeProgress, type FinishedVolume, type WriteProgress } from "./write-progress.ts";
import { writeVolume, type VolumeWriting } from "./write-volume.ts";

/** Kept free in addition to the volumes, for the sidecars. */
const SIDECAR_BYTES = 2 ** 20;

export interface VolumesWork extends VolumeWriting {
  readonly files: BundleFiles;
  /** What an interrupted run of the same bundle wrote. */
  readonly before: WriteProgress | undefined;
}

/**
 * Writes every volume, one after the other; each is complete and flushed before it gets its name and is recorded.
 * Volumes that an interrupted run finished are read instead, and kept if they match the record. Existing checksums are
 * removed: `seal` writes them again.
 * @throws JamError JAM_MEDIUM_…, JAM_STORE_CORRUPT, JAM_CANCELLED
 */
export async function writeVolumes(work: VolumesWork): Promise<FinishedVolume[]> {
  const { layout, files, observe } = work;
  const finished = await keptVolumes(work);
  await refuseFull(work, finished);
  const bytes = layout.volumes.reduce((sum, plan) => sum + plan.bytes, 0);
  await unseal(work.medium, progressOf(work, finished));
  observe({ kind: "phase", phase: "write" });
  const received = Object.fromEntries([...finished.values()].map(({ name, size }) => [name, size]));
  observe({ kind: "planned", items: layout.volumes.length, bytes, received });
  for (const plan of layout.volumes) {
    const name = volumeName(files, plan.number);
    observe({ kind: "item-started", path: name, size: plan.bytes, received: received[name] ?? 0 });
    if (!finished.has(plan.number))
      finished.set(plan.number, { name, ...(await writeVolume(work, plan, name)) });
    observe({ kind: "item-done", path: name, size: plan.bytes });
    await writeProgress(work.medium, progressOf(work, finished));
  }
  return layout.volumes.map(({ number }) => finished.get(number) as FinishedVolume);
}

function progressOf({ layout }: VolumesWork, finished: ReadonlyMap<number, FinishedVolume>): WriteProgress {
  return { bundle: layout.id, layout: layoutHash(layout), volumes: [...finished.values()] };
}

/** Finished volumes by number. */
async function keptVolumes({
  layout,
  files,
  medium,
  before,
}: VolumesWork): Promise<Map<number, FinishedVolume>> {
  const kept = new Map<number, FinishedVolume>();
  if (before?.layout !== layoutHash(layout)) return kept;
  for (const plan of layout.volumes) {
    const name = volumeName(files, plan.number);
    const noted = before.volumes.find((volume) => volume.name === name);
    const input = noted === undefined ? undefined : await medium.input(name);
    if (noted === undefined || input?.size !== plan.bytes) continue;
    if ((await hashPieces(input.open())).sha256 === noted.sha256)
      kept.set(plan.number, { ...noted, size: plan.bytes });
  }
  return kept;
}

async function refuseFull(
  { layout, medium }: VolumesWork,
  finished: ReadonlyMap<number, FinishedVolume>,
): Promise<void> {
  const left = layout.volumes.filter(({ number }) => !finished.has(number));
  const needed = left.reduce((sum, { bytes }) => sum + bytes, 0) + SIDECAR_BYTES;
  const free = await medium.freeBytes();
  if (left.length === 0 || needed <= free) return;
  throw new JamError(
    "JAM_MEDIUM_NO_SPACE",
    `The bundle needs ${formatByteSize(needed - SIDECAR_BYTES)}, and ${formatByteSize(SIDECAR_BYTES)} for the sidecars; ${medium.folder} has ${formatByteSize(free)} free.`,
    {
      hint: "Write it to a larger medium, or make it smaller: pass --have or --site, or select fewer agents.",
      details: { needed, free, folder: medium.folder },
    },
  );
}

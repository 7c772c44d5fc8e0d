import type { MediumWriter } from "../../medium/medium.ts";
import { formatByteSize } from "../../shared/byte-size.ts";
import { JamError } from "../../shared/errors.ts";
import type { SyncObserver } from "../../mirror/run-events.ts";
import type { VolumePlan } from "../format/volume-plan.ts";
import type { ContentSource } from "../contents.ts";
import { hashOf } from "../read/volume-reader.ts";
import type { BundleFiles } from "./bundle-files.ts";
import { volumeBytes, type BundleBytes } from "./volume-bytes.ts";
import {
  layoutOf,
  unseal,
  writeProgress,
  type FinishedVolume,
  type WriteProgress,
} from "./write-progress.ts";

/** Kept free beside the volumes, for the files that lie beside them. */
const RESERVED_BYTES = 2 ** 20;

export interface VolumeWork {
  readonly bundle: BundleBytes;
  readonly files: BundleFiles;
  readonly medium: MediumWriter;
  readonly contents: ContentSource;
  /** What an interrupted run of the same bundle left. */
  readonly before: WriteProgress | undefined;
  readonly observe: SyncObserver;
  readonly signal: AbortSignal;
}

/**
 * Writes every volume, one after the other; each is whole and flushed before it has its name, and noted. Volumes that
 * an interrupted run finished are read again instead, and kept when they are what was noted. Checksums that lie there
 * are taken away: who seals the bundle writes them again.
 * @throws JamError JAM_MEDIUM_…, JAM_STORE_CORRUPT, JAM_CANCELLED
 */
export async function writeVolumes(work: VolumeWork): Promise<FinishedVolume[]> {
  const { bundle, files, observe } = work;
  const finished = await keptVolumes(work);
  await refuseFull(work, finished);
  const bytes = bundle.volumes.reduce((sum, plan) => sum + plan.bytes, 0);
  await unseal(work.medium, progressOf(work, finished));
  observe({ kind: "phase", phase: "write" });
  observe({ kind: "planned", items: bundle.volumes.length, bytes });
  for (const plan of bundle.volumes) {
    const name = files.volumes[plan.number - 1] as string;
    observe({ kind: "item-started", path: name, size: plan.bytes, received: 0 });
    if (finished.has(plan.number)) observe({ kind: "item-bytes", path: name, bytes: plan.bytes });
    else finished.set(plan.number, { name, ...(await writeOne(work, plan, name)) });
    observe({ kind: "item-done", path: name, size: plan.bytes });
    await writeProgress(work.medium, progressOf(work, finished));
  }
  return bundle.volumes.map(({ number }) => finished.get(number) as FinishedVolume);
}

function progressOf({ bundle }: VolumeWork, finished: ReadonlyMap<number, FinishedVolume>): WriteProgress {
  return { bundle: bundle.id, layout: layoutOf(bundle), volumes: [...finished.values()] };
}

/** Finished volumes by number. */
async function keptVolumes({
  bundle,
  files,
  medium,
  before,
}: VolumeWork): Promise<Map<number, FinishedVolume>> {
  const kept = new Map<number, FinishedVolume>();
  if (before?.layout !== layoutOf(bundle)) return kept;
  for (const plan of bundle.volumes) {
    const name = files.volumes[plan.number - 1] as string;
    const noted = before.volumes.find((volume) => volume.name === name);
    const input = noted === undefined ? undefined : await medium.input(name);
    if (noted === undefined || input?.size !== plan.bytes) continue;
    if ((await hashOf(input.open())) === noted.sha256) kept.set(plan.number, { ...noted, size: plan.bytes });
  }
  return kept;
}

async function writeOne(work: VolumeWork, plan: VolumePlan, name: string) {
  const { bundle, contents, medium, observe, signal } = work;
  const bytes = async function* () {
    for await (const chunk of volumeBytes(bundle, plan, contents)) {
      if (signal.aborted)
        throw new JamError("JAM_CANCELLED", "Cancelled; finished volumes are kept.", {
          hint: "Run the same command again: it goes on where it stopped.",
        });
      yield chunk;
      observe({ kind: "item-bytes", path: name, bytes: chunk.length });
    }
  };
  return medium.write(name, bytes());
}

async function refuseFull(
  { bundle, medium }: VolumeWork,
  finished: ReadonlyMap<number, FinishedVolume>,
): Promise<void> {
  const left = bundle.volumes.filter(({ number }) => !finished.has(number));
  const needed = left.reduce((sum, { bytes }) => sum + bytes, 0) + RESERVED_BYTES;
  const free = await medium.freeBytes();
  if (left.length === 0 || needed <= free) return;
  throw new JamError(
    "JAM_MEDIUM_NO_SPACE",
    `The bundle needs ${formatByteSize(needed - RESERVED_BYTES)}, and ${formatByteSize(RESERVED_BYTES)} for what lies beside it; ${medium.folder} has ${formatByteSize(free)} free.`,
    {
      hint: "Write it to a larger place, or carry less: --have what the far side holds, or rules.",
      details: { needed, free, folder: medium.folder },
    },
  );
}

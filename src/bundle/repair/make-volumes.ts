import type { MediumWriter } from "../../medium/medium.ts";
import { formatByteSize } from "../../shared/byte-size.ts";
import { isJamError, JamError } from "../../shared/errors.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import type { SyncObserver } from "../../mirror/run-events.ts";
import { affectedBy, describeAffected } from "../format/affected.ts";
import type { VolumePlan } from "../format/volume-plan.ts";
import type { Edition } from "../verify/editions.ts";
import type { BundleFiles } from "../write/bundle-files.ts";
import { volumeBytes, DamagedContentError } from "../write/volume-bytes.ts";
import type { FinishedVolume } from "../write/write-progress.ts";
import type { RepairContents } from "./repair-contents.ts";

export interface VolumeOrder {
  readonly edition: Edition;
  /** Numbers of the volumes to make. */
  readonly numbers: readonly number[];
  readonly files: BundleFiles;
  readonly medium: MediumWriter;
  readonly contents: RepairContents;
  readonly observe: SyncObserver;
  readonly signal: AbortSignal;
}

/** What was made, and what could not be had. */
export interface MadeVolumes {
  readonly volumes: readonly (FinishedVolume & { readonly number: number })[];
  readonly lacking: ReadonlyMap<number, ReadonlySet<Sha256>>;
}

/**
 * Makes these volumes again, to the byte: everything follows from manifest, signature and volume size. One that cannot
 * be made leaves the others alone, and what lies at its place.
 * @throws JamError JAM_MEDIUM_…, JAM_CANCELLED
 */
export async function makeVolumes(order: VolumeOrder): Promise<MadeVolumes> {
  const { edition, observe } = order;
  const plans = edition.volumes.filter(({ number }) => order.numbers.includes(number));
  const volumes: (FinishedVolume & { readonly number: number })[] = [];
  const lacking = new Map<number, ReadonlySet<Sha256>>();
  observe({ kind: "phase", phase: "write" });
  observe({ kind: "planned", items: plans.length, bytes: plans.reduce((sum, { bytes }) => sum + bytes, 0) });
  for (const plan of plans) {
    const path = order.files.volumes[plan.number - 1] as string;
    observe({ kind: "item-started", path, size: plan.bytes, received: 0 });
    const made = await makeOne(order, plan, path);
    if ("lacking" in made) lacking.set(plan.number, made.lacking);
    else volumes.push({ number: plan.number, name: path, ...made });
    observe({ kind: "item-done", path, size: plan.bytes });
  }
  return { volumes, lacking };
}

async function makeOne(
  order: VolumeOrder,
  plan: VolumePlan,
  name: string,
): Promise<Omit<FinishedVolume, "name"> | { readonly lacking: ReadonlySet<Sha256> }> {
  const { edition, medium, contents, observe, signal } = order;
  const bytes = async function* () {
    for await (const piece of volumeBytes(edition, plan, contents)) {
      if (signal.aborted)
        throw new JamError("JAM_CANCELLED", "Cancelled; finished volumes are kept.", {
          hint: "Run the same command again: it goes on where it stopped.",
        });
      yield piece;
      observe({ kind: "item-bytes", path: name, bytes: piece.length });
    }
  };
  for (;;) {
    const lacking = await lackingOf(plan, contents);
    if (lacking.size > 0) return { lacking };
    try {
      return await medium.write(name, bytes());
    } catch (error) {
      if (isJamError(error, "JAM_MEDIUM_NO_SPACE")) throw noRoom(error, plan);
      if (!(error instanceof DamagedContentError)) throw error;
      // Damage shows only when it is read; the content may be whole elsewhere.
      contents.skip(error.sha256);
    }
  }
}

/** A volume is written beside the bad one, and takes its place when it is whole. */
function noRoom(error: JamError, { number, bytes }: VolumePlan): JamError {
  return error.with({
    hint: `Volume ${number} needs ${formatByteSize(bytes)} beside what is there: write it elsewhere (--to FOLDER), then copy it over the bad one.`,
    details: { number, needed: bytes },
  });
}

async function lackingOf({ slices }: VolumePlan, contents: RepairContents): Promise<ReadonlySet<Sha256>> {
  const lacking = new Set<Sha256>();
  for (const { content } of slices)
    if (!(await contents.has(content.sha256, content.size))) lacking.add(content.sha256);
  return lacking;
}

/** @throws JamError JAM_BUNDLE_INCOMPLETE naming agents when a volume could not be made */
export function refuseLacking(
  { lacking, volumes }: MadeVolumes,
  { id, manifest }: Pick<Edition, "id" | "manifest">,
): void {
  if (lacking.size === 0) return;
  const affected = affectedBy(manifest, new Set([...lacking.values()].flatMap((hashes) => [...hashes])));
  const numbers = [...lacking.keys()];
  const repaired = volumes.map(({ number }) => number);
  throw new JamError(
    "JAM_BUNDLE_INCOMPLETE",
    `Volume ${numbers.join(", ")} of bundle ${id} cannot be made again: not held here are ${describeAffected(affected)}.`,
    {
      hint: "Run `jam sync`, then again, or run it on the mirror that made the bundle: jam bundle verify FROM -o json > report.json there needs no more than that file.",
      details: { bundle: id, volumes: numbers, repaired, ...affected },
    },
  );
}

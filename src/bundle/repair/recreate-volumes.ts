import { formatByteSize } from "../../shared/byte-size.ts";
import { isJamError, JamError } from "../../shared/errors.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import { affectedBy, describeAffected } from "../format/bundle-faults.ts";
import type { VolumePlan } from "../format/volume-plan.ts";
import type { BundleLayout } from "../format/bundle-layout.ts";
import { volumeName, type BundleFiles } from "../format/bundle-files.ts";
import { DamagedContentError, writeVolume, type VolumeWriting } from "../write/write-volume.ts";
import type { FinishedVolume } from "../write/write-progress.ts";
import type { ByteRange } from "../../store/store.ts";
import type { ContentSource } from "../contents.ts";

export interface RecreateOrder extends VolumeWriting {
  /** Numbers of the volumes to recreate. */
  readonly numbers: readonly number[];
  readonly files: BundleFiles;
  readonly contents: RepairContents;
}

/** What was made, and what could not be had. */
export interface RecreatedVolumes {
  readonly volumes: readonly (FinishedVolume & { readonly number: number })[];
  readonly missing: ReadonlyMap<number, ReadonlySet<Sha256>>;
}

/**
 * Makes these volumes again, to the byte: everything follows from manifest, signature and volume size. One that cannot
 * be made leaves the others alone, and what lies at its place.
 * @throws JamError JAM_MEDIUM_…, JAM_CANCELLED
 */
export async function recreateVolumes(order: RecreateOrder): Promise<RecreatedVolumes> {
  const { layout, observe } = order;
  const plans = layout.volumes.filter(({ number }) => order.numbers.includes(number));
  const volumes: (FinishedVolume & { readonly number: number })[] = [];
  const missing = new Map<number, ReadonlySet<Sha256>>();
  observe({ kind: "phase", phase: "write" });
  observe({ kind: "planned", items: plans.length, bytes: plans.reduce((sum, { bytes }) => sum + bytes, 0) });
  for (const plan of plans) {
    const path = volumeName(order.files, plan.number);
    observe({ kind: "item-started", path, size: plan.bytes, received: 0 });
    const made = await recreateOne(order, plan, path);
    if ("missing" in made) missing.set(plan.number, made.missing);
    else volumes.push({ number: plan.number, name: path, ...made });
    observe({ kind: "item-done", path, size: plan.bytes });
  }
  return { volumes, missing };
}

async function recreateOne(
  order: RecreateOrder,
  plan: VolumePlan,
  name: string,
): Promise<Omit<FinishedVolume, "name"> | { readonly missing: ReadonlySet<Sha256> }> {
  const { contents } = order;
  for (;;) {
    const missing = await missingFrom(plan, contents);
    if (missing.size > 0) return { missing };
    try {
      return await writeVolume(order, plan, name);
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

async function missingFrom({ slices }: VolumePlan, contents: RepairContents): Promise<ReadonlySet<Sha256>> {
  const missing = new Set<Sha256>();
  for (const { content } of slices)
    if (!(await contents.has(content.sha256, content.size))) missing.add(content.sha256);
  return missing;
}

/** @throws JamError JAM_BUNDLE_INCOMPLETE naming agents when a volume could not be made */
export function refuseMissing(
  { missing, volumes }: RecreatedVolumes,
  { id, manifest }: Pick<BundleLayout, "id" | "manifest">,
): void {
  if (missing.size === 0) return;
  const affected = affectedBy(manifest, new Set([...missing.values()].flatMap((hashes) => [...hashes])));
  const numbers = [...missing.keys()];
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

/** Contents from the first source that has one, without what was found damaged there. */
export class RepairContents implements ContentSource {
  readonly #sources: readonly { readonly source: ContentSource; readonly damaged: Set<Sha256> }[];

  constructor(sources: readonly ContentSource[]) {
    this.#sources = sources.map((source) => ({ source, damaged: new Set() }));
  }

  async open(sha256: Sha256) {
    for (const { source, damaged } of this.#sources) {
      const reader = damaged.has(sha256) ? undefined : await source.open(sha256);
      if (reader !== undefined) return reader;
    }
    return undefined;
  }

  /** Whether some source has a content of this size. */
  async has(sha256: Sha256, size: number): Promise<boolean> {
    for (;;) {
      const reader = await this.open(sha256);
      if (reader === undefined) return false;
      await reader.close();
      if (reader.size === size) return true;
      this.skip(sha256);
    }
  }

  /** The source that gives a content now gives it no more: its bytes are not right. */
  skip(sha256: Sha256): void {
    this.#sources.find(({ damaged }) => !damaged.has(sha256))?.damaged.add(sha256);
  }
}

/** The source, with what cannot be read in it taken for damaged: the content may be whole elsewhere. */
export function readErrorsAsDamage(source: ContentSource): ContentSource {
  return {
    async open(sha256) {
      const reader = await source.open(sha256);
      if (reader === undefined) return undefined;
      const bytes = async function* (range?: ByteRange) {
        try {
          yield* reader.bytes(range);
        } catch (cause) {
          throw new JamError("JAM_STORE_CORRUPT", `Content ${sha256} cannot be read.`, {
            cause,
            details: { sha256 },
          });
        }
      };
      return { size: reader.size, bytes, close: () => reader.close() };
    },
  };
}

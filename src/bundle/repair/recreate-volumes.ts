import { formatByteSize } from "../../shared/byte-size.ts";
import { isJamError, JamError } from "../../shared/errors.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import type { ByteRange } from "../../store/store.ts";
import type { ContentSource } from "../contents.ts";
import { affectedBy, describeAffected } from "../format/bundle-faults.ts";
import { volumeName, type BundleFiles } from "../format/bundle-files.ts";
import type { BundleLayout } from "../format/bundle-layout.ts";
import type { VolumePlan } from "../format/volume-plan.ts";
import type { FinishedVolume } from "../write/write-progress.ts";
import { DamagedContentError, writeVolume, type VolumeWriting } from "../write/write-volume.ts";

export interface RecreateOrder extends VolumeWriting {
  /** Numbers of the volumes to recreate. */
  readonly numbers: readonly number[];
  readonly files: BundleFiles;
  readonly contents: RepairContents;
}

/** What was recreated, and what was missing for it. */
export interface RecreatedVolumes {
  readonly volumes: readonly (FinishedVolume & { readonly number: number })[];
  readonly missing: ReadonlyMap<number, ReadonlySet<Sha256>>;
}

/**
 * Recreates these volumes byte for byte: manifest, signature and volume size determine them. One that cannot be
 * recreated does not stop the others, and its file stays as it is.
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
      // Damage is found only by reading; another source may have the content.
      contents.skip(error.sha256);
    }
  }
}

/** A volume is written next to the bad one, and replaces it when it is complete. */
function noRoom(error: JamError, { number, bytes }: VolumePlan): JamError {
  return error.with({
    hint: `Volume ${number} needs another ${formatByteSize(bytes)}: write it elsewhere (--to FOLDER), then copy it over the bad one.`,
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
    `Volume ${numbers.join(", ")} of bundle ${id} cannot be recreated: missing ${describeAffected(affected)}.`,
    {
      hint: "Run `jam sync`, then try again. Or repair on the mirror that made the bundle: it needs only the report of `jam bundle verify FROM -o json > report.json`.",
      details: { bundle: id, volumes: numbers, repaired, ...affected },
    },
  );
}

/** Contents from the first source that has them undamaged. */
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

  /** True if a source has a content of this size. */
  async has(sha256: Sha256, size: number): Promise<boolean> {
    for (;;) {
      const reader = await this.open(sha256);
      if (reader === undefined) return false;
      await reader.close();
      if (reader.size === size) return true;
      this.skip(sha256);
    }
  }

  /** Excludes the current source of a content: its bytes are wrong. */
  skip(sha256: Sha256): void {
    this.#sources.find(({ damaged }) => !damaged.has(sha256))?.damaged.add(sha256);
  }
}

/** The source with read errors reported as damage: another source may have the content. */
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

import { isJamError } from "../../shared/errors.ts";
import { volumeNumberOf } from "../format/bundle-files.ts";
import {
  layOutBundle,
  type BundleLayout,
  type LayoutSource,
  type SignedManifest,
} from "../format/bundle-layout.ts";
import { TAR_BLOCK, type VolumePlan } from "../format/volume-plan.ts";
import type { SignatureCheck } from "../signing.ts";
import type { VolumeCheck } from "./check-volumes.ts";
import type { Sidecars } from "./read-sidecars.ts";

/** The layout that volumes are checked against, and the state of its signature. */
export interface ChosenLayout {
  readonly layout: BundleLayout;
  readonly signature: SignatureCheck;
}

/** What a layout is chosen from. */
export interface LayoutEvidence {
  readonly checks: readonly VolumeCheck[];
  readonly sidecars: readonly Sidecars[];
  /** Manifests of bundles that were made here. */
  readonly remembered: readonly SignedManifest[];
}

/** From the best to the worst. */
const RANKS = ["trusted", "unknown", "unsigned", "invalid"] as const satisfies SignatureCheck["state"][];

/**
 * The bundle to verify: the one with the most volumes or checksums. Of its layouts, the one with the best signature,
 * then the one with the most volumes; a manifest next to the volumes, or recorded here, counts as a layout without
 * volumes. Undefined when nothing tells which bundle it is.
 */
export async function chooseLayout(
  { checks, sidecars, remembered }: LayoutEvidence,
  check: (layout: BundleLayout) => Promise<SignatureCheck>,
): Promise<ChosenLayout | undefined> {
  const id = chooseId(checks, sidecars) ?? remembered[0]?.manifest.id;
  const known = checks.flatMap(({ layout }) => (layout?.id === id && layout !== undefined ? [layout] : []));
  const [volumeSize] = byCount(known.map((layout) => layout.volumeSize));
  const layouts = byCount(known.filter((layout) => layout.volumeSize === volumeSize));
  const others = [...sidecars.flatMap(({ manifests }) => manifests), ...remembered].filter(
    ({ manifest }) => manifest.id === id,
  );
  const files = checks.flatMap(({ input }) =>
    input.place === undefined ? [] : [{ number: volumeNumberOf(input.place.file), size: input.size ?? 0 }],
  );
  const withoutVolumes = others.flatMap((source) => {
    if (layouts.some((layout) => isSame(layout, source))) return [];
    // The size has to be guessed only if no volume contains it.
    return (known.length > 0 ? tryLayout({ ...source, volumeSize }) : guessLayout(source, files)) ?? [];
  });
  const candidates: ChosenLayout[] = [];
  for (const layout of [...layouts, ...withoutVolumes])
    candidates.push({ layout, signature: await check(layout) });
  const rankOf = ({ signature }: ChosenLayout) => RANKS.indexOf(signature.state);
  return candidates.sort((a, b) => rankOf(a) - rankOf(b))[0];
}

function isSame(layout: BundleLayout, { manifestBytes, signature }: SignedManifest): boolean {
  return layout.signature === signature && Buffer.compare(layout.manifestBytes, manifestBytes) === 0;
}

function chooseId(checks: readonly VolumeCheck[], sidecars: readonly Sidecars[]): string | undefined {
  const votes = checks.flatMap(({ layout }) => (layout === undefined ? [] : [layout.id]));
  for (const { sums, manifests } of sidecars) {
    for (const { manifest, isSummed } of manifests) {
      const volumes = isSummed ? sums.keys().filter((name) => name.endsWith(".tar")) : [];
      for (const _volume of volumes) votes.push(manifest.id);
    }
  }
  const [first] = byCount(votes);
  return first ?? sidecars.flatMap(({ manifests }) => manifests)[0]?.manifest.id;
}

/** Number and size of a file. */
export interface NumberedFile {
  /** Undefined for a file without a number in its name. */
  readonly number: number | undefined;
  /** Bytes. */
  readonly size: number;
}

/** All volumes but one have the same size, unless hardly any is whole. */
const MAX_GUESSES = 20;

/**
 * The layout of a manifest that fits these files best, when none of them can be read: every volume but the last has the
 * requested size. Undefined when no layout fits any file.
 */
export function guessLayout(
  source: SignedManifest,
  files: readonly NumberedFile[],
): BundleLayout | undefined {
  const sizes = files.map(({ size }) => size).filter((size) => size > 0 && size % TAR_BLOCK === 0);
  let best: { readonly layout: BundleLayout; readonly fitting: number } | undefined;
  for (const volumeSize of [undefined, ...byCount(sizes).slice(0, MAX_GUESSES)]) {
    const layout = tryLayout({ ...source, volumeSize });
    if (layout === undefined) continue;
    const fitting = files.filter((file) => fits(file, layout.volumes)).length;
    if (fitting > (best?.fitting ?? 0)) best = { layout, fitting };
  }
  if (best !== undefined) return best.layout;
  // Truncated or too long: a single file without a number is a bundle of one volume.
  return files.length === 1 && files[0]?.number === undefined
    ? tryLayout({ ...source, volumeSize: undefined })
    : undefined;
}

function fits({ number, size }: NumberedFile, volumes: readonly VolumePlan[]): boolean {
  return volumes[(volumes.length === 1 ? 1 : (number ?? 0)) - 1]?.bytes === size;
}

/** The layout, or undefined when there is none of that volume size. */
export function tryLayout(source: LayoutSource): BundleLayout | undefined {
  try {
    return layOutBundle(source);
  } catch (error) {
    if (isJamError(error, "JAM_USAGE_INVALID")) return undefined;
    throw error;
  }
}

/** Distinct values, the most frequent first. */
export function byCount<T>(values: readonly T[]): T[] {
  return [...Map.groupBy(values, (value) => value)]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([value]) => value);
}

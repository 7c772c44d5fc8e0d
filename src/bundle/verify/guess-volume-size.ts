import { isJamError } from "../../shared/errors.ts";
import { TAR_BLOCK, type VolumePlan } from "../format/volume-plan.ts";
import { editionOf, type Edition, type EditionSource, type SignedManifest } from "./editions.ts";

/** A file as its name and size show it. */
export interface NumberedFile {
  /** Undefined for a file without a number in its name. */
  readonly number: number | undefined;
  /** Bytes. */
  readonly size: number;
}

/** All volumes but one have the same size, unless hardly any is whole. */
const MAX_GUESSES = 20;

/**
 * The edition of a manifest that these files look like, when none of them can say so itself: every volume but the last
 * has the size that was asked for, and the files have the sizes which follow from it. Undefined when none fits any.
 */
export function guessEdition(source: SignedManifest, files: readonly NumberedFile[]): Edition | undefined {
  const sizes = files.map(({ size }) => size).filter((size) => size > 0 && size % TAR_BLOCK === 0);
  let best: { readonly edition: Edition; readonly fitting: number } | undefined;
  for (const volumeSize of [undefined, ...byCount(sizes).slice(0, MAX_GUESSES)]) {
    const edition = tryEdition({ ...source, volumeSize });
    if (edition === undefined) continue;
    const fitting = files.filter((file) => fits(file, edition.volumes)).length;
    if (fitting > (best?.fitting ?? 0)) best = { edition, fitting };
  }
  if (best !== undefined) return best.edition;
  // Cut short or appended to: a file alone without a number is a bundle in one piece.
  return files.length === 1 && files[0]?.number === undefined
    ? tryEdition({ ...source, volumeSize: undefined })
    : undefined;
}

function fits({ number, size }: NumberedFile, volumes: readonly VolumePlan[]): boolean {
  return volumes[(volumes.length === 1 ? 1 : (number ?? 0)) - 1]?.bytes === size;
}

/** The edition, or undefined when there is none of that volume size. */
export function tryEdition(source: EditionSource): Edition | undefined {
  try {
    return editionOf(source);
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

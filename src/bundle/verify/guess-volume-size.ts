import { isJamError } from "../../shared/errors.ts";
import { TAR_BLOCK, type VolumePlan } from "../format/volume-plan.ts";
import { editionOf, type Edition, type EditionSource } from "./editions.ts";

/** A file as its name and size show it. */
export interface NumberedFile {
  /** Undefined for a file without a number in its name. */
  readonly number: number | undefined;
  /** Bytes. */
  readonly size: number;
}

/**
 * The edition of a manifest that these files look like, when none of them can say so itself: every volume but the last
 * has the size that was asked for, and the files have the sizes which follow from it. Undefined when none fits any.
 */
export function guessEdition(
  source: Omit<EditionSource, "volumeSize">,
  files: readonly NumberedFile[],
): Edition | undefined {
  const sizes = new Set(files.map(({ size }) => size).filter((size) => size > 0 && size % TAR_BLOCK === 0));
  let best: { readonly edition: Edition; readonly fitting: number } | undefined;
  for (const volumeSize of [undefined, ...[...sizes].sort((a, b) => b - a)]) {
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

function tryEdition(source: EditionSource): Edition | undefined {
  try {
    return editionOf(source);
  } catch (error) {
    if (isJamError(error, "JAM_USAGE_INVALID")) return undefined;
    throw error;
  }
}

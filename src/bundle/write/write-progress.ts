import { z } from "zod";
import type { MediumWriter } from "../../medium/medium.ts";
import { sha256Field } from "../../mirror/document-fields.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import {
  inOnePiece,
  PROGRESS_NAME,
  readSmall,
  SUMS_NAME,
  SUMS_SIGNATURE_NAME,
} from "../format/bundle-files.ts";
import { bundleId } from "../format/fields.ts";

const FORMAT = "jam-bundle-progress:1";
const MAX_BYTES = 16 * 2 ** 20;

const progress = z.object({
  format: z.literal(FORMAT),
  bundle: bundleId,
  /** Hash of what determines the volumes: manifest, signature and volume size. */
  layout: sha256Field,
  volumes: z.array(z.object({ name: z.string(), size: z.number(), sha256: sha256Field })),
});

/** A volume that is finished. */
export interface FinishedVolume {
  readonly name: string;
  readonly size: number;
  readonly sha256: Sha256;
}

/** What an interrupted run had finished. */
export interface WriteProgress {
  readonly bundle: string;
  readonly layout: Sha256;
  readonly volumes: readonly FinishedVolume[];
}

/** The progress recorded in a folder; undefined when there is none, or it cannot be read. */
export async function readProgress(medium: MediumWriter): Promise<WriteProgress | undefined> {
  const input = await medium.input(PROGRESS_NAME);
  const bytes = input === undefined ? undefined : await readSmall(input, MAX_BYTES);
  try {
    const result = progress.safeParse(JSON.parse(String(bytes)));
    return result.success ? result.data : undefined;
  } catch {
    return undefined;
  }
}

/** Records what is finished. */
export async function writeProgress(medium: MediumWriter, noted: WriteProgress): Promise<void> {
  const text = `${JSON.stringify({ format: FORMAT, ...noted }, undefined, 1)}\n`;
  await medium.write(PROGRESS_NAME, inOnePiece(Buffer.from(text)));
}

/**
 * Removes a bundle's checksums before any file that they list changes. The bundle is recorded first, so that a killed
 * run recognises its own files.
 */
export async function unseal(medium: MediumWriter, noted: WriteProgress): Promise<void> {
  await writeProgress(medium, noted);
  await medium.remove(SUMS_NAME);
  await medium.remove(SUMS_SIGNATURE_NAME);
}

import { sha256Field } from "../../mirror/document-fields.ts";
import type { MediumWriter } from "../../medium/medium.ts";
import { z } from "zod";
import type { Sha256 } from "../../shared/sha256.ts";
import { bundleId } from "../format/fields.ts";
import {
  PROGRESS_NAME,
  SUMS_NAME,
  SUMS_SIGNATURE_NAME,
  inOnePiece,
  readSmall,
} from "../format/bundle-files.ts";

const FORMAT = "jam-bundle-progress:1";
const MAX_BYTES = 16 * 2 ** 20;

const progress = z.object({
  format: z.literal(FORMAT),
  bundle: bundleId,
  /** Tells apart what would give other volumes: manifest, signature and volume size. */
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

/** What is noted in a medium; undefined when there is nothing or nothing legible. */
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

/** Notes what is finished. */
export async function writeProgress(medium: MediumWriter, noted: WriteProgress): Promise<void> {
  const text = `${JSON.stringify({ format: FORMAT, ...noted }, undefined, 1)}\n`;
  await medium.write(PROGRESS_NAME, inOnePiece(Buffer.from(text)));
}

/**
 * Takes a bundle's checksums away before any file changes that they speak of. Whose place this is is noted before that,
 * so that a run that is killed in between finds itself again.
 */
export async function unseal(medium: MediumWriter, noted: WriteProgress): Promise<void> {
  await writeProgress(medium, noted);
  await medium.remove(SUMS_NAME);
  await medium.remove(SUMS_SIGNATURE_NAME);
}

import { parseByteSize } from "../../shared/byte-size.ts";
import { TAR_BLOCK } from "./volume-plan.ts";

const MIB = 2 ** 20;

/**
 * Sizes for media by name, in bytes, each with room left for the file system and what lies beside the volumes.
 * Sources: ECMA-359 (DVD+R holds 4 700 372 992 bytes), Blu-ray BD-R (25 025 314 816 bytes), FAT32 (a file has at most 4 GiB − 1).
 */
export const VOLUME_PRESETS: Readonly<Record<string, number>> = {
  dvd: 4_400 * MIB,
  bd: 23_600 * MIB,
  fat32: 4_095 * MIB,
};

/**
 * The size in bytes that `4300MiB` or a preset names, rounded down to whole blocks of a tar archive; undefined when it
 * names none.
 */
export function parseVolumeSize(text: string): number | undefined {
  const bytes = VOLUME_PRESETS[text.toLowerCase()] ?? parseByteSize(text);
  return bytes === undefined ? undefined : bytes - (bytes % TAR_BLOCK);
}

import { formatByteSize, parseByteSize } from "../../shared/byte-size.ts";
import { JamError } from "../../shared/errors.ts";
import { MAX_VOLUMES } from "../../shared/limits.ts";
import type { BundledContent } from "./manifest.ts";

/** Tar archives are made of blocks of this size. Source: POSIX.1-2017 pax, "ustar Interchange Format" */
export const TAR_BLOCK = 512;

/** Two empty blocks end an archive. */
const TRAILER = 2 * TAR_BLOCK;

/** `jam-volume.json` is padded to this size, so that the layout does not depend on its contents. */
export const LABEL_BYTES = 1024;

/** The smallest room for contents in a volume. */
const MIN_ROOM = 8 * TAR_BLOCK;

/** A content or a part of one, in one volume. */
export interface Slice {
  readonly content: BundledContent;
  /** Offset in the content. */
  readonly offset: number;
  /** Bytes; as long as the content for a whole one. */
  readonly length: number;
}

/** One volume: its contents, and its exact size. */
export interface VolumePlan {
  /** From 1. */
  readonly number: number;
  readonly slices: readonly Slice[];
  /** Size of the file. */
  readonly bytes: number;
}

/** What a layout depends on. */
export interface LayoutInput {
  readonly contents: readonly BundledContent[];
  /** Bytes of `manifest.json`. */
  readonly manifestBytes: number;
  /** Bytes of `manifest.json.asc`; 0 when the bundle is not signed. */
  readonly signatureBytes: number;
  /** Exact size of every volume but the last, a multiple of 512; undefined is one volume for all. */
  readonly volumeSize: number | undefined;
}

/**
 * Divides contents into volumes. Pure: maker and reader compute the same layout, so it is not stored, and a bundle can be
 * divided again without a new signature.
 *
 * Every volume is a tar archive of its own: label, manifest, signature, then as much as fits. A content that does not
 * fit continues in the next volume; every volume but the last is filled to its last byte.
 * @throws JamError JAM_USAGE_INVALID when a volume is too small, or there would be too many
 */
export function planVolumes(layout: LayoutInput): VolumePlan[] {
  const { contents, volumeSize } = layout;
  const head = headBytes(layout);
  if (volumeSize === undefined) return [planSingle(contents, head)];
  refuseTooSmall(volumeSize, head, contents);
  const volumes: VolumePlan[] = [];
  let slices: Slice[] = [];
  let free = volumeSize - head - TRAILER;
  const close = (bytes: number) => {
    volumes.push({ number: volumes.length + 1, slices, bytes });
    slices = [];
    free = volumeSize - head - TRAILER;
  };
  for (const content of contents) {
    for (let offset = 0; offset < content.size;) {
      // A header alone is useless: the data after it needs a block, too.
      if (free < 2 * TAR_BLOCK) close(volumeSize);
      const length = Math.min(content.size - offset, free - TAR_BLOCK);
      slices.push({ content, offset, length });
      free -= TAR_BLOCK + toBlocks(length);
      offset += length;
    }
  }
  close(volumeSize - free);
  return volumes;
}

function planSingle(contents: readonly BundledContent[], head: number): VolumePlan {
  const slices = contents.map((content) => ({ content, offset: 0, length: content.size }));
  const body = slices.reduce((sum, { length }) => sum + TAR_BLOCK + toBlocks(length), 0);
  return { number: 1, slices, bytes: head + body + TRAILER };
}

/** Bytes of label, manifest and signature with their headers: where the first slice's header is. */
export function headBytes({
  manifestBytes,
  signatureBytes,
}: Pick<LayoutInput, "manifestBytes" | "signatureBytes">): number {
  const signature = signatureBytes === 0 ? 0 : TAR_BLOCK + toBlocks(signatureBytes);
  return TAR_BLOCK + LABEL_BYTES + TAR_BLOCK + toBlocks(manifestBytes) + signature;
}

/** `bytes` rounded up to whole blocks. */
export function toBlocks(bytes: number): number {
  return Math.ceil(bytes / TAR_BLOCK) * TAR_BLOCK;
}

function refuseTooSmall(volumeSize: number, head: number, contents: readonly BundledContent[]): void {
  const body = contents.reduce((sum, { size }) => sum + TAR_BLOCK + toBlocks(size), 0);
  // Twice the room that the contents need: each part of a content has a header of its own.
  const room = Math.max(MIN_ROOM, toBlocks(Math.ceil((2 * body) / MAX_VOLUMES)));
  const smallest = head + room + TRAILER;
  if (volumeSize % TAR_BLOCK === 0 && volumeSize >= smallest) return;
  throw new JamError("JAM_USAGE_INVALID", `Volumes of ${volumeSize} bytes are too small for this bundle.`, {
    hint: `Each volume begins with the manifest. Give at least ${formatByteSize(smallest)} (${smallest} bytes), in whole blocks of ${TAR_BLOCK} bytes.`,
    details: { volumeSize, smallest },
  });
}

const MIB = 2 ** 20;

/**
 * Sizes for media by name, in bytes, each with room for the file system and the sidecars.
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

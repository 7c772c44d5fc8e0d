import type { VolumeInput } from "../../medium/medium.ts";

/** The checksums of all files of a bundle; written last: if this file exists, the bundle is complete. */
export const SUMS_NAME = "SHA256SUMS";
export const SUMS_SIGNATURE_NAME = "SHA256SUMS.asc";

/** The progress of an unfinished bundle. */
export const PROGRESS_NAME = ".jam-bundle-progress.json";

/** Names of the files that make up one bundle. */
export interface BundleFiles {
  readonly volumes: readonly string[];
  readonly manifest: string;
  readonly manifestSignature: string;
  readonly page: string;
}

/** `base.tar`, or `base.001.tar`, `base.002.tar`, …, and their sidecars. */
export function bundleFiles(base: string, volumes: number): BundleFiles {
  return {
    volumes: Array.from({ length: volumes }, (_, index) => formatVolumeName(base, index + 1, volumes)),
    manifest: `${base}.manifest.json`,
    manifestSignature: `${base}.manifest.json.asc`,
    page: `${base}.html`,
  };
}

/** The name of a volume of this bundle; `number` counts from 1. */
export function volumeName({ volumes }: Pick<BundleFiles, "volumes">, number: number): string {
  const name = volumes[number - 1];
  if (name === undefined) throw new RangeError(`the bundle has no volume ${number}`);
  return name;
}

/** The name of one volume: `base.tar`, or `base.007.tar`. */
export function formatVolumeName(base: string, number: number, volumes: number): string {
  if (volumes === 1) return `${base}.tar`;
  const digits = Math.max(3, String(volumes).length);
  return `${base}.${String(number).padStart(digits, "0")}.tar`;
}

/** The number in a volume's file name; undefined for a bundle of one volume or another kind of name. */
export function volumeNumberOf(name: string): number | undefined {
  const digits = /\.(\d{3,5})\.tar$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The bytes of a small file, or undefined when it is larger than `maxBytes`. */
export async function readSmall(input: VolumeInput, maxBytes: number): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of input.open()) {
    size += piece.length;
    if (size > maxBytes) return undefined;
    pieces.push(Buffer.from(piece));
  }
  return Buffer.concat(pieces);
}

/** Bytes in memory as a stream of one piece. */
export async function* inOnePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

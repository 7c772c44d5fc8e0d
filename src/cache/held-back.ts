import type { ByteRange } from "../store/store.ts";

/** Bytes that are held back at the end of every answer until the hash of the whole tarball is right. */
const HELD_BACK_BYTES = 64 << 10;

/** Where the part of a range ends that may be sent before the tarball is proven; a small range has no such part. */
export function unprovenEnd({ start, end }: ByteRange): number {
  return Math.max(start, end - HELD_BACK_BYTES);
}

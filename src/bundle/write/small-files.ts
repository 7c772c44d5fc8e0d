import type { VolumeInput } from "../../medium/medium.ts";

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

/** Bytes that are in memory, as a writer takes them. */
export async function* inOnePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

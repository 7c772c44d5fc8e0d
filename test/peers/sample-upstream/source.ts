/** Bytes that can be read from any position. */
export interface ByteSource {
  /** Bytes; Infinity for a body without end. */
  readonly length: number;
  /**
   * Up to `buffer.length` bytes from `position`: either `buffer` filled, or memory of the source's own.
   * Never empty before the end.
   */
  read(position: number, buffer: Buffer): Buffer | Promise<Buffer>;
}

/** The bytes of a buffer, without copying. */
export function memorySource(bytes: Buffer): ByteSource {
  return {
    length: bytes.length,
    read: (position, buffer) => bytes.subarray(position, position + buffer.length),
  };
}

/** `source` with the byte at `at` turned over. */
export function alteredSource(source: ByteSource, at: number): ByteSource {
  return {
    length: source.length,
    async read(position, buffer) {
      const piece = await source.read(position, buffer);
      if (at < position || at >= position + piece.length) return piece;
      const copy = Buffer.from(piece);
      copy[at - position] = (copy[at - position] ?? 0) ^ 0xff;
      return copy;
    },
  };
}

/** `source` cut to, or padded with zeros up to, `length` bytes; Infinity makes it endless. */
export function resizedSource(source: ByteSource, length: number): ByteSource {
  return {
    length,
    async read(position, buffer) {
      const wanted = Math.min(buffer.length, length - position);
      if (position < source.length) {
        const piece = await source.read(position, buffer.subarray(0, wanted));
        if (piece.length > 0) return piece;
      }
      return buffer.subarray(0, wanted).fill(0);
    },
  };
}

/** `length` bytes of `source` from `start`. */
export function slicedSource(source: ByteSource, start: number, length: number): ByteSource {
  return {
    length,
    read: (position, buffer) =>
      source.read(start + position, buffer.subarray(0, Math.min(buffer.length, length - position))),
  };
}

/** The whole source in memory; for small ones. */
export async function readAll(source: ByteSource): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let position = 0;
  while (position < source.length) {
    const piece = Buffer.from(
      await source.read(position, Buffer.alloc(Math.min(1 << 20, source.length - position))),
    );
    pieces.push(piece);
    position += piece.length;
  }
  return Buffer.concat(pieces);
}

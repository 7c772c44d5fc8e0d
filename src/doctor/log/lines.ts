/** Longer lines are cut: a request line has 8 KiB at most in nginx, Apache and jam. */
export const MAX_LINE_BYTES = 32 * 1024;

/** One line of a file. */
export interface TextLine {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  readonly isCut: boolean;
}

const LINE_FEED = 0x0a;

/**
 * The lines of a stream of bytes, without their ends. Memory stays bounded, however long a line is. Bytes that are not UTF-8
 * become U+FFFD.
 */
export async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<TextLine, void, undefined> {
  const decoder = new TextDecoder();
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let isCut = false;
  let number = 0;
  const keep = (piece: Uint8Array) => {
    const room = MAX_LINE_BYTES - heldBytes;
    if (piece.length > room) isCut = true;
    if (room <= 0 || piece.length === 0) return;
    // The chunk may be reused by whoever reads it.
    held.push(piece.slice(0, room));
    heldBytes += Math.min(piece.length, room);
  };
  const take = (): TextLine => {
    number += 1;
    const [only] = held;
    const whole = held.length === 1 && only !== undefined ? only : Buffer.concat(held);
    const line = { number, text: decoder.decode(whole).replace(/\r$/, ""), isCut };
    held = [];
    heldBytes = 0;
    isCut = false;
    return line;
  };
  for await (const chunk of bytes) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      keep(chunk.subarray(start, end));
      yield take();
      start = end + 1;
    }
    keep(chunk.subarray(start));
  }
  if (heldBytes > 0 || isCut) yield take();
}

import type { VolumeInput } from "../../medium/medium.ts";
import { JamError } from "../../shared/errors.ts";
import { READ_BYTES } from "../../shared/limits.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import type { ByteRange } from "../../store/store.ts";
import type { ContentReader, ContentSource } from "../contents.ts";
import type { LocatedVolume } from "../format/bundle-layout.ts";
import { TAR_BLOCK, toBlocks, type Slice } from "../format/volume-plan.ts";

/** Where a slice is. */
interface Piece {
  readonly input: VolumeInput;
  /** Of the slice's first byte in the file. */
  readonly position: number;
  readonly slice: Slice;
}

/**
 * The contents that are complete in these volumes, in one slice or in several. Nothing is checked: the reader of a content
 * verifies it.
 */
export function volumeContents(volumes: readonly LocatedVolume[]): ContentSource {
  const pieces = new Map<Sha256, Piece[]>();
  for (const { input, plan, headBytes } of volumes) {
    let position = headBytes;
    for (const slice of plan.slices) {
      position += TAR_BLOCK;
      const { sha256 } = slice.content;
      pieces.set(sha256, [...(pieces.get(sha256) ?? []), { input, position, slice }]);
      position += toBlocks(slice.length);
    }
  }
  return {
    async open(sha256) {
      const whole = wholeOf(pieces.get(sha256) ?? []);
      return whole && readPieces(whole);
    },
  };
}

/** The pieces that make up a content from its start to its end, or undefined when one is missing. */
function wholeOf(pieces: readonly Piece[]): readonly Piece[] | undefined {
  const chain: Piece[] = [];
  let end = 0;
  for (const piece of pieces.toSorted((a, b) => a.slice.offset - b.slice.offset)) {
    if (piece.slice.offset !== end) continue;
    chain.push(piece);
    end += piece.slice.length;
  }
  return chain.length > 0 && end === chain[0]?.slice.content.size ? chain : undefined;
}

/** One file is open at a time, and only while it is read. */
function readPieces(pieces: readonly Piece[]): ContentReader {
  const size = pieces[0]?.slice.content.size ?? 0;
  return {
    size,
    async *bytes({ start, end }: ByteRange = { start: 0, end: size }) {
      for (const piece of pieces) {
        const { offset, length } = piece.slice;
        const from = Math.max(start, offset);
        const to = Math.min(end, offset + length);
        if (from < to) yield* readPiece(piece, { start: from - offset, end: to - offset });
      }
    },
    close: async () => undefined,
  };
}

async function* readPiece(piece: Piece, { start, end }: ByteRange): AsyncGenerator<Uint8Array> {
  const reader = await piece.input.openAt?.();
  if (reader === undefined) throw endsEarly(piece);
  try {
    const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, end - start));
    for (let position = start; position < end;) {
      const wanted = buffer.subarray(0, Math.min(buffer.length, end - position));
      const count = await reader.read(wanted, piece.position + position);
      if (count === 0) throw endsEarly(piece);
      position += count;
      yield wanted.subarray(0, count);
    }
  } finally {
    await reader.close();
  }
}

function endsEarly({ input, slice }: Piece): JamError {
  const { sha256 } = slice.content;
  return new JamError("JAM_STORE_CORRUPT", `${input.name} ends within content ${sha256}.`, {
    details: { sha256, file: input.name },
  });
}

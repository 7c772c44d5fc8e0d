import type { VolumeInput } from "../../medium/medium.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import { TAR_BLOCK, toBlocks, type Slice, type VolumePlan } from "../format/volume-plan.ts";
import type { ContentReader, ContentSource } from "../contents.ts";

/** A volume in a plain file, and what it holds. */
export interface LocatedVolume {
  readonly input: VolumeInput;
  readonly plan: VolumePlan;
  /** Bytes before its first slice. */
  readonly headBytes: number;
}

/** Where a slice lies. */
interface Piece {
  readonly input: VolumeInput;
  /** Of the slice's first byte in the file. */
  readonly position: number;
  readonly slice: Slice;
}

/**
 * The contents that lie whole in these volumes, in one piece or in several. Nothing is checked: whoever reads a content
 * hashes it.
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

/** The pieces that make up a content from its start to its end, or undefined when one is lacking. */
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

/** One file is open at a time. */
function readPieces(pieces: readonly Piece[]): ContentReader {
  let opened: { readonly piece: Piece; readonly reader: ContentReader } | undefined;
  const close = async () => {
    const { reader } = opened ?? {};
    opened = undefined;
    await reader?.close();
  };
  return {
    size: pieces[0]?.slice.content.size ?? 0,
    async read(buffer, position) {
      const piece = pieces.find(
        ({ slice }) => position >= slice.offset && position < slice.offset + slice.length,
      );
      if (piece === undefined) return 0;
      if (opened?.piece !== piece) {
        await close();
        const reader = await piece.input.openAt?.();
        if (reader === undefined) return 0;
        opened = { piece, reader };
      }
      const within = position - piece.slice.offset;
      const length = Math.min(buffer.length, piece.slice.length - within);
      return opened.reader.read(buffer.subarray(0, length), piece.position + within);
    },
    close,
  };
}

import type { Random } from "../../helpers/random.ts";
import { withChecksum } from "./tar-parts.ts";

const BLOCK = 512;

/** Fields of a tar header: where each begins and ends. */
const FIELDS = [
  [0, 100],
  [100, 108],
  [124, 136],
  [136, 148],
  [148, 156],
  [156, 157],
  [157, 257],
  [257, 265],
  [329, 345],
  [345, 500],
] as const;

/** What makes parsers stumble. */
const ODD_TEXTS = [
  "",
  "/",
  "..",
  "../x",
  "\0",
  "9",
  "777777777777",
  "-1",
  "ustar  ",
  "jam-volume.json",
  "tarballs/",
];

type Mutation = (bytes: Buffer, random: Random) => Buffer;

function flipBit(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
  return bytes;
}

function setByte(bytes: Buffer, random: Random): Buffer {
  bytes[random.below(bytes.length)] = random.pick([
    0,
    1,
    0x20,
    0x2f,
    0x30,
    0x37,
    0x7f,
    0x80,
    0xff,
    random.below(256),
  ]);
  return bytes;
}

function insertBytes(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const more = Buffer.alloc(random.pick([1, 2, 3, 511, 512, 513, 1024]), random.pick([0, 0x20, 0x41, 0xff]));
  return Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)]);
}

function deleteBytes(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length);
  const count = random.pick([1, 2, 3, 511, 512, 513, 1024]);
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + count)]);
}

function cutOff(bytes: Buffer, random: Random): Buffer {
  return bytes.subarray(
    0,
    random.chance(0.5) ? random.below(bytes.length) : random.below(bytes.length / BLOCK) * BLOCK,
  );
}

function append(bytes: Buffer, random: Random): Buffer {
  const start = random.below(bytes.length / BLOCK) * BLOCK;
  const more = random.pick([
    Buffer.alloc(BLOCK),
    Buffer.from("x"),
    bytes.subarray(start),
    bytes.subarray(0, start),
  ]);
  return Buffer.concat([bytes, more]);
}

function moveBlocks(bytes: Buffer, random: Random): Buffer {
  const blocks = Math.floor(bytes.length / BLOCK);
  if (blocks < 2) return flipBit(bytes, random);
  const count = random.pick([1, 1, 2, 4]);
  const [from, to] = [random.below(blocks) * BLOCK, random.below(blocks) * BLOCK];
  const piece = Buffer.from(bytes.subarray(from, from + count * BLOCK));
  switch (random.below(3)) {
    case 0: {
      bytes.set(bytes.subarray(to, Math.min(to + piece.length, bytes.length)), from);
      bytes.set(piece.subarray(0, bytes.length - to), to);
      return bytes;
    }
    case 1:
      return Buffer.concat([bytes.subarray(0, to), piece, bytes.subarray(to)]);
    default:
      bytes.set(piece.subarray(0, bytes.length - to), to);
      return bytes;
  }
}

/** Changes a field of some header and makes its checksum right again, so that the parser believes it. */
function changeHeader(bytes: Buffer, random: Random): Buffer {
  const headers = headerPositions(bytes);
  if (headers.length === 0) return flipBit(bytes, random);
  const header = bytes.subarray(random.pick(headers)).subarray(0, BLOCK);
  const [start, end] = random.pick(FIELDS);
  const field = header.subarray(start, end);
  switch (random.below(4)) {
    case 0:
      field[random.below(field.length)] = random.below(256);
      break;
    case 1:
      field.fill(0);
      field.write(random.pick(ODD_TEXTS), "latin1");
      break;
    case 2:
      header.write(
        random.pick(["1", "2", "3", "4", "5", "6", "7", "x", "g", "L", "K", "S", "V", "\0", "Z"]),
        156,
        1,
        "latin1",
      );
      break;
    default:
      changeSize(header, random);
  }
  if (!random.chance(0.1)) withChecksum(header);
  return bytes;
}

/** The size of a file in octal or base 256: a little off, or far. */
function changeSize(header: Buffer, random: Random): void {
  const size = Number.parseInt(header.toString("latin1", 124, 135), 8) || 0;
  const other = random.pick([size + 1, size - 1, size + BLOCK, size - BLOCK, 0, 2 ** 33 - 1, size * 2]);
  if (random.chance(0.5) && other >= 0) {
    header.write(`${other.toString(8).padStart(11, "0").slice(-11)}\0`, 124, "latin1");
    return;
  }
  header.fill(other < 0 ? 0xff : 0, 124, 136);
  header[124] = other < 0 ? 0xff : 0x80;
  header.writeInt32BE(Math.trunc(other) | 0, 132);
}

/** Where headers begin: blocks with the magic. */
function headerPositions(bytes: Buffer): number[] {
  const positions: number[] = [];
  for (let at = 0; at + BLOCK <= bytes.length; at += BLOCK)
    if (bytes.toString("latin1", at + 257, at + 262) === "ustar") positions.push(at);
  return positions;
}

const MUTATIONS: readonly Mutation[] = [
  flipBit,
  flipBit,
  setByte,
  insertBytes,
  deleteBytes,
  cutOff,
  append,
  moveBlocks,
  moveBlocks,
  changeHeader,
  changeHeader,
  changeHeader,
];

/** `bytes` with one to three changes. */
export function mutateBytes(bytes: Uint8Array, random: Random): Buffer {
  let mutant: Buffer = Buffer.from(bytes);
  for (let left = random.pick([1, 1, 1, 2, 3]); left > 0 && mutant.length > 0; left -= 1)
    mutant = Buffer.from(random.pick(MUTATIONS)(mutant, random));
  return mutant;
}

import { freeBuffer, IdleTimer } from "./idle-memory.ts";

/**
 * Each is twice the next one: a writer that doubles its pieces gets what it asks for. With smaller ones a single download
 * costs a sixth more, because each piece is a round of its client. With larger ones it does as well: bytes that are written
 * out of the processor's cache cost less than those that have left it again.
 */
const SIZES = [512 << 10, 256 << 10, 128 << 10, 64 << 10, 32 << 10, 16 << 10] as const;
const [BLOCK_BYTES, , , , , LEAST_BYTES] = SIZES;
/**
 * Bytes in use, from which on buffers are of the smallest size. What is in use waits for slow readers: so a thousand of
 * them need 48 MiB, and a few get large pieces.
 */
const MAX_TAKEN_BYTES = 32 << 20;
/** No buffer is a larger part of what is left than this. */
const SHARES = 8;
/** Spare bytes that wait for their next use, apart from a block for each size; more are given back at once. */
const MAX_SPARE_BYTES = 32 << 20;

/** Memory that is divided into buffers of one size. */
interface Block {
  readonly memory: Buffer<ArrayBuffer>;
  readonly partBytes: number;
  /** Buffers that nobody uses. */
  readonly spare: Buffer[];
}

/** Buffers that pieces are read into just before they are written. Most are free again before the next piece is read. */
export class ScratchBuffers {
  /** Blocks with spare buffers, by the size of these. */
  readonly #open = new Map<number, Block[]>(SIZES.map((size) => [size, []]));
  readonly #blocks = new Map<ArrayBufferLike, Block>();
  /** Blocks that are not divided. */
  readonly #whole: Buffer<ArrayBuffer>[] = [];
  readonly #idle = new IdleTimer(() => this.#giveUp());
  #takenBytes = 0;

  /**
   * A buffer of at most `bytes`, or of the smallest size; a smaller one when much is in use. Give it back with `give`.
   */
  take(bytes: number): Buffer {
    const share = (MAX_TAKEN_BYTES - this.#takenBytes) / SHARES;
    const size = SIZES.find((one) => one <= bytes && one <= share) ?? LEAST_BYTES;
    const open = this.#blocksOf(size);
    const block = open.at(-1) ?? this.#openBlock(size);
    const buffer = block.spare.pop() as Buffer;
    if (block.spare.length === 0) open.pop();
    this.#takenBytes += size;
    return buffer;
  }

  /** Takes a buffer back; nobody may touch it afterwards. */
  give(buffer: Buffer): void {
    const block = this.#blocks.get(buffer.buffer);
    if (block === undefined) return;
    this.#takenBytes -= block.partBytes;
    block.spare.push(buffer);
    const open = this.#blocksOf(block.partBytes);
    if (block.spare.length === 1) open.push(block);
    // One of each size stays divided: the next writer will want it again.
    if (isWhole(block) && open.length > 1) this.#close(block);
    this.#idle.touch();
  }

  #blocksOf(size: number): Block[] {
    return this.#open.get(size) as Block[];
  }

  #openBlock(partBytes: number): Block {
    const memory = this.#whole.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
    const count = BLOCK_BYTES / partBytes;
    const spare = Array.from({ length: count }, (_, at) =>
      memory.subarray(at * partBytes, (at + 1) * partBytes),
    );
    const block = { memory, partBytes, spare };
    this.#blocks.set(memory.buffer, block);
    this.#blocksOf(partBytes).push(block);
    return block;
  }

  #close(block: Block): void {
    const open = this.#blocksOf(block.partBytes);
    open.splice(open.indexOf(block), 1);
    this.#blocks.delete(block.memory.buffer);
    if (this.#whole.length < MAX_SPARE_BYTES / BLOCK_BYTES) this.#whole.push(block.memory);
    else freeBuffer(block.memory);
  }

  #giveUp(): void {
    for (const block of [...this.#open.values()].flat()) if (isWhole(block)) this.#close(block);
    for (const memory of this.#whole.splice(0)) freeBuffer(memory);
  }
}

function isWhole({ partBytes, spare }: Block): boolean {
  return spare.length * partBytes === BLOCK_BYTES;
}

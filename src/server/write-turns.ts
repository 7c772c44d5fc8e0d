import { ScratchBuffers } from "./scratch-buffers.ts";

/** How long the writes of one round of the event loop may take before everybody else gets their turn. */
const ROUND_MS = 3;

/** What all writers together may have on its way to the kernel before their pieces become smaller. */
const ROUND_BYTES = 32 << 20;
/** Newcomers hold writes back for so long at most: however many come, whoever waits gets on. */
const MAX_PAUSE_MS = 25;

const MAX_PIECE_BYTES = 1 << 20;
const MIN_PIECE_BYTES = 64 << 10;

/**
 * Shares the event loop among answers with many bytes, so that new connections and small answers never wait for them.
 * A reader that is as fast as the server would else be written to without an end: each write is over at once, and the
 * next one begins before the loop looks at anything else. libuv accepts one connection in each round of the loop, so
 * rounds have to be short.
 */
export class WriteTurns {
  readonly buffers = new ScratchBuffers();
  readonly #now: () => number;
  #waiting: (() => void)[] = [];
  #spentMs = 0;
  #isScheduled = false;
  #isHurried = false;
  /** When writes had their last round. */
  #lastRoundAt = -Infinity;
  #writers = 0;

  /** `now` is a clock in ms. Default: that of the process. */
  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  /** Counts an answer that is being written, until `leave`. */
  enter(): void {
    this.#writers++;
  }

  leave(): void {
    this.#writers--;
  }

  /** The most that an answer should hand to the kernel at a time: less, the more answers are being written. */
  get pieceBytes(): number {
    const share = ROUND_BYTES / Math.max(1, this.#writers);
    return Math.max(MIN_PIECE_BYTES, Math.min(MAX_PIECE_BYTES, share)) & ~0xffff;
  }

  /** Runs `write` now when this round has time left and nobody waits, else when its turn has come. */
  run(write: () => void): void {
    if (this.#waiting.length > 0 || this.#spentMs >= ROUND_MS) this.#waiting.push(write);
    else this.#spend(write);
    this.#schedule();
  }

  /** Somebody new has come, and others may be waiting to be accepted: writes wait for a moment without newcomers. */
  hurry(): void {
    this.#spentMs = ROUND_MS;
    this.#isHurried = true;
    this.#schedule();
  }

  #spend(write: () => void): void {
    const startedAt = this.#now();
    write();
    this.#spentMs += this.#now() - startedAt;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#startRound());
  }

  #startRound(): void {
    this.#isScheduled = false;
    const now = this.#now();
    const isPaused = this.#isHurried && now - this.#lastRoundAt < MAX_PAUSE_MS;
    this.#isHurried = false;
    if (isPaused) {
      this.#schedule();
      return;
    }
    this.#lastRoundAt = now;
    const isIdle = this.#waiting.length === 0 && this.#spentMs === 0;
    this.#spentMs = 0;
    const waiting = this.#waiting;
    let next = 0;
    for (; next < waiting.length && this.#spentMs < ROUND_MS; next++)
      this.#spend(waiting[next] as () => void);
    this.#waiting = waiting.slice(next);
    if (!isIdle) this.#schedule();
  }
}

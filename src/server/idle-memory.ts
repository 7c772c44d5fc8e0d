/**
 * Gives the memory of a buffer back at once. The garbage collector would do it when much is allocated, which in a server
 * that has become idle is never. Nobody may use the buffer afterwards, and no write of it may be under way: its length is 0.
 */
export function freeBuffer(buffer: Uint8Array<ArrayBuffer>): void {
  buffer.buffer.transfer(0);
}

/** When nobody used a kind of memory for so long, what is spare of it is given back, in ms. */
const IDLE_MS = 5_000;

/** Calls `giveUp` once `touch` was not called for a while. Keeps no process alive. */
export class IdleTimer {
  readonly #giveUp: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(giveUp: () => void) {
    this.#giveUp = giveUp;
  }

  touch(): void {
    if (this.#timer !== undefined) {
      this.#timer.refresh();
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#giveUp();
    }, IDLE_MS).unref();
  }
}

import { setImmediate as nextTurn } from "node:timers/promises";

/** How long one piece of work may keep the others waiting. */
const TURN_MS = 5;

/**
 * Shares the event loop among pieces of long work, so that whatever else the server does is delayed by one turn at
 * most, however many of them there are.
 */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /**
   * Runs `steps` to their end, in turns with the rest of the server. One step has to be short.
   * @returns what the steps return
   */
  async run<Result>(steps: Iterator<void, Result>): Promise<Result> {
    for (;;) {
      await this.#turn();
      const end = performance.now() + TURN_MS;
      do {
        const step = steps.next();
        if (step.done === true) return step.value;
      } while (performance.now() < end);
    }
  }

  /** Resolves in a round of the event loop of its own: everybody who waits gets one, in the order of asking. */
  #turn(): Promise<void> {
    this.#last = this.#last.then(() => nextTurn());
    return this.#last;
  }
}

import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { WriteTurns } from "./write-turns.ts";

/** The least a reader must take: so many bytes in each window, counted over what was handed to it last. */
export interface ReaderPace {
  /** Default 65 536. */
  readonly minBytes: number;
  /** Default 30 000. A reader that takes nothing at all for this long is cut off. */
  readonly windowMs: number;
}

/** The connection closed before all was sent: the reader left, was too slow, or the server ends. Nothing to report. */
export class ConnectionGone extends Error {
  constructor() {
    super("The connection closed before the answer was sent.");
    this.name = "ConnectionGone";
  }
}

/** How answers are written: how fast they have to be taken, and how they share the event loop. */
export interface WriteRules {
  readonly pace: ReaderPace;
  readonly turns: WriteTurns;
}

/** Bytes whose turn to be written has come, and what has to happen once they are with the kernel. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly release: () => void;
}

/** The next piece, of at most `maxBytes`; undefined when there is none without waiting. */
export type NextPiece = (maxBytes: number) => Piece | undefined;

/** What a reader gets at first, and at least; more when it takes that at once. */
const FIRST_BYTES = 128 << 10;
const LEAST_BYTES = 64 << 10;

/**
 * Resolves when it is this response's turn: a client may send the next request before it has read the answer to the
 * one before, and neither a deadline nor a buffer should count for an answer that waits.
 * @throws ConnectionGone
 */
export async function awaitTurn(response: ServerResponse): Promise<void> {
  if (response.socket !== null) return;
  const { socket } = response.req;
  await new Promise<void>((resolve, reject) => {
    const onClose = () => reject(new ConnectionGone());
    if (socket.destroyed) return onClose();
    socket.once("close", onClose);
    response.once("socket", () => {
      socket.off("close", onClose);
      resolve();
    });
  });
}

/**
 * Writes one response whose head is made and has the length of what follows; `release` it when the response is done.
 * Each piece has a deadline of its own.
 */
export class ResponseWriter {
  readonly #response: ServerResponse;
  readonly #socket: Socket;
  readonly #rules: WriteRules;
  readonly #onClose = () => this.#interrupt?.();
  #interrupt: (() => void) | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #hasHead = false;
  #pieceBytes = FIRST_BYTES;

  constructor(response: ServerResponse, rules: WriteRules) {
    this.#response = response;
    this.#socket = response.req.socket;
    this.#rules = rules;
    // A write's own callback stays silent when the socket is destroyed.
    this.#socket.once("close", this.#onClose);
    rules.turns.enter();
  }

  /**
   * Resolves once the bytes are with the kernel, so that their buffer is free again.
   * @throws ConnectionGone also when the reader takes them slower than the pace
   */
  async write(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    await this.writeAll((maxBytes) => {
      const piece = rest.subarray(0, maxBytes);
      rest = rest.subarray(piece.length);
      return piece.length === 0 ? undefined : { bytes: piece, release: () => undefined };
    });
  }

  /**
   * Writes piece after piece until there is none. Each is made when its turn has come, so that one whose reader takes it at
   * once needs no memory of its own. One call after the other.
   * @throws ConnectionGone as `write`, and what `produce` throws
   */
  writeAll(produce: NextPiece): Promise<void> {
    const written = this.#last.then(() => this.#pump(produce));
    this.#last = written;
    return written;
  }

  /** Stops watching the connection. */
  release(): void {
    this.#socket.off("close", this.#onClose);
    this.#rules.turns.leave();
  }

  #nextBytes(): number {
    return Math.min(this.#pieceBytes, this.#rules.turns.pieceBytes);
  }

  #pump(produce: NextPiece): Promise<void> {
    const socket = this.#socket;
    const { pace, turns } = this.#rules;
    return new Promise((resolve, reject) => {
      let deadline: NodeJS.Timeout | undefined;
      let pending: Piece | undefined;
      const settle = () => {
        clearTimeout(deadline);
        pending?.release();
        pending = undefined;
      };
      // A connection that is closed writes nothing any more, so that its piece is free as well.
      const fail = (error: unknown) => {
        settle();
        this.#interrupt = undefined;
        reject(error);
      };
      const onWritten = (error?: Error | null) => {
        settle();
        if (error) fail(new ConnectionGone());
        else turns.run(writeNext);
      };
      const writeNext = () => {
        if (socket.destroyed) return fail(new ConnectionGone());
        try {
          pending = produce(this.#nextBytes());
        } catch (error) {
          return fail(error);
        }
        if (pending === undefined) {
          this.#interrupt = undefined;
          return resolve();
        }
        const { length } = pending.bytes;
        this.#hand(pending.bytes, onWritten);
        // What the kernel took at once needs no deadline, and shows that the reader keeps up.
        if (socket.writableLength === 0) this.#pieceBytes = Math.max(this.#pieceBytes, 2 * length);
        else {
          this.#pieceBytes = Math.max(LEAST_BYTES, this.#pieceBytes >> 1);
          deadline = setTimeout(() => socket.destroy(), allowedMs(length, pace));
        }
      };
      this.#interrupt = () => fail(new ConnectionGone());
      turns.run(writeNext);
    });
  }

  /**
   * To the socket itself: a response would hold the bytes back until after this turn, which has to know how long they
   * take. Their length is in the head, so that nothing is added to them. The head goes out with the first piece.
   */
  #hand(bytes: Uint8Array, onWritten: (error?: Error | null) => void): void {
    if (this.#hasHead) {
      this.#socket.write(bytes, onWritten);
      return;
    }
    this.#hasHead = true;
    this.#socket.cork();
    this.#response.flushHeaders();
    this.#socket.write(bytes, onWritten);
    this.#socket.uncork();
  }
}

/** Bytes that are written at once; more wait for their turn. */
const AT_ONCE_BYTES = 64 << 10;

/**
 * Ends a response with bytes that stay in memory, and cuts the reader off that takes them too slowly.
 * @throws ConnectionGone
 */
export async function endWithin(
  response: ServerResponse,
  bytes: Uint8Array,
  rules: WriteRules,
): Promise<void> {
  if (bytes.length <= AT_ONCE_BYTES) {
    // The kernel takes that much; a reader that takes nothing at all is cut off with its silent connection.
    response.end(bytes);
    return;
  }
  await awaitTurn(response);
  const writer = new ResponseWriter(response, rules);
  try {
    await writer.write(bytes);
  } finally {
    writer.release();
  }
  response.end();
}

/** How long a reader may take for so many bytes. */
export function allowedMs(bytes: number, pace: ReaderPace): number {
  return Math.ceil(bytes / pace.minBytes) * pace.windowMs;
}

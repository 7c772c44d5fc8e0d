import type { ServerResponse } from "node:http";
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

/** Writes one response; each write has a deadline of its own. */
export interface ResponseWriter {
  /**
   * Resolves once the bytes are with the kernel, so that their buffer is free again.
   * @throws ConnectionGone also when the reader takes them slower than the pace
   */
  write(bytes: Uint8Array): Promise<void>;
  /** Stops watching the connection. */
  release(): void;
}

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

/** How answers are written: how fast they have to be taken, and how they share the event loop. */
export interface WriteRules {
  readonly pace: ReaderPace;
  readonly turns: WriteTurns;
}

/** Opens the writer of a response; `release` it when the response is done. */
export function openResponseWriter(response: ServerResponse, rules: WriteRules): ResponseWriter {
  const { turns } = rules;
  const { socket } = response.req;
  let interrupt: (() => void) | undefined;
  let last: Promise<void> = Promise.resolve();
  // A response's own write callback stays silent when the socket is destroyed.
  const onClose = () => interrupt?.();
  socket.once("close", onClose);
  let isFirst = true;
  turns.enter();

  async function writeAll(bytes: Uint8Array): Promise<void> {
    for (let start = 0; start < bytes.length;) {
      const end = start + turns.pieceBytes;
      await writePiece(response, bytes.subarray(start, end), {
        ...rules,
        isFirst,
        onInterrupt: (reject) => (interrupt = reject),
      });
      isFirst = false;
      start = end;
    }
  }

  return {
    write: (bytes) => (last = last.then(() => writeAll(bytes))),
    release() {
      socket.off("close", onClose);
      turns.leave();
    },
  };
}

interface PieceRules extends WriteRules {
  /** The head goes out together with the first piece. */
  readonly isFirst: boolean;
  /** Takes what fails the write when the connection has closed. */
  readonly onInterrupt: (interrupt: () => void) => void;
}

/** Writes one piece when its turn has come. */
function writePiece(
  response: ServerResponse,
  bytes: Uint8Array,
  { pace, turns, isFirst, onInterrupt }: PieceRules,
): Promise<void> {
  const { socket } = response.req;
  return new Promise((resolve, reject) => {
    let deadline: NodeJS.Timeout | undefined;
    const fail = () => {
      clearTimeout(deadline);
      reject(new ConnectionGone());
    };
    if (socket.destroyed) {
      fail();
      return;
    }
    onInterrupt(fail);
    turns.run(() => {
      if (socket.destroyed) return;
      deadline = setTimeout(() => socket.destroy(), allowedMs(bytes.length, pace));
      // To the socket itself: a response would hold the bytes back until after this turn, which has to know how long
      // they take. Their length is in the head, so that nothing is added to them.
      if (isFirst) {
        socket.cork();
        response.flushHeaders();
      }
      socket.write(bytes, (error) => {
        clearTimeout(deadline);
        if (error) reject(new ConnectionGone());
        else resolve();
      });
      if (isFirst) socket.uncork();
    });
  });
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
  const writer = openResponseWriter(response, rules);
  try {
    await writer.write(bytes);
  } finally {
    writer.release();
  }
  response.end();
}

function allowedMs(bytes: number, pace: ReaderPace): number {
  return Math.ceil(bytes / pace.minBytes) * pace.windowMs;
}

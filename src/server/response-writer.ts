import type { ServerResponse } from "node:http";

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

/** Opens the writer of a response; `release` it when the response is done. */
export function openResponseWriter(response: ServerResponse, pace: ReaderPace): ResponseWriter {
  const { socket } = response.req;
  const waiting = new Set<() => void>();
  // A response's own write callback stays silent when the socket is destroyed.
  const onClose = () => waiting.forEach((interrupt) => interrupt());
  socket.once("close", onClose);
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        if (socket.destroyed) {
          reject(new ConnectionGone());
          return;
        }
        const deadline = setTimeout(() => socket.destroy(), allowedMs(bytes.length, pace));
        const interrupt = () => {
          clearTimeout(deadline);
          reject(new ConnectionGone());
        };
        waiting.add(interrupt);
        response.write(bytes, (error) => {
          clearTimeout(deadline);
          waiting.delete(interrupt);
          if (error) reject(new ConnectionGone());
          else resolve();
        });
      }),
    release() {
      socket.off("close", onClose);
    },
  };
}

/**
 * Ends a response with bytes that stay in memory, and cuts the reader off that takes them too slowly.
 * @throws ConnectionGone
 */
export async function endWithin(
  response: ServerResponse,
  bytes: Uint8Array,
  pace: ReaderPace,
): Promise<void> {
  await awaitTurn(response);
  const { socket } = response.req;
  const deadline = setTimeout(() => socket.destroy(), allowedMs(bytes.length, pace));
  response.once("close", () => clearTimeout(deadline));
  response.end(bytes);
}

function allowedMs(bytes: number, pace: ReaderPace): number {
  return Math.ceil(bytes / pace.minBytes) * pace.windowMs;
}

import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Answer } from "./answer.ts";
import type { FaultAction } from "./faults.ts";
import type { Pacer } from "./pacer.ts";
import { createPacer } from "./pacer.ts";

/** Large writes cost least: below 256 KiB the calls dominate. */
const PIECE_BYTES = 512 * 1024;
/** Time for the peer to read what came before a reset, which would throw it away. */
const BEFORE_RESET_MS = 20;

export interface Shape {
  readonly fault: FaultAction | undefined;
  /** Of the connection; undefined for full speed. */
  readonly pacer: Pacer | undefined;
  readonly withBody: boolean;
  /** Called with each number of body bytes handed to the connection. */
  readonly onBytes: (bytes: number) => void;
}

/** Sends an answer as its shape says. Resolves when the answer is complete, broken as wanted, or nobody listens any more. */
export async function sendAnswer(response: ServerResponse, answer: Answer, shape: Shape): Promise<void> {
  const { fault } = shape;
  if (fault?.kind === "silence") return;
  const { "content-length": length, ...headers } = answer.headers;
  const framing = fault?.kind === "cut" ? (fault.framing ?? "content-length") : "content-length";
  if (framing === "close") response.useChunkedEncodingByDefault = false;
  const announced = framing === "content-length" && length !== undefined ? { "content-length": length } : {};
  response.writeHead(answer.status, { ...headers, ...announced });
  response.flushHeaders();
  if (!shape.withBody || answer.body.length === 0) {
    response.end();
    return;
  }
  if (!(await sendBody(response, answer, shape))) return;
  if (fault?.kind === "cut") await breakOff(response, fault.how ?? "fin");
  else if (fault?.kind !== "stall") response.end();
}

async function breakOff(response: ServerResponse, how: "fin" | "rst"): Promise<void> {
  if (how === "fin") {
    response.socket?.end();
    return;
  }
  await sleep(BEFORE_RESET_MS);
  response.socket?.resetAndDestroy();
}

/** Sends the body up to where the fault stops it; false when the peer went away. */
async function sendBody(response: ServerResponse, answer: Answer, shape: Shape): Promise<boolean> {
  const { body } = answer;
  const { fault } = shape;
  const end =
    fault?.kind === "cut" || fault?.kind === "stall" ? Math.min(fault.at, body.length) : body.length;
  const drip =
    fault?.kind === "trickle"
      ? { from: fault.after ?? 0, pacer: createPacer(fault.bytesPerSecond) }
      : undefined;
  const write = createWriter(response);
  const buffers = [0, 1].map(() => Buffer.allocUnsafe(Math.min(PIECE_BYTES, end)));
  const limitAt = (position: number): number => {
    const pacer = drip === undefined || position < drip.from ? shape.pacer : drip.pacer;
    const until = drip !== undefined && position < drip.from ? Math.min(drip.from, end) : end;
    return Math.min(PIECE_BYTES, until - position, pacer?.pieceBytes ?? Infinity);
  };
  const read = (position: number, turn: number) =>
    body.read(position, (buffers[turn % 2] ?? Buffer.alloc(0)).subarray(0, limitAt(position)));

  let position = 0;
  let piece = end > 0 ? await read(0, 0) : Buffer.alloc(0);
  for (let turn = 1; piece.length > 0; turn++) {
    await (drip === undefined || position < drip.from ? shape.pacer : drip.pacer)?.take(piece.length);
    position += piece.length;
    const next = position < end ? read(position, turn) : Buffer.alloc(0);
    const [alive, following] = await Promise.all([write(piece), next]);
    if (!alive) return false;
    shape.onBytes(piece.length);
    piece = following;
  }
  return true;
}

/** A function that writes a piece and resolves once it left this process: true, or false when the connection is gone. */
function createWriter(response: ServerResponse): (piece: Buffer) => Promise<boolean> {
  let settle: ((alive: boolean) => void) | undefined;
  response.once("close", () => settle?.(false));
  response.once("error", () => settle?.(false));
  return (piece) =>
    new Promise((resolve) => {
      if (response.destroyed) {
        resolve(false);
        return;
      }
      settle = resolve;
      response.write(piece, (error) => resolve(error === null || error === undefined));
    });
}

import type { ListedTarball } from "../cache/pull-through.ts";
import type { PulledBlob } from "../cache/pull-reader.ts";
import { decideAnswer } from "./conditional.ts";
import type { ProvenBlobs } from "./proven-blobs.ts";
import type { PullSource } from "./ports.ts";
import { sendProblem } from "./problem.ts";
import { noteCacheUse } from "./request-log.ts";
import { ConnectionGone, awaitTurn, ResponseWriter } from "./response-writer.ts";
import { type Exchange, type SendContext, tarballRepresentation, writeTarballHead } from "./send.ts";
import { sendRange, ShortBlob } from "./transfer.ts";

/** Each reader has a piece of its own: several hundred come for the same tarball. */
const PIECE_BYTES = 64 << 10;

/** What sending a tarball needs that is on its way. */
export interface PulledContext extends SendContext {
  readonly blobs: ProvenBlobs;
  readonly pullThrough: PullSource;
}

/**
 * Sends a tarball that is listed and not held, as it arrives. Conditions, HEAD and ranges outside of it are answered
 * without fetching anything. False, and nothing was sent, when it is in the store by now.
 * @throws JamError JAM_ITEM_UNAVAILABLE, ConnectionGone
 */
export async function sendPulled(
  exchange: Exchange,
  tarball: ListedTarball,
  context: PulledContext,
): Promise<boolean> {
  const { request, response } = exchange;
  const representation = tarballRepresentation(tarball.sha256, { size: tarball.size, storedAt: undefined });
  const answer = decideAnswer(request.method ?? "GET", request.headers, representation);
  const isFetched = request.method === "GET" && "start" in answer && answer.start < answer.end;
  if (!isFetched) {
    writeTarballHead(exchange, representation, answer);
    return true;
  }
  noteCacheUse(request, "refused");
  const blob = context.pullThrough.open(tarball, answer);
  noteCacheUse(request, blob.use);
  const onClose = () => blob.close();
  response.once("close", onClose);
  // The silence of an upstream is not the client's; how fast it takes what is sent is watched by the writer.
  request.socket.setTimeout(0);
  try {
    const first = await blob.arrived(answer.start).catch((error: unknown) => {
      throw response.destroyed ? new ConnectionGone() : error;
    });
    if (first === "held") return false;
    writeTarballHead(exchange, representation, answer);
    await sendArriving(exchange, { blob, tarball, range: answer }, context);
    return true;
  } finally {
    request.socket.setTimeout(context.pace.windowMs);
    if (blob.use === "passed") noteCacheUse(request, "passed");
    response.off("close", onClose);
    blob.close();
  }
}

interface Transfer {
  readonly blob: PulledBlob;
  readonly tarball: ListedTarball;
  readonly range: { readonly start: number; readonly end: number };
}

async function sendArriving(
  { request, response }: Exchange,
  { blob, tarball, range }: Transfer,
  context: PulledContext,
): Promise<void> {
  const writer = new ResponseWriter(response, context);
  try {
    await awaitTurn(response);
    for (let position = range.start; position < range.end;) {
      const count = await blob.arrived(position);
      if (count === "held") {
        await sendHeld(writer, { blob, tarball, start: position, end: range.end }, context);
        break;
      }
      await sendArrived(writer, { blob, start: position, end: position + count }, context);
      position += count;
    }
    response.end();
  } catch (error) {
    if (error instanceof ConnectionGone || request.socket.destroyed) return;
    sendProblem(request, response, error);
  } finally {
    writer.release();
  }
}

/**
 * Sends bytes that have arrived, without waiting as far as the kernel has them in memory. They are not proven yet, so
 * no other transfer gets them out of the memory that transfers of proven ones share.
 */
async function sendArrived(
  writer: ResponseWriter,
  { blob, start, end }: { readonly blob: PulledBlob; readonly start: number; readonly end: number },
  { pool, turns: { buffers } }: SendContext,
): Promise<void> {
  let position = start;
  const nextNow = (maxBytes: number) => {
    if (position >= end) return undefined;
    const wanted = Math.min(maxBytes, end - position, PIECE_BYTES);
    const buffer = buffers.take(wanted);
    const length = blob.readNow(buffer.subarray(0, wanted), position);
    if (!length) {
      buffers.give(buffer);
      return undefined;
    }
    position += length;
    return { bytes: buffer.subarray(0, length), release: () => buffers.give(buffer) };
  };
  for (;;) {
    await writer.writeAll(nextNow);
    if (position >= end) return;
    const buffer = pool.take("slow");
    try {
      const length = await blob.readAt(buffer.subarray(0, end - position), position);
      if (length === 0) throw new ShortBlob(position);
      await writer.write(buffer.subarray(0, length));
      position += length;
    } finally {
      pool.release(buffer);
    }
  }
}

interface Rest extends Pick<Transfer, "blob" | "tarball"> {
  readonly start: number;
  readonly end: number;
}

/** The rest of a tarball that has come meanwhile; it is hashed before anything of it is sent. */
async function sendHeld(
  writer: ResponseWriter,
  { blob, tarball, start, end }: Rest,
  context: PulledContext,
): Promise<void> {
  const held = await context.blobs.open(tarball);
  if (held === undefined) {
    // Others came and took its room before this reader, who is slower, has got all of it.
    await blob.proveEvicted();
    return sendArrived(writer, { blob, start, end }, context);
  }
  try {
    const source = { ...context, blob: held, sha256: tarball.sha256, buffers: context.turns.buffers };
    await sendRange(writer, source, { start, end });
  } finally {
    await held.close();
  }
}

import type { BlobReader, ByteRange } from "../store/store.ts";
import type { IncomingMessage, ServerResponse } from "node:http";
import { JamError } from "../shared/errors.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { BufferPool } from "./buffer-pool.ts";
import { type Answer, type Representation, decideAnswer } from "./conditional.ts";
import type { ServedDocument } from "./document.ts";
import type { HotChunks } from "./hot-chunks.ts";
import { type Encoding, tarballType } from "./negotiate.ts";
import { ConnectionGone, type WriteRules, awaitTurn, endWithin, ResponseWriter } from "./response-writer.ts";
import { sendProblem } from "./problem.ts";
import { tarballDamaged } from "./proven-blobs.ts";
import { ShortBlob, sendRange } from "./transfer.ts";

/** What every answer with a body needs. */
export interface SendContext extends WriteRules {
  readonly pool: BufferPool;
  readonly chunks: HotChunks;
}

/** One request and its response. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Sends a document in the coding that the client prefers. `cacheControl` says how long it may be kept. */
export async function sendDocument(
  { request, response }: Exchange,
  document: ServedDocument,
  options: { readonly encoding: Encoding | undefined; readonly cacheControl: string },
  context: SendContext,
): Promise<void> {
  const { bytes, etag, encoding, heads } = await document.encoded(options.encoding);
  const representation = { etag, lastModified: document.lastModified, size: bytes.length };
  if (request.headers.range === undefined) {
    const isUnchanged = decideAnswer("GET", request.headers, representation).status === 304;
    const { whole, unchanged } = heads(options.cacheControl);
    response.writeHead(isUnchanged ? 304 : 200, isUnchanged ? unchanged : whole);
    if (isUnchanged || request.method === "HEAD") response.end();
    else await endWithin(response, bytes, context);
    return;
  }
  response.setHeader("Cache-Control", options.cacheControl);
  response.setHeader("Vary", "Accept-Encoding");
  const answer = decideAnswer(request.method ?? "GET", request.headers, representation);
  const headers = {
    "Content-Type": document.contentType,
    ...(encoding === undefined ? {} : { "Content-Encoding": encoding }),
  };
  const range = writeHead({ request, response }, representation, { answer, headers });
  if (range === undefined) return;
  await endWithin(response, bytes.subarray(range.start, range.end), context);
}

/** Sends an open tarball and closes it. */
export async function sendTarball(
  { request, response }: Exchange,
  blob: BlobReader,
  sha256: Sha256,
  context: SendContext,
): Promise<void> {
  try {
    const representation = tarballRepresentation(sha256, blob);
    const answer = decideAnswer(request.method ?? "GET", request.headers, representation);
    const range = writeTarballHead({ request, response }, representation, answer);
    if (range !== undefined) await sendBytes({ request, response }, blob, { sha256, range }, context);
  } finally {
    await blob.close();
  }
}

/** A tarball as conditions compare it. One that is not in the store yet has no date. */
export function tarballRepresentation(
  sha256: Sha256,
  { size, storedAt }: { readonly size: number; readonly storedAt: Date | undefined },
): Representation {
  return { etag: `"${sha256}"`, lastModified: storedAt, size };
}

/** Sends status and headers of a tarball; the bytes to send after them, or undefined when the response is complete. */
export function writeTarballHead(
  { request, response }: Exchange,
  representation: Representation,
  answer: Answer,
): ByteRange | undefined {
  // A path can be published again with other bytes, so caches must ask; an answer of 304 costs next to nothing.
  response.setHeader("Cache-Control", "public, no-cache, no-transform");
  response.setHeader("Vary", "Accept");
  const headers = { "Content-Type": tarballType(request.headers.accept) };
  return writeHead({ request, response }, representation, { answer, headers });
}

/** Sends status and headers; the bytes to send after them, or undefined when the response is complete. */
function writeHead(
  { request, response }: Exchange,
  representation: Representation,
  { answer, headers }: { readonly answer: Answer; readonly headers: Readonly<Record<string, string>> },
): ByteRange | undefined {
  response.setHeader("ETag", representation.etag);
  const { lastModified } = representation;
  if (lastModified !== undefined) response.setHeader("Last-Modified", lastModified.toUTCString());
  response.setHeader("Accept-Ranges", "bytes");
  response.setHeader("X-Content-Type-Options", "nosniff");
  if (answer.status === 304) {
    response.writeHead(304).end();
    return undefined;
  }
  if (answer.status === 416) {
    sendUnsatisfiable({ request, response }, representation.size);
    return undefined;
  }
  const { status, start, end } = answer;
  if (status === 206) response.setHeader("Content-Range", contentRange(answer, representation.size));
  response.writeHead(status, { ...headers, "Content-Length": end - start });
  if (request.method === "HEAD" || start === end) {
    response.end();
    return undefined;
  }
  return { start, end };
}

async function sendBytes(
  { request, response }: Exchange,
  blob: BlobReader,
  what: { readonly sha256: Sha256; readonly range: ByteRange },
  context: SendContext,
): Promise<void> {
  const writer = new ResponseWriter(response, context);
  try {
    await awaitTurn(response);
    await sendRange(
      writer,
      { blob, sha256: what.sha256, ...context, buffers: context.turns.buffers },
      what.range,
    );
    response.end();
  } catch (error) {
    if (error instanceof ConnectionGone) return;
    const damaged = error instanceof ShortBlob ? tarballDamaged(what.sha256, error.message) : error;
    sendProblem(request, response, damaged);
  } finally {
    writer.release();
  }
}

function sendUnsatisfiable({ request, response }: Exchange, size: number): void {
  for (const name of ["ETag", "Last-Modified", "Cache-Control"]) response.removeHeader(name);
  response.setHeader("Content-Range", `bytes */${size}`);
  const error = new JamError("JAM_RANGE_NOT_SATISFIABLE", `The range is outside the ${size} bytes.`, {
    hint: "Request the whole file, or a range that starts within it.",
    details: { range: request.headers.range, size },
  });
  sendProblem(request, response, error);
}

function contentRange(range: ByteRange & Extract<Answer, { status: 200 | 206 }>, size: number): string {
  return `bytes ${range.start}-${range.end - 1}/${size}`;
}

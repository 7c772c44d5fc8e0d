import type { JamError } from "../shared/errors.ts";
import { MAX_DOCUMENT_BYTES } from "../shared/limits.ts";
import { tooLarge } from "../simplestreams/metadata-fault.ts";
import { displayUrl } from "./failure.ts";
import { guardedBody, type PaceLimits } from "./guarded-body.ts";
import type { HttpAnswer, HttpClient } from "./http-client.ts";
import { statusError } from "./http-failure.ts";
import { parseRetryAfterMs } from "./retry.ts";
import { resolveUnder } from "./url-policy.ts";
import type { Validators, ArrivedDocument } from "./source.ts";
import { defined } from "../shared/collections.ts";

export type ArrivedAnswer =
  | { readonly kind: "found"; readonly arrived: ArrivedDocument; readonly servedAt: string | undefined }
  | { readonly kind: "not-modified" }
  | { readonly kind: "not-found"; readonly url: string };

export interface DocumentRequest {
  readonly base: URL;
  readonly path: string;
  readonly known: Validators | undefined;
  readonly pace: PaceLimits;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/**
 * Requests one document once, conditionally when a version of it is known.
 * @throws JamError JAM_UPSTREAM_…, JAM_METADATA_TOO_LARGE, JAM_CANCELLED
 */
export async function requestDocument(client: HttpClient, request: DocumentRequest): Promise<ArrivedAnswer> {
  const { base, path, known, signal } = request;
  const target = resolveUnder(base, path);
  const url = displayUrl(target);
  const headers = { "accept-encoding": "gzip", ...conditions(known) };
  const answer = await client.get(target, { headers, decompress: true, signal });
  if (answer.status === 200) {
    const bytes = await collect(answer, request);
    const validators = readValidators(answer);
    return { kind: "found", arrived: { path, url, bytes, validators }, servedAt: answer.headers.date };
  }
  if (answer.status === 304 && known !== undefined) {
    answer.body.drain();
    return { kind: "not-modified" };
  }
  if (answer.status === 404 || answer.status === 410) {
    answer.body.drain();
    return { kind: "not-found", url };
  }
  throw await refusal(answer, request.now());
}

/** The error for an answer of no use; reads its first bytes and ends the connection. */
export async function refusal(answer: HttpAnswer, now: number): Promise<JamError> {
  const { status, headers } = answer;
  const retryAfterMs = parseRetryAfterMs(headers["retry-after"], headers.date, now);
  return statusError({ status, firstBytes: await readSample(answer), retryAfterMs }, answer.request);
}

const SAMPLE_PACE: PaceLimits = { idleTimeoutMs: 2000, minBytesPerSecond: 10, windowMs: 2000 };

/** The first bytes of a body that is not read otherwise; bytes that cannot be read are omitted. */
export async function readSample(answer: HttpAnswer): Promise<Uint8Array> {
  try {
    for await (const chunk of guardedBody(answer, SAMPLE_PACE, new AbortController().signal)) return chunk;
  } catch {
    // The sample is for a message only; the status has said what matters.
  }
  return new Uint8Array();
}

/** ETag and Last-Modified of an answer. */
export function readValidators(answer: HttpAnswer): Validators {
  const { etag, "last-modified": lastModified } = answer.headers;
  return { ...defined({ etag, lastModified }) };
}

/** Source: RFC 9110 §13.1.2, §13.1.3: a date next to an entity tag is ignored, so one is enough. */
function conditions(known: Validators | undefined): Record<string, string> {
  if (known?.etag !== undefined) return { "if-none-match": known.etag };
  return known?.lastModified === undefined ? {} : { "if-modified-since": known.lastModified };
}

async function collect(answer: HttpAnswer, request: DocumentRequest): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let received = 0;
  for await (const chunk of guardedBody(answer, request.pace, request.signal)) {
    received += chunk.length;
    if (received > MAX_DOCUMENT_BYTES) {
      const url = answer.request.url;
      throw tooLarge(url, `more than ${MAX_DOCUMENT_BYTES / 2 ** 20} MiB`, {
        url,
        limit: MAX_DOCUMENT_BYTES,
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, received);
}

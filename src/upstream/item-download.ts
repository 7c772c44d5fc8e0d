import type { StagedBlob } from "../store/store.ts";
import { JamError, isJamError } from "../shared/errors.ts";
import { readSample, refusal } from "./document-reader.ts";
import { describeFirstBytes } from "./failure.ts";
import { guardedBody, type PaceLimits } from "./guarded-body.ts";
import type { HttpAnswer, HttpClient } from "./http-client.ts";
import { freePiece, keepNurserySmall } from "./receive-buffers.ts";
import type { RateLimiter } from "./waiting.ts";
import { withRetries, type RetryOptions } from "./retry.ts";
import { createTally, type Tally } from "./tally.ts";
import type { FetchOptions, ItemRequest } from "./source.ts";

export interface DownloadContext {
  readonly client: HttpClient;
  readonly url: URL;
  readonly pace: PaceLimits;
  readonly limiter: RateLimiter | undefined;
  readonly retry: Pick<RetryOptions, "policy" | "timing">;
}

/** As much as shows that a link works although it breaks: the count of failures starts anew. */
const PROGRESS_BYTES = 2 ** 20;

/**
 * Downloads one tarball into `sink`: resumes, repeats after temporary failures, and starts again once when what
 * arrived is not what was promised.
 * @throws JamError JAM_UPSTREAM_…, JAM_ITEM_SIZE_MISMATCH, JAM_ITEM_HASH_MISMATCH, JAM_CANCELLED, and the sink's own
 */
export async function downloadItem(
  context: DownloadContext,
  item: ItemRequest,
  sink: StagedBlob,
  options: FetchOptions,
): Promise<void> {
  keepNurserySmall();
  const tally = createTally(sink, options);
  const download: Download = { ...context, item, sink, tally, signal: options.signal };
  let furthest = sink.received;
  let secondChance = true;
  const attempt = async () => {
    try {
      await bringAndCommit(download);
    } catch (error) {
      if (!secondChance || !isMismatch(error)) throw error;
      secondChance = false;
      options.onRetry?.(error, STARTS_OVER);
      await discard(download, undefined);
      await bringAndCommit(download);
    }
  };
  await withRetries(attempt, {
    ...context.retry,
    signal: options.signal,
    onRetry: options.onRetry,
    countFailure(failures) {
      if (sink.received < furthest + PROGRESS_BYTES) return failures;
      furthest = sink.received;
      return 1;
    },
  });
}

/** The bytes do not match the metadata: download again from the start, immediately. */
export const STARTS_OVER = { waitMs: 0, askedBy: "jam", attempt: 2, attempts: 2 } as const;

interface Download extends DownloadContext {
  readonly item: ItemRequest;
  readonly sink: StagedBlob;
  readonly tally: Tally;
  readonly signal: AbortSignal;
}

async function bringAndCommit(download: Download): Promise<void> {
  const { item, sink, tally } = download;
  tally.settle();
  if (sink.received > item.size) await discard(download, undefined);
  if (sink.received < item.size && (await transfer(download)) === "stale") {
    await discard(download, undefined);
    await transfer(download);
  }
  await sink.commit(item.size);
}

/** One request; resolves when its body is in the sink, or to `stale` when the server has no rest that fits. */
async function transfer(download: Download): Promise<"complete" | "stale"> {
  const { client, url, item, sink, signal } = download;
  const from = sink.received;
  const headers = { "accept-encoding": "identity", ...rangeHeaders(from, sink.validator) };
  const answer = await client.get(url, { headers, decompress: false, signal });
  const partial = answer.status === 206 && from > 0;
  if (partial ? !continues(answer, item, sink) : answer.status === 416 && from > 0) {
    answer.body.drain();
    return "stale";
  }
  if (answer.status !== 200 && !partial) throw await refusal(answer, download.retry.timing.now());
  if (!partial) {
    await requirePlausible(answer, item);
    await discard(download, validatorOf(answer));
  }
  await sink.append(paced(answer, download), item.size);
  if (sink.received < item.size) throw tooShort(answer, item, sink.received);
  return "complete";
}

/** The body through the rate limit, counted. A piece is gone when the next one is requested. */
async function* paced(answer: HttpAnswer, download: Download): AsyncGenerator<Uint8Array> {
  const { limiter, tally, pace, signal } = download;
  for await (const chunk of guardedBody(answer, pace, signal)) {
    const turn = limiter?.take(chunk.length, signal);
    if (turn !== undefined) await turn;
    tally.add(chunk.length);
    yield chunk;
    freePiece(chunk);
  }
}

async function discard(download: Download, validator: string | undefined): Promise<void> {
  await download.sink.restart(validator);
  download.tally.settle();
}

function isMismatch(error: unknown): error is JamError {
  return isJamError(error, "JAM_ITEM_SIZE_MISMATCH", "JAM_ITEM_HASH_MISMATCH");
}

/**
 * The request for the rest. If-Range takes strong validators only; without one the range is asked for all the same,
 * because the hash of the whole file decides in the end. Source: RFC 9110 §13.1.5, §14.2
 */
function rangeHeaders(from: number, validator: string | undefined): Record<string, string> {
  if (from === 0) return {};
  const strong = validator === undefined || validator.startsWith("W/") ? {} : { "if-range": validator };
  return { range: `bytes=${from}-`, ...strong };
}

/** Whether a 206 is the rest of the very file whose start is here. Source: RFC 9110 §14.4, §15.3.7 */
function continues(answer: HttpAnswer, item: ItemRequest, sink: StagedBlob): boolean {
  const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(answer.headers["content-range"] ?? "");
  if (range === null || Number(range[1]) !== sink.received) return false;
  if (range[3] !== "*" && Number(range[3]) !== item.size) return false;
  const { etag } = answer.headers;
  const isSame = etag === undefined || sink.validator === undefined || etag === sink.validator;
  return isSame || !sink.validator.includes('"');
}

/** What identifies this version of the file next time; a date serves where there is no entity tag. */
function validatorOf(answer: HttpAnswer): string | undefined {
  return answer.headers.etag ?? answer.headers["last-modified"];
}

/**
 * Refuses an answer that its own headers tell apart from the tarball, before its body is fetched.
 * @throws JamError JAM_UPSTREAM_NOT_SIMPLESTREAMS, JAM_ITEM_SIZE_MISMATCH
 */
async function requirePlausible(answer: HttpAnswer, item: ItemRequest): Promise<void> {
  const { "content-type": type = "", "content-length": length } = answer.headers;
  if (/^(?:text\/html|application\/(?:xhtml\+xml|json))/i.test(type)) throw await notATarball(answer, type);
  if (length === undefined || Number(length) === item.size) return;
  answer.body.drain();
  const { url } = answer.request;
  throw new JamError(
    "JAM_ITEM_SIZE_MISMATCH",
    `${url}: expected ${item.size} bytes, the server offers ${length}`,
    {
      hint: "The upstream is changing, or the file is damaged there: run the same command again in a few minutes.",
      details: { path: item.path, url, expected: item.size, received: Number(length) },
    },
  );
}

async function notATarball(answer: HttpAnswer, type: string): Promise<JamError> {
  const { url } = answer.request;
  const firstBytes = describeFirstBytes(await readSample(answer));
  return new JamError("JAM_UPSTREAM_NOT_SIMPLESTREAMS", `${url}: not a tarball but ${type}: ${firstBytes}`, {
    hint: "Open the URL in a browser: a proxy, a login page or a wrong base URL may be answering in its place.",
    details: { url, contentType: type, firstBytes },
  });
}

function tooShort(answer: HttpAnswer, item: ItemRequest, received: number): JamError {
  const { url } = answer.request;
  return new JamError(
    "JAM_UPSTREAM_TRUNCATED",
    `${url}: the connection ended at byte ${received} of ${item.size}`,
    {
      hint: "Run the same command again; it resumes where it stopped.",
      details: { path: item.path, url, expected: item.size, received },
    },
  );
}

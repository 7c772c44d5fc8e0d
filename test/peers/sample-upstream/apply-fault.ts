import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { gzipSync } from "node:zlib";
import { answerOffer, answerText, type Answer, type Offer } from "./answer.ts";
import type { FaultAction } from "./faults.ts";
import { alteredSource, memorySource, readAll, resizedSource } from "./source.ts";

/** What was asked, as far as it decides the answer. */
export interface Question {
  /** Relative to the base URL. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly baseUrl: string;
}

const LOGIN_PAGE =
  "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Please sign in.</body></html>\n";
const BOMB_MEMBER_BYTES = 8 * 1024 * 1024;
const BOMB_FIELD_BYTES = 1024;

/** The answer to `question`: of `offer`, or 404 where nothing is offered, as `fault` spoils it. */
export async function answerWith(
  fault: FaultAction | undefined,
  offer: Offer | undefined,
  question: Question,
): Promise<Answer> {
  const replacement = fault === undefined ? undefined : replaceAnswer(fault, question);
  if (replacement !== undefined) return replacement;
  if (offer === undefined) return answerText(404, "Not found\n");
  if (fault === undefined) return answerOffer(offer, question.headers);
  return spoilAnswer(fault, answerOffer(spoilOffer(fault, offer), question.headers));
}

/** An answer that has nothing to do with the file. */
function replaceAnswer(fault: FaultAction, question: Question): Answer | undefined {
  switch (fault.kind) {
    case "html":
      return answerText(fault.status ?? 200, LOGIN_PAGE, { "content-type": "text/html; charset=utf-8" });
    case "empty":
      return answerText(200, "");
    case "respond": {
      const body = Buffer.from(fault.body ?? "");
      const headers = { "content-length": String(body.length), ...fault.headers };
      return { status: fault.status, headers, body: memorySource(body) };
    }
    case "redirect": {
      const to = fault.to === "loop" ? question.path : fault.to;
      return answerText(fault.status ?? 302, "Elsewhere\n", { location: new URL(to, question.baseUrl).href });
    }
    case "status": {
      const { status, retryAfter } = fault;
      const after = retryAfter instanceof Date ? retryAfter.toUTCString() : retryAfter;
      return answerText(status, `${status}\n`, after === undefined ? {} : { "retry-after": String(after) });
    }
    case "gzip-bomb":
      return gzipBomb(fault.bytes);
    default:
      return undefined;
  }
}

/** The file as another one, before ranges and conditions are looked at. */
function spoilOffer(fault: FaultAction, offer: Offer): Offer {
  const { gzip: _, ...plain } = offer;
  switch (fault.kind) {
    case "resize":
      return { ...plain, source: resizedSource(offer.source, Math.max(0, offer.source.length + fault.by)) };
    case "alter":
      return { ...plain, source: alteredSource(offer.source, fault.at) };
    case "endless":
      return { ...plain, source: resizedSource(offer.source, Infinity), ranges: "ignored" };
    case "ignore-range":
      return { ...offer, ranges: "ignored" };
    case "change-etag":
      return {
        ...offer,
        etag: `"${randomUUID()}"`,
        modifiedAt: new Date(),
        ranges: fault.blind === true ? "unconditional" : "honoured",
      };
    case "no-validators":
      return { ...offer, etag: undefined, modifiedAt: undefined };
    // Byte counts are of the plain body.
    case "cut":
    case "stall":
    case "trickle":
      return plain;
    default:
      return offer;
  }
}

function spoilAnswer(fault: FaultAction, answer: Answer): Answer | Promise<Answer> {
  switch (fault.kind) {
    case "content-range":
      return { ...answer, headers: shiftContentRange(answer.headers, fault.by) };
    case "multipart":
      return answer.status === 206 ? multipart(answer) : answer;
    case "header-bomb":
      return { ...answer, headers: { ...answer.headers, ...bombFields(fault.bytes) } };
    case "gzip":
      return fault.how === "compress" ? compress(answer) : { ...answer, headers: gzipLabel(answer.headers) };
    default:
      return answer;
  }
}

function shiftContentRange(headers: Answer["headers"], by: number): Answer["headers"] {
  const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers["content-range"] ?? "");
  if (range === null) return headers;
  const [first, last, length] = range.slice(1).map(Number);
  return { ...headers, "content-range": `bytes ${(first ?? 0) + by}-${(last ?? 0) + by}/${length}` };
}

async function multipart(answer: Answer): Promise<Answer> {
  const { "content-range": range = "", "content-type": type = "", ...headers } = answer.headers;
  const head = `--SEPARATOR\r\nContent-Type: ${type}\r\nContent-Range: ${range}\r\n\r\n`;
  const body = Buffer.concat([
    Buffer.from(head),
    await readAll(answer.body),
    Buffer.from("\r\n--SEPARATOR--\r\n"),
  ]);
  const changed = {
    "content-type": "multipart/byteranges; boundary=SEPARATOR",
    "content-length": String(body.length),
  };
  return { status: 206, headers: { ...headers, ...changed }, body: memorySource(body) };
}

function bombFields(bytes: number): Record<string, string> {
  const count = Math.ceil(bytes / BOMB_FIELD_BYTES);
  const value = "x".repeat(BOMB_FIELD_BYTES - 16);
  return Object.fromEntries(Array.from({ length: count }, (_, number) => [`x-bomb-${number}`, value]));
}

async function compress(answer: Answer): Promise<Answer> {
  const body = gzipSync(await readAll(answer.body));
  const headers = { ...gzipLabel(answer.headers), "content-length": String(body.length) };
  return { ...answer, headers, body: memorySource(body) };
}

function gzipLabel(headers: Answer["headers"]): Answer["headers"] {
  return { ...headers, "content-encoding": "gzip" };
}

/** Many gzip members in a row are one gzip file, so a bomb is cheap to make. Source: RFC 1952 §2.2 */
function gzipBomb(bytes: number): Answer {
  const member = gzipSync(Buffer.alloc(BOMB_MEMBER_BYTES));
  const count = Math.ceil(bytes / BOMB_MEMBER_BYTES);
  const body = Buffer.concat(Array.from({ length: count }, () => member));
  const headers = { "content-type": "application/json", "content-length": String(body.length) };
  return { status: 200, headers: gzipLabel(headers), body: memorySource(body) };
}

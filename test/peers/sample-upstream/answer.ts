import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { gzipSync } from "node:zlib";
import rangeParser from "range-parser";
import { memorySource, slicedSource, type ByteSource } from "./source.ts";

/** A file as it is offered to requests. */
export interface Offer {
  readonly source: ByteSource;
  readonly type: string;
  /** Strong ETag with its quotes; undefined to send none. */
  readonly etag: string | undefined;
  readonly modifiedAt: Date | undefined;
  /** The same content compressed, where that is offered. */
  readonly gzip?: ByteSource;
  readonly ranges: "honoured" | "ignored" | "unconditional";
}

/** An answer before it is sent. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ByteSource;
}

const EMPTY = memorySource(Buffer.alloc(0));
const compressed = new WeakMap<Buffer, ByteSource>();

/** Offers a metadata document: compressed where accepted, as upstream does. */
export function offerDocument(bytes: Buffer, modifiedAt: Date): Offer {
  let gzip = compressed.get(bytes);
  if (gzip === undefined) {
    gzip = memorySource(gzipSync(bytes));
    compressed.set(bytes, gzip);
  }
  const etag = `"${createHash("sha256").update(bytes).digest("hex").slice(0, 16)}"`;
  const type = "application/json";
  return { source: memorySource(bytes), type, etag, modifiedAt, gzip, ranges: "honoured" };
}

/** Offers a tarball. */
export function offerItem(source: ByteSource, sha256: string, modifiedAt: Date): Offer {
  const etag = `"${sha256.slice(0, 16)}"`;
  return { source, type: "application/x-gzip", etag, modifiedAt, ranges: "honoured" };
}

/** The answer to a GET with these headers. Source: RFC 9110 §13.2.2, §14.2 */
export function answerOffer(offer: Offer, headers: IncomingHttpHeaders): Answer {
  if (offer.gzip !== undefined && headers.range === undefined && /\bgzip\b/.test(encodings(headers))) {
    return answerWhole({ ...offer, source: offer.gzip, etag: offer.etag?.replace(/"$/, '-gzip"') }, headers, {
      "content-encoding": "gzip",
    });
  }
  if (headers.range === undefined || offer.ranges === "ignored" || !isRangeWanted(offer, headers)) {
    return answerWhole(offer, headers, {});
  }
  return answerRange(offer, headers.range);
}

/** A short text as an answer. */
export function answerText(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const body = Buffer.from(text);
  return {
    status,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "content-length": String(body.length),
      ...headers,
    },
    body: memorySource(body),
  };
}

function encodings(headers: IncomingHttpHeaders): string {
  return headers["accept-encoding"] ?? "";
}

function answerWhole(
  offer: Offer,
  headers: IncomingHttpHeaders,
  extra: Readonly<Record<string, string>>,
): Answer {
  const common = { ...commonHeaders(offer), ...extra };
  if (isUnchanged(offer, headers)) return { status: 304, headers: common, body: EMPTY };
  return { status: 200, headers: { ...common, ...lengthHeader(offer.source) }, body: offer.source };
}

function answerRange(offer: Offer, range: string): Answer {
  const { length } = offer.source;
  const common = commonHeaders(offer);
  const parsed = rangeParser(length, range);
  if (parsed === -1) {
    return answerText(416, "Range not satisfiable\n", { "content-range": `bytes */${length}` });
  }
  const [part] = parsed === -2 ? [] : parsed;
  if (part === undefined || parsed === -2 || parsed.length > 1) {
    return { status: 200, headers: { ...common, ...lengthHeader(offer.source) }, body: offer.source };
  }
  const body = slicedSource(offer.source, part.start, part.end - part.start + 1);
  const contentRange = { "content-range": `bytes ${part.start}-${part.end}/${length}` };
  return { status: 206, headers: { ...common, ...contentRange, ...lengthHeader(body) }, body };
}

function commonHeaders(offer: Offer): Record<string, string> {
  return {
    "accept-ranges": "bytes",
    "content-type": offer.type,
    ...(offer.etag === undefined ? {} : { etag: offer.etag }),
    ...(offer.modifiedAt === undefined ? {} : { "last-modified": offer.modifiedAt.toUTCString() }),
    ...(offer.gzip === undefined ? {} : { vary: "Accept-Encoding" }),
  };
}

function lengthHeader(body: ByteSource): Record<string, string> {
  return Number.isFinite(body.length) ? { "content-length": String(body.length) } : {};
}

function isUnchanged(offer: Offer, headers: IncomingHttpHeaders): boolean {
  const known = headers["if-none-match"];
  if (known !== undefined) {
    const tags = new Set(known.split(",").map((tag) => tag.trim().replace(/^W\//, "")));
    return tags.has("*") || (offer.etag !== undefined && tags.has(offer.etag));
  }
  const since = headers["if-modified-since"];
  return (
    since !== undefined &&
    offer.modifiedAt !== undefined &&
    seconds(offer.modifiedAt) <= seconds(new Date(since))
  );
}

function isRangeWanted(offer: Offer, headers: IncomingHttpHeaders): boolean {
  const condition = headers["if-range"];
  if (typeof condition !== "string" || offer.ranges === "unconditional") return true;
  if (condition.startsWith('"')) return condition === offer.etag;
  return offer.modifiedAt !== undefined && seconds(offer.modifiedAt) === seconds(new Date(condition));
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

import type { IncomingHttpHeaders } from "node:http";
import parseRange from "range-parser";

/** The representation that a GET without conditions would send. */
export interface Representation {
  /** Strong, with its quotes. */
  readonly etag: string;
  /** Undefined when it is not known: then no condition on dates is met. */
  readonly lastModified: Date | undefined;
  /** Bytes. */
  readonly size: number;
}

/** What a request gets of a representation; `end` is exclusive. */
export type Answer =
  | { readonly status: 200 | 206; readonly start: number; readonly end: number }
  | { readonly status: 304 }
  | { readonly status: 416 };

/**
 * Decides by method, conditions and range. One range is honoured, several give the whole representation.
 * Source: RFC 9110 §13.2.2, §14.2.
 */
export function decideAnswer(
  method: string,
  headers: IncomingHttpHeaders,
  representation: Representation,
): Answer {
  if (isUnchanged(headers, representation)) return { status: 304 };
  const whole = { status: 200, start: 0, end: representation.size } as const;
  // Range is defined for GET alone, so that HEAD describes the whole. Source: RFC 9110 §14.2.
  if (method !== "GET" || headers.range === undefined) return whole;
  if (!rangeStillApplies(headers["if-range"], representation)) return whole;
  return decideRange(headers.range, representation.size) ?? whole;
}

function decideRange(range: string, size: number): Answer | undefined {
  if (!/^bytes=/i.test(range) || range.includes(",")) return undefined;
  const suffix = /^bytes=\s*-(\d+)\s*$/i.exec(range)?.[1];
  // A suffix longer than the representation means all of it; range-parser calls it unsatisfiable.
  if (suffix !== undefined && Number(suffix) >= size && size > 0) return { status: 206, start: 0, end: size };
  const ranges = parseRange(size, range);
  if (ranges === -1) return { status: 416 };
  if (ranges === -2 || ranges.length !== 1) return undefined;
  const [only] = ranges;
  return only === undefined ? undefined : { status: 206, start: only.start, end: only.end + 1 };
}

function isUnchanged(headers: IncomingHttpHeaders, representation: Representation): boolean {
  const ifNoneMatch = headers["if-none-match"];
  if (ifNoneMatch !== undefined) return matchesAny(ifNoneMatch, representation.etag);
  const since = headers["if-modified-since"];
  // Exact, not "or later": going back to an older snapshot makes the true date smaller than the one a client holds.
  return since !== undefined && isSameDate(since, representation.lastModified);
}

function matchesAny(ifNoneMatch: string, etag: string): boolean {
  if (ifNoneMatch.trim() === "*") return true;
  return ifNoneMatch.split(",").some((candidate) => candidate.trim().replace(/^W\//, "") === etag);
}

function rangeStillApplies(ifRange: string | string[] | undefined, representation: Representation): boolean {
  if (ifRange === undefined) return true;
  const validator = String(ifRange).trim();
  if (validator.startsWith('"') || validator.startsWith("W/")) return validator === representation.etag;
  return isSameDate(validator, representation.lastModified);
}

function isSameDate(httpDate: string, date: Date | undefined): boolean {
  if (date === undefined) return false;
  return Date.parse(httpDate) === Math.floor(date.getTime() / 1000) * 1000;
}

import type { IncomingHttpHeaders } from "node:http";
import { defined } from "../shared/collections.ts";
import type { RequestRecord } from "./request-log.ts";
import { parseTarget } from "./target.ts";

/** A request for metadata that needs nothing but a look at what is shown. */
export interface QuickRequest {
  /** As it came. */
  readonly url: string;
  /** Below the name of the face. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly userAgent: string;
  /** What a proxy added, for the log; undefined when there is none. */
  readonly between: Pick<RequestRecord, "forwardedFor" | "via"> | undefined;
}

/** Longer requests and lines are not quick; those of Juju have 200 characters. */
const MAX_CHARACTERS = 2_048;
const MAX_LINE = 512;

const START = "GET /tools/streams/";
const END = "\r\n\r\n";
const LINE = /^GET (?<url>\/tools(?<target>\/[!-~]+)) HTTP\/1\.1$/;
const HEADER = /^(?<name>[A-Za-z-]+): *(?<value>[!-~](?:[ -~]*[!-~])?)$/;

/** Headers that change nothing of an answer, or that `QuickAnswers` reads. */
const HEADERS = new Set([
  "host",
  "user-agent",
  "accept",
  "accept-encoding",
  "if-none-match",
  "connection",
  "x-forwarded-for",
  "via",
]);

/** Clients of a kind send the same text again and again. */
const MAX_KNOWN = 256;

/**
 * Reads the requests that nearly all clients send for metadata: a GET of HTTP/1.1 that came in one piece, is followed by
 * nothing, and has only known headers, each once. Everything else is left to the parser of Node, which knows all of HTTP.
 */
export class QuickRequests {
  readonly #known = new Map<string, QuickRequest>();

  /** Undefined when it is not such a request. */
  read(bytes: Buffer): QuickRequest | undefined {
    if (bytes.length > MAX_CHARACTERS) return undefined;
    const text = bytes.toString("latin1");
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const request = parse(text);
    if (request === undefined) return undefined;
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(text, request);
    return request;
  }
}

function parse(text: string): QuickRequest | undefined {
  if (!text.startsWith(START) || text.indexOf(END) !== text.length - END.length) return undefined;
  const [first = "", ...lines] = text.slice(0, -END.length).split("\r\n");
  if ([first, ...lines].some((line) => line.length > MAX_LINE)) return undefined;
  const { url, target } = LINE.exec(first)?.groups ?? {};
  const path = target === undefined ? undefined : parseTarget(target);
  const headers = parseHeaders(lines);
  if (url === undefined || path === undefined || headers?.["host"] === undefined) return undefined;
  const {
    connection = "keep-alive",
    "user-agent": userAgent = "",
    via,
    "x-forwarded-for": forwardedFor,
  } = headers;
  if (connection.toLowerCase() !== "keep-alive") return undefined;
  const isDirect = via === undefined && forwardedFor === undefined;
  return { url, path, headers, userAgent, between: isDirect ? undefined : defined({ forwardedFor, via }) };
}

function parseHeaders(lines: readonly string[]): Record<string, string> | undefined {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const { name = "", value = "" } = HEADER.exec(line)?.groups ?? {};
    const key = name.toLowerCase();
    if (!HEADERS.has(key) || headers[key] !== undefined) return undefined;
    headers[key] = value;
  }
  return headers;
}

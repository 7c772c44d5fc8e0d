import { decideAnswer } from "./conditional.ts";
import type { EncodedDocument, ServedDocument } from "./document.ts";
import { cacheControlOf } from "./faces.ts";
import type { MirrorView } from "./mirror-view.ts";
import { preferredEncoding } from "./negotiate.ts";
import { NOT_FOUND_BODY, NOT_FOUND_HEAD } from "./problem.ts";
import type { QuickRequest } from "./quick-request.ts";
import type { RefReader } from "./ref-reader.ts";
import { isNeverCurated } from "./target.ts";

const REASONS = { 200: "OK", 304: "Not Modified", 404: "Not Found" } as const;

/** Larger answers share the event loop in turns. */
const MAX_BYTES = 128 << 10;

const NOTHING = Buffer.alloc(0);

/** An answer that is written in one piece, as Node would send it on a connection that stays open. */
export class QuickAnswer {
  readonly status: keyof typeof REASONS;
  readonly #head: string;
  readonly #end: string;
  readonly #body: Uint8Array;
  #bytes = NOTHING;
  #second = NaN;

  /** In `headers`, names and values alternate. */
  constructor(
    status: keyof typeof REASONS,
    headers: readonly string[],
    { body, keepAliveMs }: { readonly body: Uint8Array; readonly keepAliveMs: number },
  ) {
    this.status = status;
    const lines = headers.map((text, at) => text + (at % 2 === 0 ? ": " : "\r\n"));
    this.#head = `HTTP/1.1 ${status} ${REASONS[status]}\r\n${lines.join("")}`;
    this.#end = `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAliveMs / 1000)}\r\n\r\n`;
    this.#body = body;
  }

  /** With the date of now; made once a second. */
  get bytes(): Buffer {
    const now = Date.now();
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      const head = `${this.#head}Date: ${new Date(now).toUTCString()}\r\n${this.#end}`;
      this.#bytes = Buffer.concat([Buffer.from(head, "latin1"), this.#body]);
    }
    return this.#bytes;
  }
}

/** What `QuickRequest`s are answered from. */
export type QuickSource = Pick<RefReader, "current" | "recent">;

/** Answers of the curated face to requests for metadata: the same as `serveCuratedFace` sends. */
export class QuickAnswers {
  readonly #reader: QuickSource;
  readonly #keepAliveMs: number;
  readonly #notFound: QuickAnswer;
  /** By the headers that a document has made for them. */
  readonly #made = new WeakMap<readonly string[], QuickAnswer>();
  /** Answers from the view that was asked for last. */
  #known = new WeakMap<QuickRequest, QuickAnswer>();
  #view: MirrorView | undefined;

  constructor(reader: QuickSource, keepAliveMs: number) {
    this.#reader = reader;
    this.#keepAliveMs = keepAliveMs;
    this.#notFound = new QuickAnswer(404, NOT_FOUND_HEAD, { body: NOT_FOUND_BODY, keepAliveMs });
  }

  /** Undefined when it is none of these answers; a promise while something has to be looked at or compressed for it. */
  to(request: QuickRequest): QuickAnswer | undefined | Promise<QuickAnswer | undefined> {
    if (isNeverCurated(request.path)) return this.#notFound;
    const view = this.#reader.recent();
    if (view === undefined) return this.#reader.current().then((looked) => this.#from(looked, request));
    // Clients of a kind send the same text, and get the same answer.
    return view === this.#view
      ? (this.#known.get(request) ?? this.#from(view, request))
      : this.#from(view, request);
  }

  #from(view: MirrorView, request: QuickRequest): QuickAnswer | undefined | Promise<QuickAnswer | undefined> {
    const document = view.documents.get(request.path);
    if (document === undefined) return undefined;
    const encoding = preferredEncoding(request.headers["accept-encoding"]);
    const ready = document.ready(encoding);
    const send = (encoded: EncodedDocument) => this.#of(document, encoded, { request, view });
    return ready === undefined ? document.encoded(encoding).then(send) : send(ready);
  }

  #of(
    document: ServedDocument,
    { bytes, etag, heads }: EncodedDocument,
    { request, view }: { readonly request: QuickRequest; readonly view: MirrorView },
  ): QuickAnswer | undefined {
    const representation = { etag, lastModified: document.lastModified, size: bytes.length };
    const isUnchanged = decideAnswer("GET", request.headers, representation).status === 304;
    if (!isUnchanged && bytes.length > MAX_BYTES) return undefined;
    const { whole, unchanged } = heads(cacheControlOf(request.path, view));
    const headers = isUnchanged ? unchanged : whole;
    const options = { body: isUnchanged ? NOTHING : bytes, keepAliveMs: this.#keepAliveMs };
    const answer = this.#made.get(headers) ?? new QuickAnswer(isUnchanged ? 304 : 200, headers, options);
    this.#made.set(headers, answer);
    if (view !== this.#view) {
      this.#view = view;
      this.#known = new WeakMap();
    }
    this.#known.set(request, answer);
    return answer;
  }
}

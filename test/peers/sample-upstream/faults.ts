/** What goes wrong with an answer. Byte counts of `cut`, `stall` and `trickle` are of the answer's own body. */
export type FaultAction =
  /** Sends `at` body bytes, then ends the connection. */
  | {
      readonly kind: "cut";
      readonly at: number;
      /** Default `fin`, an orderly end; `rst` resets the connection. */
      readonly how?: "fin" | "rst";
      /** Default `content-length`; `chunked` and `close` announce no length. */
      readonly framing?: "content-length" | "chunked" | "close";
    }
  /** Sends `at` body bytes (0: the header only), then nothing, and keeps the connection. */
  | { readonly kind: "stall"; readonly at: number }
  /** Takes the request and never answers. */
  | { readonly kind: "silence" }
  /** Goes on slowly, a byte at a time below 100 bytes a second. */
  | { readonly kind: "trickle"; readonly bytesPerSecond: number; readonly after?: number }
  /** The file is `by` bytes longer, or shorter when negative, and the answer says so consistently. */
  | { readonly kind: "resize"; readonly by: number }
  /** The byte at `at` of the file is another. */
  | { readonly kind: "alter"; readonly at: number }
  /** A page instead of the file, as a captive portal sends it. */
  | { readonly kind: "html"; readonly status?: number }
  /** 200 and no body. */
  | { readonly kind: "empty" }
  /** Any answer. */
  | {
      readonly kind: "respond";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: Uint8Array | string;
    }
  /** To a path under the base, an absolute URL, or the request itself (`loop`, a new query each time). */
  | { readonly kind: "redirect"; readonly to: string; readonly status?: number }
  /** An error status; `retryAfter` in seconds, as a date, or verbatim. */
  | { readonly kind: "status"; readonly status: number; readonly retryAfter?: number | Date | string }
  /** Answers a Range request with 200 and the whole file. */
  | { readonly kind: "ignore-range" }
  /** A new ETag and Last-Modified on each answer. `blind` sends 206 all the same when If-Range names an old one. */
  | { readonly kind: "change-etag"; readonly blind?: boolean }
  /** Neither ETag nor Last-Modified. */
  | { readonly kind: "no-validators" }
  /** 206 whose Content-Range is `by` bytes off; the body is what was asked. */
  | { readonly kind: "content-range"; readonly by: number }
  /** 206 as multipart/byteranges. */
  | { readonly kind: "multipart" }
  /** The file, then zeros without end. */
  | { readonly kind: "endless" }
  /** `bytes` of header fields. */
  | { readonly kind: "header-bomb"; readonly bytes: number }
  /** `label` only claims Content-Encoding: gzip; `compress` does it. */
  | { readonly kind: "gzip"; readonly how: "label" | "compress" }
  /** Content-Encoding: gzip of `bytes` zeros. */
  | { readonly kind: "gzip-bomb"; readonly bytes: number };

/** An action and how often it happens. */
export type Fault = FaultAction & {
  /** How many matching requests it hits. Default every one. */
  readonly times?: number;
  /** Matching requests that pass before the first hit. Default 0. */
  readonly skip?: number;
};

interface PlannedFault {
  readonly path: string | RegExp;
  readonly action: FaultAction;
  skip: number;
  times: number;
}

/** The faults to come, in the order they were asked for; a request meets at most one of them. */
export class FaultPlan {
  #planned: PlannedFault[] = [];

  /** Lets `fault` happen to requests for `path`: the exact path under the base URL, or a pattern for it. */
  add(path: string | RegExp, { times = Infinity, skip = 0, ...action }: Fault): void {
    this.#planned.push({ path, action, skip, times });
  }

  clear(): void {
    this.#planned = [];
  }

  /** The fault that this request for `path` meets; counts it. */
  next(path: string): FaultAction | undefined {
    for (const planned of this.#planned) {
      if (planned.times === 0 || !matches(planned.path, path)) continue;
      if (planned.skip > 0) {
        planned.skip -= 1;
        continue;
      }
      planned.times -= 1;
      return planned.action;
    }
    return undefined;
  }
}

function matches(wanted: string | RegExp, path: string): boolean {
  return typeof wanted === "string" ? wanted === path : wanted.test(path);
}

import type { RequestRecord } from "./request-log.ts";

/** What a request was for. `monitor` is asked by programs that watch the server, `other` by nobody known. */
export type RequestKind = "metadata" | "tarball" | "api" | "page" | "monitor" | "other";

/** What was answered to requests of one kind with one status. */
export interface TrafficRow {
  readonly kind: RequestKind;
  readonly status: number;
  readonly requests: number;
  /** Bytes handed to connections, headers included. */
  readonly bytes: number;
  /** Answers that the client aborted. */
  readonly aborted: number;
}

/** Counts what a server has answered since its start: plain numbers, so that counting costs next to nothing. */
export class Traffic {
  readonly #rows = new Map<string, { -readonly [Field in keyof TrafficRow]: TrafficRow[Field] }>();

  /** Counts an answered request. */
  readonly count = ({ url, status, bytes, aborted }: RequestRecord): void => {
    const kind = kindOf(url);
    const key = kind + status;
    let row = this.#rows.get(key);
    if (row === undefined) {
      row = { kind, status, requests: 0, bytes: 0, aborted: 0 };
      this.#rows.set(key, row);
    }
    row.requests++;
    row.bytes += bytes;
    if (aborted) row.aborted++;
  };

  /** All that was counted so far. */
  rows(): readonly TrafficRow[] {
    return [...this.#rows.values()];
  }
}

const FACE = /^\/(?:upstream\/)?tools\/(?<streams>streams\/)?/;
const PATHS: readonly (readonly [RegExp, RequestKind])[] = [
  [/^\/api\//, "api"],
  [/^\/(?:healthz|readyz|metrics)(?:\?|$)/, "monitor"],
  [/^\/(?:agents)?(?:\?|$)/, "page"],
];

/** What a request target asks for; there are few kinds, whatever clients ask. */
export function kindOf(url: string): RequestKind {
  const face = FACE.exec(url);
  if (face !== null) return face.groups?.["streams"] === undefined ? "tarball" : "metadata";
  return PATHS.find(([path]) => path.test(url))?.[1] ?? "other";
}

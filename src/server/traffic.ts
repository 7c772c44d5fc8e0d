/** What a request was for. `monitor` is asked by programs that watch the server, `other` by nobody known. */
export const REQUEST_KINDS = ["metadata", "tarball", "api", "page", "monitor", "other"] as const;
export type RequestKind = (typeof REQUEST_KINDS)[number];

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

const FACES = ["/tools/", "/upstream/tools/"];
const PATHS: readonly (readonly [RegExp, RequestKind])[] = [
  [/^\/api\//, "api"],
  [/^\/(?:healthz|readyz|metrics)(?:\?|$)/, "monitor"],
  [/^\/(?:agents)?(?:\?|$)/, "page"],
];

/** What a request target asks for; there are few kinds, whatever clients ask. */
export function kindOf(url: string): RequestKind {
  const face = FACES.find((prefix) => url.startsWith(prefix));
  if (face !== undefined) return url.startsWith("streams/", face.length) ? "metadata" : "tarball";
  return PATHS.find(([path]) => path.test(url))?.[1] ?? "other";
}

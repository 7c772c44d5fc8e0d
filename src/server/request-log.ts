import type { IncomingMessage, ServerResponse } from "node:http";
import { type ErrorReport, reportError } from "../shared/errors.ts";
import { failureOf } from "./problem.ts";

/**
 * How a request for a tarball was met: from the store, by a fetch that began with it or ran already, by a fetch of its
 * own past the store, or not, because an attempt had just failed.
 */
export type CacheUse = "hit" | "miss" | "joined" | "passed" | "refused";

const uses = new WeakMap<IncomingMessage, CacheUse>();

/** Keeps for the log how a request for a tarball was met. */
export function noteCacheUse(request: IncomingMessage, use: CacheUse): void {
  uses.set(request, use);
}

/** One answered request. */
export interface RequestRecord {
  readonly method: string;
  /** As it came, cut at 512 characters; from outside, so print it escaped. */
  readonly url: string;
  readonly status: number;
  /** Bytes handed to the connection for this answer, headers included. */
  readonly bytes: number;
  readonly ms: number;
  /** Address of the peer; a proxy's when there is one. */
  readonly remote: string;
  readonly userAgent: string;
  /** `X-Forwarded-For` and `Via`, where something in between sent them; cut, and from outside. */
  readonly forwardedFor?: string;
  readonly via?: string;
  /** True when the connection ended before the answer was complete. */
  readonly aborted: boolean;
  /** In cache mode, how a request for a tarball was met. */
  readonly cache?: CacheUse;
  /** Why the answer is an error, with more than the client was told. */
  readonly error?: ErrorReport;
}

const MAX_TEXT = 512;

/** Tells `log` about a request when its answer has ended. */
export function logRequest(
  request: IncomingMessage,
  response: ServerResponse,
  log: (record: RequestRecord) => void,
): void {
  const { socket } = request;
  const { url = "", method = "", headers } = request;
  const { via } = headers;
  const forwardedFor = headers["x-forwarded-for"];
  const startedAt = performance.now();
  const bytesBefore = socket.bytesWritten;
  const remote = socket.remoteAddress ?? "";
  response.once("close", () => {
    const error = failureOf(request);
    const cache = uses.get(request);
    log({
      method,
      url: url.slice(0, MAX_TEXT),
      status: response.statusCode,
      bytes: socket.bytesWritten - bytesBefore,
      ms: Math.round(performance.now() - startedAt),
      remote,
      userAgent: (headers["user-agent"] ?? "").slice(0, MAX_TEXT),
      aborted: !response.writableFinished,
      ...(forwardedFor === undefined ? {} : { forwardedFor: String(forwardedFor).slice(0, MAX_TEXT) }),
      ...(via === undefined ? {} : { via: via.slice(0, MAX_TEXT) }),
      ...(cache === undefined ? {} : { cache }),
      ...(error === undefined ? {} : { error: reportError(error) }),
    });
  });
}

import type { IncomingMessage, Server, ServerResponse } from "node:http";
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

/** The first bytes of a connection that speaks TLS: a handshake record of any version. */
const TLS_GREETING = new RegExp(String.raw`^\x16\x03[\x00-\x04]`);

/**
 * Tells `log` about connections that begin with TLS, which this server does not speak: clients whose address has https for
 * the port of http. Such a record has no method, and the first bytes as its URL, as nginx and Apache log it.
 */
export function logTlsGreetings(server: Server, log: (record: RequestRecord) => void): void {
  server.on("connection", (socket) => {
    const { remoteAddress: remote = "" } = socket;
    // Node answers with 400 and destroys the connection with what its parser found.
    socket.once("error", (error: Error & { readonly rawPacket?: Buffer }) => {
      const [greeting] = TLS_GREETING.exec(error.rawPacket?.toString("latin1", 0, 3) ?? "") ?? [];
      if (greeting === undefined) return;
      log({
        method: "",
        url: greeting,
        status: 400,
        bytes: socket.bytesWritten,
        ms: 0,
        remote,
        userAgent: "",
        aborted: false,
      });
    });
  });
}

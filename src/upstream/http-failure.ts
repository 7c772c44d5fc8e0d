import { formatDuration } from "../shared/duration.ts";
import { HttpStatusError, JamError, type ErrorCode } from "../shared/errors.ts";
import { describeFirstBytes } from "./failure.ts";
import { isPassingStatus, MAX_RETRY_AFTER_MS } from "./retry.ts";

/** The request that failed, for the message. */
export interface FailedRequest {
  /** Without credentials. */
  readonly url: string;
  /** The proxy in between, without credentials; undefined for a direct connection. */
  readonly proxy: string | undefined;
  /** Whether the answer's headers had arrived. */
  readonly answered: boolean;
}

/** An error of the HTTP client as ours, with the request, the cause and the next step. */
export function toUpstreamError(error: unknown, request: FailedRequest): JamError {
  const own = findJamError(error);
  if (own !== undefined) return own;
  const code = codeOf(error);
  const reason = reasonOf(error);
  const details = { url: request.url, reason: code ?? reason, ...proxyDetails(request) };
  const fail = (kind: ErrorCode, message: string, hint: string) =>
    new JamError(kind, `${request.url}: ${message}`, { hint, details, cause: error });

  if (isTlsCode(code)) {
    return fail(
      "JAM_UPSTREAM_TLS",
      // Node's advice is about its own options.
      `no trusted TLS connection: ${reason.split("; if the root CA")[0] ?? reason}`,
      "If the server's certificate is from a private authority, set fetch.caFile in jam.yaml to its PEM file.",
    );
  }
  if (code === "ERR_PROXY_TUNNEL" || (request.proxy !== undefined && !request.answered)) {
    return proxyError(error, request, reason);
  }
  if (code === "ETIMEDOUT") {
    return fail(
      "JAM_UPSTREAM_TIMEOUT",
      `no answer in time: ${reason}`,
      "Try again later, or raise fetch.idleTimeout.",
    );
  }
  if (code?.startsWith("HPE_") === true && code !== "HPE_INVALID_EOF_STATE") {
    const message = `the answer is not proper HTTP: ${reason}`;
    return fail("JAM_UPSTREAM_NOT_SIMPLESTREAMS", message, "Check the upstream's address and port.");
  }
  if (request.answered) {
    const message = `the connection ended before the file did: ${reason}`;
    return fail(
      "JAM_UPSTREAM_TRUNCATED",
      message,
      "Run the same command again; it resumes where it stopped.",
    );
  }
  const message = `no connection: ${reason}`;
  return fail(
    "JAM_UPSTREAM_UNREACHABLE",
    message,
    "Check the address, DNS and the network; a proxy is set with HTTPS_PROXY.",
  );
}

/** The start of the response that a server sent instead of the file. */
export interface StatusAnswer {
  readonly status: number;
  readonly firstBytes: Uint8Array;
  readonly retryAfterMs: number | undefined;
}

/** The error for an answer whose status is none we can use. */
export function statusError(answer: StatusAnswer, request: FailedRequest): HttpStatusError {
  const { status } = answer;
  const details = {
    url: request.url,
    firstBytes: describeFirstBytes(answer.firstBytes),
    ...proxyDetails(request),
  };
  if (status === 404 || status === 410) {
    const hint = "The upstream may be changing at this moment: run the same command again in a few minutes.";
    const message = `${request.url}: not there (status ${status})`;
    return new HttpStatusError("JAM_UPSTREAM_NOT_FOUND", message, answer, { hint, details });
  }
  if (status === 407 && request.proxy !== undefined) {
    return new HttpStatusError(
      "JAM_UPSTREAM_PROXY",
      `${request.proxy}: the proxy requires a user name and password`,
      answer,
      {
        hint: "Put them into HTTP_PROXY and HTTPS_PROXY: http://user:password@proxy:port.",
        details,
      },
    );
  }
  const via = request.proxy === undefined ? "" : ` through the proxy ${request.proxy}`;
  return new HttpStatusError(
    "JAM_UPSTREAM_STATUS",
    `${request.url}: status ${status}${via}${askedWait(answer)}, beginning with ${details.firstBytes}`,
    answer,
    { hint: statusHint(status), details },
  );
}

function askedWait({ retryAfterMs }: StatusAnswer): string {
  if (retryAfterMs === undefined || retryAfterMs === 0) return "";
  const isCut = retryAfterMs === MAX_RETRY_AFTER_MS ? " or more" : "";
  return ` (Retry-After: ${formatDuration(retryAfterMs)}${isCut})`;
}

function statusHint(status: number): string {
  if (status === 401)
    return "Put a user name and password into the upstream's url: https://user:password@host/….";
  if (status === 403)
    return "Ask the upstream's operator for access, or check that no proxy or firewall answers in its place.";
  if (isPassingStatus(status)) return "The upstream is busy or broken: run the same command again later.";
  return "Check the upstream's url; this server does not answer as a simplestreams tree does.";
}

function proxyError(error: unknown, request: FailedRequest, reason: string): JamError {
  const status = findStatus(error);
  const proxy = request.proxy ?? "the proxy";
  const why = status === 407 ? "the proxy requires a user name and password" : reason;
  const message = `${request.url}: no way through the proxy ${proxy}: ${why}`;
  const options = {
    hint: "Check HTTP_PROXY and HTTPS_PROXY; NO_PROXY lists the hosts to reach without a proxy.",
    details: { url: request.url, ...proxyDetails(request) },
    cause: error,
  };
  return status === undefined
    ? new JamError("JAM_UPSTREAM_PROXY", message, options)
    : new HttpStatusError("JAM_UPSTREAM_PROXY", message, { status }, options);
}

function proxyDetails(request: FailedRequest): { proxy?: string } {
  return request.proxy === undefined ? {} : { proxy: request.proxy };
}

/** The error and its causes, outermost first. The HTTP client wraps, sometimes twice. */
function* chain(error: unknown): Generator<Error> {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) yield at;
}

function findJamError(error: unknown): JamError | undefined {
  for (const at of chain(error)) if (at instanceof JamError) return at;
  return undefined;
}

function findStatus(error: unknown): number | undefined {
  for (const at of chain(error)) {
    if ("statusCode" in at && Number.isInteger(at.statusCode)) return at.statusCode as number;
  }
  return undefined;
}

function codeOf(error: unknown): string | undefined {
  for (const at of chain(error)) if ("code" in at && typeof at.code === "string") return at.code;
  return undefined;
}

function reasonOf(error: unknown): string {
  const messages = [...chain(error)].map((at) =>
    at instanceof AggregateError ? joinErrors(at) : at.message,
  );
  return messages.find((message) => message !== "") ?? String(error);
}

/** A name with several addresses fails with one error for each and no message of its own. */
function joinErrors(error: AggregateError): string {
  return error.errors
    .map((each: unknown) => (each instanceof Error ? each.message : String(each)))
    .join("; ");
}

function isTlsCode(code: string | undefined): boolean {
  if (code === undefined) return false;
  return /^(?:CERT_|ERR_TLS|ERR_SSL|ERR_OSSL|EPROTO|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|PATH_LENGTH|ERROR_IN_CERT)/.test(
    code,
  );
}

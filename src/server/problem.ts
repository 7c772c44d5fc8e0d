import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { defined } from "../shared/collections.ts";
import { ERROR_OUTCOMES, JamError, reportError, toJamError } from "../shared/errors.ts";
import { awaitTurn, ResponseWriter, type WriteRules } from "./response-writer.ts";

/** Seconds after which a client may try again; Juju's own waiting starts at one second. */
const RETRY_AFTER_SECONDS = "5";

const JSON_HEADERS = {
  "Content-Type": "application/json",
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
};

/** Of every answer that something is not there. */
export const NOT_FOUND_BODY = Buffer.from('{"code":"JAM_NOT_FOUND","message":"Not found.","details":{}}\n');
/** Names and values alternate. */
export const NOT_FOUND_HEAD = Object.entries({
  ...JSON_HEADERS,
  "Content-Length": String(NOT_FOUND_BODY.length),
}).flat();

/** What went wrong with the request, kept for the request log. */
const failures = new WeakMap<IncomingMessage, JamError>();

/** The error that answered this request, with all it knows; clients of a failing server are told less. */
export function failureOf(request: IncomingMessage): JamError | undefined {
  return failures.get(request);
}

/** Keeps `error` for the request log where the answer has a form of its own. */
export function noteFailure(request: IncomingMessage, error: JamError): void {
  failures.set(request, error);
}

/** Answers 404 with one constant body: the same for all that is not there, and cheap. */
export function sendNotFound(response: ServerResponse): void {
  response.writeHead(404, NOT_FOUND_HEAD);
  response.end(NOT_FOUND_BODY);
}

/** Answers with the error's HTTP status and its code, message, hint and details as JSON. */
export function sendProblem(request: IncomingMessage, response: ServerResponse, cause: unknown): void {
  const error = withIncident(toJamError(cause));
  noteFailure(request, error);
  if (response.headersSent) {
    // Part of the answer is out; only a broken connection tells the reader that the rest is not coming.
    request.socket.destroy();
    return;
  }
  const status = ERROR_OUTCOMES[error.code].http;
  if (status === 503) response.setHeader("Retry-After", retryAfter(error));
  sendJson(response, status, Buffer.from(`${JSON.stringify(reportError(forClient(error)))}\n`));
}

/** What is refused for a known time says so. */
function retryAfter({ details }: JamError): string {
  const seconds = details["retryAfterSeconds"];
  return typeof seconds === "number" ? String(seconds) : RETRY_AFTER_SECONDS;
}

/** Sends a small JSON body that is never stored. */
export function sendJson(response: ServerResponse, status: number, body: Buffer): void {
  response.writeHead(status, { ...JSON_HEADERS, "Content-Length": body.length });
  response.end(body);
}

/**
 * Sends a JSON body that is never stored, piece by piece as the reader takes it.
 * @throws ConnectionGone
 */
export async function sendJsonPieces(
  response: ServerResponse,
  pieces: readonly Buffer[],
  rules: WriteRules,
): Promise<void> {
  await awaitTurn(response);
  response.writeHead(200, {
    ...JSON_HEADERS,
    "Content-Length": pieces.reduce((sum, { length }) => sum + length, 0),
  });
  const writer = new ResponseWriter(response, rules);
  try {
    for (const piece of pieces) await writer.write(piece);
  } finally {
    writer.release();
  }
  response.end();
}

/** A bug gets a number under which the answer and the log can be brought together. */
function withIncident(error: JamError): JamError {
  if (error.code !== "JAM_INTERNAL") return error;
  return error.with({ details: { incident: randomUUID() } });
}

/** Failures of the server name folders and causes, which are the operator's business: they go to the log alone. */
function forClient(error: JamError): JamError {
  if (ERROR_OUTCOMES[error.code].http < 500 || error.code === "JAM_SERVER_BUSY") return error;
  // Why upstream cannot be reached names addresses.
  if (error.code === "JAM_UPSTREAM_AWAY")
    return new JamError(error.code, error.message, defined({ hint: error.hint }));
  if (error.code === "JAM_INTERNAL") {
    return new JamError(error.code, "The server failed.", {
      hint: "Look for the incident in the log of the server.",
      details: { incident: error.details["incident"] },
    });
  }
  if (error.code === "JAM_ITEM_UNAVAILABLE") {
    return new JamError(error.code, "This tarball cannot be fetched from the upstream right now.", {
      hint: "Try again in a minute. The cause is in the log of the server.",
    });
  }
  return new JamError(error.code, "This cannot be read from the store right now.", {
    hint: "Try again in a few seconds. The cause is in the log of the server.",
  });
}

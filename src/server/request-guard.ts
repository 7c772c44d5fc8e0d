import type { IncomingMessage, ServerResponse } from "node:http";
import { JamError } from "../shared/errors.ts";
import { MAX_TARGET_LENGTH } from "./target.ts";

/**
 * Why a request is refused that no reader of a mirror sends, before anything looks at its target: other methods, two
 * Host headers, a whole URL as target, an overlong one. Undefined for all others. Source: RFC 9112 §3.2, RFC 9110 §9.1.
 */
export function guardRequest(request: IncomingMessage, response: ServerResponse): JamError | undefined {
  const { method = "", url = "" } = request;
  const refusal = refuse(method, url, request.rawHeaders);
  // The body of a refused or odd request is not read, so the connection cannot be used again.
  const isRead = refusal === undefined && isQuestion(method, url);
  if (refusal !== undefined || (!isRead && hasBody(request.headers))) response.shouldKeepAlive = false;
  if (refusal?.code === "JAM_METHOD_NOT_ALLOWED") response.setHeader("Allow", "GET, HEAD");
  return refusal;
}

/** The API takes questions in a body, and says itself what it answers. */
function isApi(target: string): boolean {
  return target.startsWith("/api/");
}

function refuse(method: string, target: string, rawHeaders: readonly string[]): JamError | undefined {
  if (method !== "GET" && method !== "HEAD" && !isApi(target)) {
    return new JamError("JAM_METHOD_NOT_ALLOWED", "Only GET and HEAD are answered.", {
      hint: "This server is read-only. Run `jam sync` on its machine to add content.",
    });
  }
  if (target.length > MAX_TARGET_LENGTH) return malformed("The request target is too long.");
  if (!target.startsWith("/")) return malformed("The request target must be a path.");
  return countHosts(rawHeaders) > 1 ? malformed("There is more than one Host header.") : undefined;
}

/** Names and values alternate. */
function countHosts(rawHeaders: readonly string[]): number {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    if (name.length === 4 && name.toLowerCase() === "host") hosts++;
  }
  return hosts;
}

/** Requests whose body is read to its end. */
function isQuestion(method: string, target: string): boolean {
  return method === "POST" && /^\/api\/v1\/(?:which|plan|ready)(?:\?|$)/.test(target);
}

function hasBody(headers: Readonly<Record<string, unknown>>): boolean {
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}

function malformed(message: string): JamError {
  return new JamError("JAM_USAGE_INVALID", message, {
    hint: "Check the client, or the proxy between it and this server.",
  });
}

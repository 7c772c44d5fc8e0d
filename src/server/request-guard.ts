import type { RequestHandler } from "express";
import { JamError } from "../shared/errors.ts";
import { MAX_TARGET_LENGTH } from "./target.ts";

/**
 * Refuses requests that no reader of a mirror sends, before anything looks at their target: other methods, two Host
 * headers, a whole URL as target, an overlong one. Source: RFC 9112 §3.2, RFC 9110 §9.1.
 */
export const guardRequest: RequestHandler = (request, response, next) => {
  const refusal = refuse(request.method, request.url, request.rawHeaders);
  // The body of a refused or odd request is not read, so the connection cannot be used again.
  const isRead = refusal === undefined && isQuestion(request.method, request.url);
  if (refusal !== undefined || (hasBody(request.headers) && !isRead)) response.shouldKeepAlive = false;
  if (refusal?.code === "JAM_METHOD_NOT_ALLOWED") response.setHeader("Allow", "GET, HEAD");
  next(refusal);
};

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
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === "host");
  return hosts.length > 1 ? malformed("There is more than one Host header.") : undefined;
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

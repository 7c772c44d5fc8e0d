import express, { type Request, type RequestHandler } from "express";
import { JamError } from "../../shared/errors.ts";

/** Room for some thousand questions that bring their own lists. */
export const MAX_QUESTION_BYTES = 8 * 1024 * 1024;
/** Room for some hundred plain questions. */
const SMALL_BYTES = 64 * 1024;
/** Larger bodies that are held at the same time: read and answered, each takes some ten times its size. */
const MAX_LARGE_BODIES = 2;

/**
 * Reads bodies of POST requests. Beyond a few large bodies at a time further ones are refused, small ones never.
 */
export function createBodyReader(): RequestHandler {
  let large = 0;
  return (request, response, next) => {
    if (!isSmall(request)) {
      if (large >= MAX_LARGE_BODIES) {
        // A body of bounded length is thrown away, so that its sender gets to read the answer.
        if (!(lengthOf(request) <= MAX_QUESTION_BYTES)) response.shouldKeepAlive = false;
        next(busy());
        return;
      }
      large += 1;
      response.once("close", () => (large -= 1));
    }
    readBytes(request, response, (error?: unknown) => {
      // What is left of the body is not read.
      if (error !== undefined) response.shouldKeepAlive = false;
      next(isTooLarge(error) ? tooLarge(error) : error);
    });
  };
}

const readBytes = express.raw({ type: () => true, limit: MAX_QUESTION_BYTES });

/**
 * The text of a body that was read; empty where there is none.
 * @throws JamError JAM_USAGE_INVALID for other bytes than UTF-8
 */
export function textOfBody({ body }: Request): string {
  if (!Buffer.isBuffer(body)) return "";
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch (cause) {
    throw new JamError("JAM_USAGE_INVALID", "The request's body is not JSON: it is not UTF-8.", {
      cause,
      hint: "Send JSON in UTF-8.",
    });
  }
}

function isSmall(request: Request): boolean {
  // What is packed may grow to the limit.
  return request.headers["content-encoding"] === undefined && lengthOf(request) <= SMALL_BYTES;
}

/** Bytes of the body as announced; infinite where they are not. */
function lengthOf({ headers }: Request): number {
  return headers["transfer-encoding"] === undefined ? Number(headers["content-length"] ?? 0) : Infinity;
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && "type" in error && error.type === "entity.too.large";
}

function tooLarge(cause: unknown): JamError {
  return new JamError("JAM_REQUEST_TOO_LARGE", `The body is larger than ${MAX_QUESTION_BYTES} bytes.`, {
    cause,
    hint: "Use several requests.",
    details: { maxBytes: MAX_QUESTION_BYTES },
  });
}

function busy(): JamError {
  return new JamError(
    "JAM_SERVER_BUSY",
    `${MAX_LARGE_BODIES} large bodies are being answered; further ones have to wait.`,
    {
      hint: `Try again in a few seconds, or use bodies of at most ${SMALL_BYTES} bytes.`,
      details: { maxBodies: MAX_LARGE_BODIES, smallBytes: SMALL_BYTES },
    },
  );
}

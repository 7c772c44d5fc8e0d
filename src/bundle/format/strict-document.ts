import type { z } from "zod";
import type { NamedText } from "../../input/read-documents.ts";
import { isJamError, JamError, type ErrorCode } from "../../shared/errors.ts";
import { printable } from "../../shared/printable.ts";
import { parseJsonObject, type JsonObject } from "../../simplestreams/json-text.ts";

/** What kind of document was expected, for the messages about one that is not. */
export interface DocumentExpectation {
  readonly code: ErrorCode;
  /** With its article: `an inventory`. */
  readonly what: string;
  /** The format that is read: `jam-inventory:1`. */
  readonly format: string;
  /** The next step, as a full sentence. */
  readonly hint: string;
}

/**
 * The JSON object in this text: at most 32 Mi characters, no duplicate keys.
 * @throws JamError with the expected code
 */
export function readStrictJson({ name, text }: NamedText, expected: DocumentExpectation): JsonObject {
  try {
    // Editors and shells of Windows put a byte order mark at the start of a file.
    return parseJsonObject(text.replace(/^\u{feff}/u, ""), name);
  } catch (cause) {
    if (isJamError(cause, "JAM_UPSTREAM_NOT_SIMPLESTREAMS")) throw foreign(name, text, expected, cause);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw refused(expected, `${reason.replace(/\.$/, "")}.`, { file: name }, cause);
  }
}

/**
 * The document of the expected format, every field validated.
 * @throws JamError with the expected code, naming the place of the first fault
 */
export function checkDocument<T>(
  schema: z.ZodType<T>,
  value: JsonObject,
  name: string,
  expected: DocumentExpectation,
): T {
  requireFormat(value["format"], name, expected);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = printable((issue?.path ?? []).map(String).join("/")) || "the top";
  throw faultAt(name, place, printable(issue?.message ?? "cannot be read"), expected);
}

/** The error for a fault at one place of a document. */
export function faultAt(name: string, place: string, what: string, expected: DocumentExpectation): JamError {
  return refused(expected, `${name} has a fault at ${place}: ${what}.`, { file: name, place });
}

function requireFormat(format: unknown, name: string, expected: DocumentExpectation): void {
  if (format === expected.format) return;
  const [kind = ""] = expected.format.split(":");
  if (typeof format !== "string" || !new RegExp(`^${kind}:\\d{1,6}$`).test(format)) {
    const said = typeof format === "string" ? `: its format is "${printable(format, 60)}"` : "";
    throw refused(expected, `${name} is not ${expected.what} of jam${said}.`, { file: name });
  }
  throw new JamError(expected.code, `${name} has the format ${format}; this jam reads ${expected.format}.`, {
    hint: "Use the version of jam that wrote it, or a newer one.",
    details: { file: name, format },
  });
}

function foreign(name: string, text: string, expected: DocumentExpectation, cause: unknown): JamError {
  const start = text.trim().slice(0, 60).split("\n", 1)[0] ?? "";
  const how = start === "" ? "it is empty" : `it starts with "${printable(start, 60)}"`;
  return refused(expected, `${name} is not ${expected.what} of jam: ${how}.`, { file: name, start }, cause);
}

function refused(
  { code, hint }: DocumentExpectation,
  message: string,
  details: Readonly<Record<string, unknown>>,
  cause?: unknown,
): JamError {
  return new JamError(code, message, { hint, details, cause });
}

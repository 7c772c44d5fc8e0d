import { parseDocument } from "yaml";
import { JamError } from "../../shared/errors.ts";
import type { ErrorCode } from "../../shared/errors.ts";

/** A text that an operator handed in, and the name to call it by in messages. */
export interface NamedText {
  /** File name, or `standard input`. */
  readonly name: string;
  readonly text: string;
}

/** What kind of file was expected, for the messages about one that is not. */
export interface Expectation {
  readonly code: ErrorCode;
  /** The next step, as a full sentence. */
  readonly hint: string;
}

/**
 * The JSON or YAML value of a text.
 * @throws JamError with the expected code, naming file, line and column, and whether the text is cut off
 */
export function readDocument({ name, text }: NamedText, expected: Expectation): unknown {
  const trimmed = text.replace(/^\uFEFF/, "").trim();
  if (trimmed === "") throw refused(name, "is empty", expected);
  if (trimmed.startsWith("{") || trimmed.startsWith("[")) return readJson(name, trimmed, expected);
  const document = parseDocument(trimmed, { logLevel: "silent", uniqueKeys: false });
  const [fault] = document.errors;
  if (fault === undefined) return document.toJS({ maxAliasCount: 100 });
  const start = fault.linePos?.[0];
  const place = start === undefined ? "" : ` at line ${start.line}, column ${start.col}`;
  throw refused(name, `is neither JSON nor YAML${place}`, expected, fault);
}

function readJson(name: string, text: string, expected: Expectation): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const isCutOff = endsTooEarly(text);
    const lines = text.slice(0, isCutOff ? text.length : findFault(text)).split("\n");
    const place = `line ${lines.length}, column ${(lines.at(-1) ?? "").length + 1}`;
    const what = isCutOff ? `is cut off: its JSON ends too early, at ${place}` : `is not JSON at ${place}`;
    throw refused(name, what, expected, cause);
  }
}

/** True when the text is the beginning of some JSON. */
function endsTooEarly(text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch (error) {
    const position = /at position (\d+)/.exec(String(error))?.[1];
    return /end of JSON|Unterminated/.test(String(error)) || Number(position) >= text.length;
  }
}

/** Where a text stops being JSON. The parser tells no position in every case, so beginnings are halved. */
function findFault(text: string): number {
  let good = 1;
  let bad = text.length;
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (endsTooEarly(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

function refused(name: string, what: string, { code, hint }: Expectation, cause?: unknown): JamError {
  return new JamError(code, `${name} ${what}.`, { cause, hint, details: { file: name } });
}

import { type JamError, reportError, systemCode } from "../../shared/errors.ts";
import { describeSystemError } from "../../shared/system-words.ts";
import { printable, printableLines } from "../../shared/printable.ts";
import type { OutputFormat } from "../global-options.ts";
import { formatDocument } from "./document.ts";
import type { Paint } from "./output.ts";

/** An error for people: what happened, why, what to do next, and the code to look up. */
export function renderError(error: JamError, paint: Paint, showStack: boolean): string {
  const [first = "", ...more] = error.message.split("\n");
  const lines = [`${paint("red", "error")}: ${first} ${paint("dim", `[${error.code}]`)}`, ...more];
  const cause = describeCause(error);
  if (cause !== undefined) lines.push(`${paint("bold", "cause")}: ${cause}`);
  if (error.hint !== undefined) lines.push(`${paint("bold", "next")}:  ${error.hint}`);
  if (showStack) lines.push(printableLines(stackOf(error)));
  return `${lines.join("\n")}\n`;
}

/** The error as the one document of standard output. */
export function formatErrorDocument(
  error: JamError,
  format: Exclude<OutputFormat, "table">,
): Promise<string> {
  return formatDocument({ error: reportError(error) }, format);
}

/** The innermost cause, which names the file or address; undefined when the message says it already. */
function describeCause(error: JamError): string | undefined {
  let cause: unknown = error.cause;
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause;
  if (!(cause instanceof Error) || cause.name === "AbortError") return undefined;
  // How the lock is made says nothing to people; the message names who holds it.
  if (systemCode(cause) === "ERR_SQLITE_ERROR") return undefined;
  if (saysSystemError(error.message, cause)) return undefined;
  // What follows the first line of a YAML error shows the place in the text, whose lines are not ours.
  const text = cause.name === "YAMLParseError" ? (cause.message.split("\n")[0] ?? "") : cause.message;
  const shown = printable(text, Infinity);
  if (error.message.includes(shown)) return undefined;
  const words = describeSystemError(cause, error.message);
  return words === undefined ? shown : printable(words, Infinity);
}

/** Whether a message has the code of a system error, such as `(ENOSPC)`, and every path that the error names. */
function saysSystemError(message: string, { code, path, dest }: NodeJS.ErrnoException & { dest?: string }) {
  if (code === undefined || !message.includes(`(${code})`)) return false;
  return [path, dest].every((named) => named === undefined || message.includes(printable(named, Infinity)));
}

function stackOf(error: Error): string {
  const stack = error.stack ?? "";
  return error.cause instanceof Error ? `${stack}\ncaused by ${stackOf(error.cause)}` : stack;
}

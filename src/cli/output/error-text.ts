import { type JamError, reportError } from "../../shared/errors.ts";
import { printable } from "../../shared/printable.ts";
import type { OutputFormat } from "../global-options.ts";
import { formatDocument } from "./document.ts";
import type { Paint } from "./paint.ts";

/** An error for people: what happened, why, what to do next, and the code to look up. */
export function renderError(error: JamError, paint: Paint, showStack: boolean): string {
  const [first = "", ...more] = error.message.split("\n");
  const lines = [`${paint("red", "error")}: ${showLines(first)} ${paint("dim", `[${error.code}]`)}`];
  lines.push(...more.map(showLines));
  const cause = describeCause(error);
  if (cause !== undefined) lines.push(`${paint("bold", "cause")}: ${showLines(cause)}`);
  if (error.hint !== undefined) lines.push(`${paint("bold", "next")}:  ${showLines(error.hint)}`);
  if (showStack) lines.push(stackOf(error));
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
  return error.message.includes(cause.message) ? undefined : cause.message;
}

function showLines(text: string): string {
  return text
    .split("\n")
    .map((line) => printable(line, Infinity))
    .join("\n");
}

function stackOf(error: Error): string {
  const stack = error.stack ?? "";
  return error.cause instanceof Error ? `${stack}\ncaused by ${stackOf(error.cause)}` : stack;
}

import { z } from "zod";
import { printable } from "../../shared/printable.ts";

/** A line of text that is shown to people: nothing in it moves a cursor, turns text round or ends the line. */
export function lineOf(max: number, { min = 1 }: { min?: number } = {}) {
  return z
    .string()
    .min(min)
    .max(max)
    .refine((text) => printable(text, Infinity) === text, "expected printable text");
}

/** Text of this side as a line that `lineOf(max)` takes. */
export function toLine(text: string, max: number): string {
  const line = printable(text.trim().replaceAll(/\s+/g, " "), Infinity);
  return line.length > max ? `${line.slice(0, max - 1).toWellFormed()}…` : line;
}

import type { z } from "zod";
import { printable } from "../../shared/printable.ts";
import type { Origin } from "./facts.ts";
import type { FleetUnread } from "./fleet.ts";

/** A document that is being read: its parts, where it comes from, and what of it could not be read. */
export interface Reading {
  readonly origin: Origin;
  /** Appended to. */
  readonly unread: FleetUnread[];
}

export type Mapping = Readonly<Record<string, unknown>>;

export function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Entries of a mapping in the file's order; of a missing one none. */
export function entriesOf(value: unknown): [string, unknown][] {
  return isMapping(value) ? Object.entries(value) : [];
}

/** What a schema made of an entry, or why it is unreadable. */
export type Entry<T> = { readonly value: T } | { readonly fault: string };

/** One entry by its schema. A wrong type makes that entry unreadable, and nothing around it. */
export function readEntry<T>(schema: z.ZodType<T>, value: unknown): Entry<T> {
  const result = schema.safeParse(value);
  if (result.success) return { value: result.data };
  const [issue] = result.error.issues;
  const place = (issue?.path ?? []).map(String).join(".");
  const what = `${place === "" ? "" : `${place}: `}${issue?.message ?? "cannot be read"}`;
  return { fault: printable(what, 200) };
}

/** Writes down what could not be read. */
export function noteUnread({ origin, unread }: Reading, place: string, text: string): void {
  const inside = origin.place.slice(origin.file.length).replace(/^, /, "");
  unread.push({
    kind: "part",
    file: origin.file,
    place: [inside, printable(place)].filter((part) => part !== "").join(", "),
    text: printable(text, 400),
  });
}

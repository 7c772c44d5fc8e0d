import { z } from "zod";
import { findSeries, findSeriesOfBase, isReleaseWord, osTypeOf } from "../../juju/release.ts";
import { printable } from "../../shared/printable.ts";
import type { FleetUnread, Life, StatusText } from "./fleet.ts";
import { isVersion } from "../../juju/version.ts";
import type { Origin } from "./facts.ts";

/** A field that holds an agent version as Juju prints it. */
export const agentVersion = z.string().superRefine((value, context) => {
  if (isVersion(value)) return;
  context.addIssue({
    code: "custom",
    message: `"${printable(value, 60)}" is not a Juju version such as 3.6.5 or 2.9-rc3`,
  });
});

/** A text. Numbers are let pass: other tools write `machine: 0` without quotes. */
export const text = z.union([z.string(), z.number().transform(String)]).nullish();

/** One of Juju's statuses; `status-error` stands in place of one that could not be read. */
export const statusField = z
  .object({
    current: text,
    message: text,
    reason: text,
    since: text,
    version: agentVersion.nullish(),
    life: text,
    "status-error": text,
  })
  .nullish();

export type StatusField = z.infer<typeof statusField>;

/** Most of what Juju prints. */
const PLAIN = /^[ -~]{1,1000}$/;

/** A text for people as it may be printed. An empty text is what Juju means by nothing. */
export function told(value: string | null | undefined): string | undefined {
  if (value === null || value === undefined || value === "") return undefined;
  return PLAIN.test(value) ? value : printable(value, 2000);
}

/** A name as the file has it; `checkNames` looks at it. */
export function named(value: string | null | undefined): string | undefined {
  return value === null || value === "" ? undefined : value;
}

export function statusText(field: StatusField): StatusText {
  return { current: told(field?.current), message: told(field?.message), since: told(field?.since) };
}

/** Juju prints no life for what is alive. */
export function lifeOf(value: string | null | undefined): Life {
  return value === "dying" || value === "dead" ? value : "alive";
}

/** `base` from 3.0 on, `series` before. Numbers are let pass: other tools write `channel: 22.04` without quotes. */
export const baseField = z
  .object({
    name: z.string().regex(/^[a-z][a-z0-9-]{0,40}$/, "is not an operating system"),
    channel: z.coerce.string().regex(/^[\w.+/-]{1,60}$/, "is not a channel of one"),
  })
  .nullish();

/** `series`, up to 2.9, which prints it even when it is empty. */
export const seriesField = z
  .string()
  .refine((word) => word === "" || isReleaseWord(word), "is not a series")
  .nullish();

/** The platform of a machine or application. */
export interface PlatformText {
  /** `ubuntu@22.04`. */
  readonly base: string | undefined;
  readonly series: string | undefined;
  readonly os: string | undefined;
}

/** Source: juju core/base/base.go; cmd/juju/status/formatted.go, where `base` has taken the place of `series` in 3.0 */
export function platformOf(base: z.infer<typeof baseField>, series: string | null | undefined): PlatformText {
  if (told(series) !== undefined) {
    const known = findSeries(series ?? "");
    const number = known?.version === known?.name ? undefined : known?.version;
    return {
      base: known === undefined ? undefined : `${known.os}${number === undefined ? "" : `@${number}`}`,
      series: series ?? undefined,
      os: osTypeOf(series ?? ""),
    };
  }
  if (base === null || base === undefined) return { base: undefined, series: undefined, os: undefined };
  const { name, channel } = base;
  return {
    base: `${name}@${channel.replace(/\/stable$/, "")}`,
    series: findSeriesOfBase(name, channel)?.name ?? `${name}@${channel}`,
    os: osTypeOf(name),
  };
}

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

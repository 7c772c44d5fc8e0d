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

/** A text. Numbers are accepted: other tools write `machine: 0` without quotes. */
export const text = z.union([z.string(), z.number().transform(String)]).nullish();

/** One of Juju's statuses; if Juju could not read it, `status-error` takes its place. */
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

/** A text that is safe to print. Juju prints an empty text for no value. */
export function optionalText(value: string | null | undefined): string | undefined {
  if (value === null || value === undefined || value === "") return undefined;
  return PLAIN.test(value) ? value : printable(value, 2000);
}

/** A name as the file has it; `checkNames` checks it. */
export function optionalName(value: string | null | undefined): string | undefined {
  return value === null || value === "" ? undefined : value;
}

export function statusText(field: StatusField): StatusText {
  return {
    current: optionalText(field?.current),
    message: optionalText(field?.message),
    since: optionalText(field?.since),
  };
}

/** Juju prints no life for a model, machine or application that is alive. */
export function lifeOf(value: string | null | undefined): Life {
  return value === "dying" || value === "dead" ? value : "alive";
}

/** `base` from 3.0, `series` before. Numbers are accepted: other tools write `channel: 22.04` without quotes. */
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

/** Source: juju core/base/base.go; cmd/juju/status/formatted.go, where `base` replaced `series` in 3.0 */
export function platformOf(base: z.infer<typeof baseField>, series: string | null | undefined): PlatformText {
  if (optionalText(series) !== undefined) {
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

/** A document while it is read: its origin, and what could not be read in it. */
export interface Reading {
  readonly origin: Origin;
  /** Appended to. */
  readonly unread: FleetUnread[];
}

export type Mapping = Readonly<Record<string, unknown>>;

export function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Entries of a mapping in the file's order; none if it is missing. */
export function entriesOf(value: unknown): [string, unknown][] {
  return isMapping(value) ? Object.entries(value) : [];
}

/** An entry as its schema reads it, or why it is unreadable. */
export type Entry<T> = { readonly value: T } | { readonly fault: string };

/** Reads one entry by its schema. A wrong type makes only that entry unreadable. */
export function readEntry<T>(schema: z.ZodType<T>, value: unknown): Entry<T> {
  const result = schema.safeParse(value);
  if (result.success) return { value: result.data };
  const [issue] = result.error.issues;
  const place = (issue?.path ?? []).map(String).join(".");
  const isMissing = issue?.code === "invalid_type" && issue.message.endsWith("received undefined");
  const what = isMissing
    ? `${place} is missing`
    : `${place === "" ? "" : `${place}: `}${issue?.message ?? "cannot be read"}`;
  return { fault: printable(what, 200) };
}

/** Records what could not be read. */
export function noteUnread({ origin, unread }: Reading, place: string, text: string): void {
  const inside = origin.place.slice(origin.file.length).replace(/^, /, "");
  unread.push({
    kind: "part",
    file: origin.file,
    place: [inside, printable(place)].filter((part) => part !== "").join(", "),
    text: printable(text, 400),
  });
}

import { z } from "zod";
import { parseAgentBinary } from "../../juju/agent.ts";
import { isJamError } from "../../shared/errors.ts";
import { SITE_NAME } from "../../shared/limits.ts";
import { printable } from "../../shared/printable.ts";

/** Longest text for people, in characters. */
export const MAX_LINE = 2_000;

/** The largest tarball that a document may list, in bytes. */
export const MAX_TARBALL_BYTES = 2 ** 40;

/** ISO 8601, in UTC. */
export const instant = z.iso.datetime({ offset: false });

export const bundleId = z
  .string()
  .regex(/^\d{8}T\d{6}Z-[0-9a-f]{12}$/, "expected an id such as 20261127T201500Z-1a2b3c4d5e6f");

export const snapshotId = z.string().regex(/^[0-9A-Za-z][0-9A-Za-z._-]{0,99}$/, "expected a snapshot's id");

/** Name of a site, as in the setting `site`: valid as a part of a file name on every system. */
export const siteName = z.string().regex(SITE_NAME.pattern, SITE_NAME.expected);

/** True for the name of an agent, such as `3.6.5-ubuntu-amd64`. */
export function isAgentName(name: string): boolean {
  try {
    parseAgentBinary(name);
    return /^[A-Za-z0-9._-]+$/.test(name);
  } catch (error) {
    if (isJamError(error, "JAM_VERSION_INVALID")) return false;
    throw error;
  }
}

/** A line of text for people, without control characters, line ends or changes of text direction. */
export function lineOf(max: number, { min = 1 }: { min?: number } = {}) {
  return z
    .string()
    .min(min)
    .max(max)
    .refine((text) => printable(text, Infinity) === text, "expected printable text");
}

/** Any text as a line that `lineOf(max)` accepts. */
export function toLine(text: string, max: number): string {
  const line = printable(text.trim().replaceAll(/\s+/g, " "), Infinity);
  return line.length > max ? `${line.slice(0, max - 1).toWellFormed()}…` : line;
}

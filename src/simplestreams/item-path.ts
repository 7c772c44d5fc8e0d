import { JamError } from "../shared/errors.ts";
import { printable } from "../shared/printable.ts";

/** The names of product files for clients up to 1.20 contain colons. */
const SEGMENT = /^[A-Za-z0-9][A-Za-z0-9._+~:-]*$/;
/** Up to `MAX_SEGMENTS` of them. */
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9._+~:-]*(?:\/[A-Za-z0-9][A-Za-z0-9._+~:-]*){0,7}$/;
const MAX_BYTES = 512;
const MAX_SEGMENTS = 8;
/** The longest name in file systems. Source: limits.h NAME_MAX */
const MAX_SEGMENT_BYTES = 255;

/**
 * Why a path under a base URL is not safe to use, or undefined when it is. Safe paths are plain ASCII, so they
 * mean the same in a URL, on a disk and in an archive, and they name something below the base.
 */
export function pathFault(path: string): string | undefined {
  if (isPlain(path)) return undefined;
  if (path === "") return "the path is empty";
  if (path.length > MAX_BYTES) return `the path is longer than ${MAX_BYTES} bytes`;
  if (path.startsWith("/")) return "the path is absolute";
  const segments = path.split("/");
  if (segments.length > MAX_SEGMENTS) return `the path has more than ${MAX_SEGMENTS} segments`;
  for (const segment of segments) {
    if (segment === "") return "the path has an empty segment";
    if (segment.length > MAX_SEGMENT_BYTES)
      return `a segment of the path is longer than ${MAX_SEGMENT_BYTES} bytes`;
    if (segment === "." || segment === "..") return `the path has a "${segment}" segment`;
    if (!SEGMENT.test(segment)) return "the path has characters that are not allowed";
    if (segment.endsWith(".")) return "a segment of the path ends in a dot";
  }
  return undefined;
}

/** True for nearly every path; any other one is looked at segment by segment. */
function isPlain(path: string): boolean {
  return path.length <= MAX_SEGMENT_BYTES && PLAIN.test(path) && !path.includes("./") && !path.endsWith(".");
}

/** Why an item's path cannot be used: unsafe, or inside `streams/` in any case. */
export function itemPathFault(path: string): string | undefined {
  const fault = pathFault(path);
  if (fault !== undefined) return fault;
  return /^streams(?:\/|$)/i.test(path) ? "the path is inside the metadata folder" : undefined;
}

/**
 * The path of an item, known to stay below the base URL and outside `streams/`.
 * @throws JamError JAM_ITEM_REFUSED
 */
export function parseItemPath(path: string): string {
  const fault = itemPathFault(path);
  if (fault === undefined) return path;
  throw new JamError("JAM_ITEM_REFUSED", `"${printable(path)}": ${fault}`, { details: { path } });
}

import { pathFault } from "../simplestreams/item-path.ts";

/** Never published: signed twins on a curated face, and pointers to other places. */
const NEVER_SERVED = /(?:\.sjson|\.gpg)$|(?:^|\/)(?:cpc-)?mirrors\.[^/]*$/;

/** Longest request target that is looked at, in characters; real ones have less than 200. */
export const MAX_TARGET_LENGTH = 2048;

/**
 * The catalogue key that a request target names, or undefined when no catalogue can hold it. Percent-escapes are
 * taken out once; `..`, `//`, backslashes, control characters and broken escapes name nothing. The key is only ever
 * compared with keys, never joined to a folder.
 */
export function parseTarget(target: string): string | undefined {
  const end = target.indexOf("?");
  const raw = target.slice(1, end < 0 ? undefined : end);
  const path = raw.includes("%") ? decode(raw) : raw;
  return path === undefined || pathFault(path) !== undefined ? undefined : path;
}

/**
 * True for what a curated face answers 404 whatever a catalogue says. A valid upstream signature over a filtered
 * mirror advertises what is not held, and upstream's mirrors files send clients to public clouds.
 * Source: juju environs/simplestreams/simplestreams.go GetMetadata, getMirrorInfo.
 */
export function isNeverCurated(path: string): boolean {
  return NEVER_SERVED.test(path);
}

/** True for upstream's pointers to other mirrors, which the verbatim face leaves out as well. */
export function isMirrorsFile(path: string): boolean {
  return !path.endsWith(".gpg") && NEVER_SERVED.test(path.replace(/\.sjson$/, ".json"));
}

/** The snapshot id in `streams/v1/<id>/<file>`, or undefined. */
export function snapshotInPath(path: string): string | undefined {
  return /^streams\/v1\/([^/]+)\/[^/]+$/.exec(path)?.[1];
}

function decode(raw: string): string | undefined {
  try {
    return decodeURIComponent(raw);
  } catch {
    return undefined;
  }
}

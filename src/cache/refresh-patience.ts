import type { Pace } from "../mirror/next-turn.ts";

/** How patiently the documents of an upstream are requested. */
export interface RefreshPatience {
  /** Longest silence on a connection, in ms. */
  readonly idleTimeoutMs: number;
  /** Attempts after the first, per document. */
  readonly retries: number;
  /** A longer Retry-After, in ms, ends the attempts. */
  readonly maxAskedMs: number;
  /** How long a transfer may be too slow, in ms. */
  readonly minRate: { readonly windowMs: number };
}

/** Attempts after the first: the next turn is soon. */
const MAX_RETRIES = 2;

/** A further attempt is worth it when each may take this long, in ms. */
const WORTH_MS = 5_000;

/** What a line that is slow, and not away, may need for its first byte, in ms. */
const LEAST_MS = 2_000;

/** A transfer is judged over this long, in ms: a line whose rate changes from second to second is not too slow. */
const WINDOW_MS = { least: 5_000, most: 30_000 };

/**
 * How long a refresh tries before an upstream that does not answer counts as away. All attempts for a document end within
 * half of the shortest `refresh`, shared by the upstreams, which are asked one after the other: what is listed and cannot
 * be fetched must not stay listed for longer because upstream is silent, or drips, instead of being closed.
 */
export function refreshPatience(
  fetch: { readonly idleTimeoutMs: number; readonly retries: number },
  paces: readonly Pace[],
): RefreshPatience {
  const shortestMs = Math.min(...paces.map(({ refreshMs }) => refreshMs));
  const shareMs = shortestMs / 2 / paces.length;
  const attempts = Math.max(1, Math.min(fetch.retries + 1, MAX_RETRIES + 1, Math.floor(shareMs / WORTH_MS)));
  const attemptMs = Math.max(LEAST_MS, Math.floor(shareMs / attempts));
  return {
    idleTimeoutMs: Math.min(fetch.idleTimeoutMs, attemptMs),
    retries: attempts - 1,
    maxAskedMs: attemptMs,
    minRate: { windowMs: Math.min(WINDOW_MS.most, Math.max(WINDOW_MS.least, attemptMs)) },
  };
}

import { type ErrorCode, HttpStatusError, JamError } from "../shared/errors.ts";
import { cancelled } from "./failure.ts";
import type { RetryWait } from "./source.ts";
import type { Timing } from "./waiting.ts";

export interface RetryOptions {
  readonly policy: RetryPolicy;
  readonly timing: Timing;
  readonly signal: AbortSignal;
  /** Called before each wait. */
  readonly onRetry?: ((error: Error, wait: RetryWait) => void) | undefined;
  /** How many failures in a row count after this one; an attempt that got on starts the count anew. */
  readonly countFailure?: (failures: number) => number;
}

/**
 * The result of `attempt`, repeated according to the policy.
 * @throws JamError the last one, or JAM_CANCELLED
 */
export async function withRetries<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { policy, timing, signal } = options;
  let failures = 0;
  for (;;) {
    if (signal.aborted) throw cancelled(signal);
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted) throw cancelled(signal);
      failures = options.countFailure?.(failures + 1) ?? failures + 1;
      const waitMs = planRetry(error, failures, policy, timing.random());
      if (waitMs === undefined) throw error;
      options.onRetry?.(error as Error, describeWait(error, waitMs, failures, policy));
      await pause(waitMs, timing, signal);
    }
  }
}

function describeWait(error: unknown, waitMs: number, failures: number, { retries }: RetryPolicy): RetryWait {
  const requestedMs = error instanceof HttpStatusError ? error.retryAfterMs : undefined;
  const askedBy = waitMs > 0 && requestedMs === waitMs ? "upstream" : "jam";
  return { waitMs, askedBy, attempt: failures + 1, attempts: retries + 1 };
}

async function pause(ms: number, timing: Timing, signal: AbortSignal): Promise<void> {
  try {
    await timing.sleep(ms, signal);
  } catch (error) {
    throw signal.aborted ? cancelled(signal) : error;
  }
}

/** How often and how patiently a failed request is repeated. */
export interface RetryPolicy {
  /** Attempts after the first. Default 4. */
  readonly retries: number;
  /** Upper bound of the first wait, doubled with each failure. Default 500 ms. */
  readonly baseMs: number;
  /** Upper bound of any wait we choose ourselves. Default 30 s. */
  readonly maxMs: number;
  /** A longer Retry-After, in ms, ends the attempts. Default: none does, and jam waits 5 min at most. */
  readonly maxAskedMs?: number | undefined;
}

export const RETRY_DEFAULTS: RetryPolicy = { retries: 4, baseMs: 500, maxMs: 30_000 };

/** The longest Retry-After that is followed; longer ones are reduced to it. */
export const MAX_RETRY_AFTER_MS = 300_000;

const PASSING: ReadonlySet<ErrorCode> = new Set([
  "JAM_UPSTREAM_UNREACHABLE",
  "JAM_UPSTREAM_TIMEOUT",
  "JAM_UPSTREAM_TRUNCATED",
]);

/** True when the same request may succeed later: a lost connection, a time-out, a busy or broken server. */
export function mayPass(error: unknown): error is JamError {
  if (!(error instanceof JamError)) return false;
  if (PASSING.has(error.code)) return true;
  const status = error instanceof HttpStatusError ? error.status : undefined;
  if (error.code === "JAM_UPSTREAM_PROXY") return status !== 407;
  return error.code === "JAM_UPSTREAM_STATUS" && status !== undefined && isPassingStatus(status);
}

/** Statuses that speak of this moment and not of the resource. Source: RFC 9110 §15.5, §15.6, RFC 6585 §4 */
export function isPassingStatus(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

/**
 * Milliseconds to wait before the next attempt, or undefined when there is none: the error is final, or
 * `failures` (1 after the first) used all retries. A server's Retry-After has precedence over the back-off, which
 * is exponential with full jitter, so that many clients do not return at the same time.
 */
export function planRetry(
  error: unknown,
  failures: number,
  policy: RetryPolicy,
  random: number,
): number | undefined {
  if (failures > policy.retries || !mayPass(error)) return undefined;
  const ceiling = Math.min(policy.maxMs, policy.baseMs * 2 ** (failures - 1));
  const requestedMs = error instanceof HttpStatusError ? error.retryAfterMs : undefined;
  if (requestedMs !== undefined && requestedMs > (policy.maxAskedMs ?? Infinity)) return undefined;
  const jitter = Math.round(random * ceiling);
  return requestedMs === undefined ? jitter : Math.max(requestedMs, jitter);
}

/**
 * The wait that a Retry-After header requests, 0 … 5 min, or undefined when there is none or it is malformed.
 * A date counts from the server's own `date` where it gave one, so that a wrong clock here does not matter.
 * Source: RFC 9110 §10.2.3
 */
export function parseRetryAfterMs(
  header: string | undefined,
  date: string | undefined,
  now: number,
): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const seconds = /^-?\d+$/.test(text) ? Number(text) : undefined;
  const base = date === undefined ? now : Date.parse(date);
  const ms = seconds === undefined ? Date.parse(text) - (Number.isNaN(base) ? now : base) : seconds * 1000;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}

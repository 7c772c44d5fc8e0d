import { HttpStatusError } from "../shared/errors.ts";
import { cancelled } from "./failure.ts";
import { planRetry, type RetryPolicy } from "./retry-policy.ts";
import type { RetryWait } from "./source.ts";
import type { Timing } from "./timing.ts";

export interface RetryOptions {
  readonly policy: RetryPolicy;
  readonly timing: Timing;
  readonly signal: AbortSignal;
  /** Told of each wait before it begins. */
  readonly onRetry?: ((error: Error, wait: RetryWait) => void) | undefined;
  /** How many failures in a row count after this one; an attempt that got on starts the count anew. */
  readonly countFailure?: (failures: number) => number;
}

/**
 * The result of `attempt`, repeated as the policy says.
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

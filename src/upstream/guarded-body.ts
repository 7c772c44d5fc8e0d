import { JamError } from "../shared/errors.ts";
import type { HttpAnswer } from "./http-client.ts";
import { cancelled } from "./failure.ts";
import { toUpstreamError } from "./http-failure.ts";
import { TOLD_SILENCE_MS } from "./waiting.ts";

/** When a connection counts as dead although it is open. */
export interface PaceLimits {
  /** Longest silence while we wait for bytes. */
  readonly idleTimeoutMs: number;
  /** Fewest bytes per second, over `windowMs` of waiting. */
  readonly minBytesPerSecond: number;
  readonly windowMs: number;
  /** Called once for a body on which nothing arrived for a while. */
  readonly onSilence?: (url: string, silentMs: number) => void;
}

/** An idle timer never fires while single bytes arrive, so there is also a minimum rate. */
export const PACE_DEFAULTS: PaceLimits = {
  idleTimeoutMs: 30_000,
  minBytesPerSecond: 10_000,
  windowMs: 30_000,
};

/**
 * The bytes of the body as they arrive, not faster than they are read. Only time spent waiting for the network counts
 * against the limits: a slow disk or a rate limit of our own is not the upstream's fault. Ends the connection when
 * the reader stops early.
 * @throws JamError JAM_UPSTREAM_TIMEOUT, JAM_UPSTREAM_TRUNCATED, JAM_CANCELLED
 */
export async function* guardedBody(
  answer: HttpAnswer,
  limits: PaceLimits,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { body, request } = answer;
  const pace = startPace(limits, {
    onTooSlow: (reason) => body.destroy(tooSlow(request.url, reason)),
    onSilence: (silentMs) => limits.onSilence?.(request.url, silentMs),
  });
  try {
    for (;;) {
      pace.waiting();
      const piece = await body.next();
      if (piece === undefined) return;
      pace.arrived(piece.length);
      yield piece;
    }
  } catch (error) {
    throw signal.aborted ? cancelled(signal) : toUpstreamError(error, request);
  } finally {
    pace.stop();
    body.destroy();
  }
}

interface Pace {
  waiting(): void;
  arrived(bytes: number): void;
  stop(): void;
}

function startPace(
  limits: PaceLimits,
  {
    onTooSlow,
    onSilence,
  }: { readonly onTooSlow: (reason: string) => void; readonly onSilence: (silentMs: number) => void },
): Pace {
  const { idleTimeoutMs, minBytesPerSecond, windowMs } = limits;
  let waitingSince: number | undefined;
  let waitedMs = 0;
  let bytes = 0;
  let isTold = false;
  const check = () => {
    if (waitingSince === undefined) return;
    const silentMs = performance.now() - waitingSince;
    if (silentMs >= TOLD_SILENCE_MS && silentMs < idleTimeoutMs && !isTold) {
      isTold = true;
      onSilence(silentMs);
    }
    if (silentMs >= idleTimeoutMs) {
      onTooSlow(`no byte for ${idleTimeoutMs / 1000} s`);
    } else if (waitedMs + silentMs >= windowMs) {
      const rate = (bytes * 1000) / (waitedMs + silentMs);
      if (rate < minBytesPerSecond) onTooSlow(`only ${Math.round(rate)} bytes per second`);
      waitedMs = -silentMs;
      bytes = 0;
    }
  };
  const timer = setInterval(check, Math.max(10, Math.min(idleTimeoutMs, windowMs, 4000) / 4));
  return {
    waiting() {
      waitingSince = performance.now();
    },
    arrived(count) {
      if (waitingSince !== undefined) waitedMs += performance.now() - waitingSince;
      waitingSince = undefined;
      bytes += count;
    },
    stop() {
      clearInterval(timer);
    },
  };
}

function tooSlow(url: string, reason: string): JamError {
  return new JamError("JAM_UPSTREAM_TIMEOUT", `${url}: the transfer stalled: ${reason}`, {
    hint: "Run the same command again; it resumes where it stopped.",
    details: { url, reason },
  });
}

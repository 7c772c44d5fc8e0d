import type { OfferReach, UpstreamAnswer } from "./offer.ts";

/** How often an upstream is asked for its metadata. */
export interface Pace {
  readonly name: string;
  /** `refresh` of this upstream, in ms. */
  readonly refreshMs: number;
}

/**
 * How long to wait until the next upstream's time has come. One that is overdue after a turn was not needed in it, and is
 * not waited for.
 */
export function nextTurnMs(reach: OfferReach | undefined, paces: readonly Pace[], now: Date): number {
  const waits = paces.flatMap((pace) => {
    const answer = reach?.upstreams?.find(({ name }) => name === pace.name);
    const waitMs = answer === undefined ? 0 : dueInMs(answer, pace, now);
    // A clock that was put back must not make it wait for longer.
    return waitMs > 0 ? [Math.min(waitMs, pace.refreshMs)] : [];
  });
  return Math.min(...(waits.length > 0 ? waits : paces.map(({ refreshMs }) => refreshMs)));
}

/** How long to wait until this upstream's time has come, in ms. */
export function dueInMs({ refreshedAt }: UpstreamAnswer, { refreshMs }: Pace, now: Date): number {
  const sinceMs = now.getTime() - Date.parse(refreshedAt);
  return sinceMs < 0 ? 0 : refreshMs - sinceMs;
}

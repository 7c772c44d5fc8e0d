/** How far ahead of the clock here a date may be, in ms: clocks differ by up to a day before one is clearly wrong. */
export const MAX_SKEW_MS = 86_400_000;

/** True for a date that no clock that is about right can have written. */
export function isFarAhead(date: Date | string, now: Date): boolean {
  return new Date(date).getTime() - now.getTime() > MAX_SKEW_MS;
}

/**
 * What a refusal of something older has to add, with a blank before it: the accepted date may itself have been ahead of
 * its time, and what is dated right looks older until then. Empty where the two dates are further apart than that
 * explains.
 */
export function skewNote(received: string | undefined, accepted: string | undefined): string {
  if (received === undefined || accepted === undefined) return "";
  if (Date.parse(accepted) - Date.parse(received) > MAX_SKEW_MS) return "";
  return ` The accepted date may have been ahead of its time: up to ${MAX_SKEW_MS / 3_600_000} h are accepted, because clocks differ. In that case what is dated after ${accepted} is accepted again by itself.`;
}

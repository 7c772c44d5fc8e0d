/** How far two clocks may be apart before logs and certificates are read wrongly. */
export const CLOCK_TOLERANCE_MS = 5 * 60_000;

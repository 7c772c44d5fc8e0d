/** Below this many a share means nothing, unless it is all of them. */
const SHARE_COUNTS_FROM = 5;

/**
 * True when so much would disappear at once that the operator has to agree.
 * @param maxRemoval largest share, 0 … 1 (`retention.maxRemoval`)
 */
export function isMassRemoval(gone: number, present: number, maxRemoval: number): boolean {
  if (gone === 0 || gone / present <= maxRemoval) return false;
  return present >= SHARE_COUNTS_FROM || gone === present;
}

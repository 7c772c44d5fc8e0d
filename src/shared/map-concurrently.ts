/** Enough to hide the round trips of a store that is far away, few enough for any file system or server. */
const CALLS_AT_ONCE = 32;

/** For documents of megabytes, which are all in memory meanwhile. */
export const DOCUMENTS_AT_ONCE = 8;

/**
 * The results of `act` for every item, in the order of the items, with at most `limit` calls under way (default 32). After
 * a failure no call begins; those under way end first, then it is thrown.
 */
export async function mapConcurrently<T, R>(
  items: Iterable<T>,
  act: (item: T) => Promise<R>,
  limit = CALLS_AT_ONCE,
): Promise<R[]> {
  const all = [...items];
  const results: R[] = [];
  let next = 0;
  let hasFailed = false;
  const work = async () => {
    while (next < all.length && !hasFailed) {
      const at = next++;
      try {
        results[at] = await act(all[at] as T);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.min(limit, all.length) }, work));
  const failed = ended.find((end) => end.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return results;
}

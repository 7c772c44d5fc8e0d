/**
 * Adds all items to the end of a list. `push(...items)` hands every item over on the stack, which ends at some hundred
 * thousand.
 */
export function append<T>(list: T[], items: Iterable<T>): void {
  for (const item of items) list.push(item);
}

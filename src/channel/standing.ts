import type { ChannelEntry } from "./history-document.ts";

/** Why a version goes no further, and who decided that. */
export interface Restriction {
  readonly version: string;
  readonly reason: string;
  readonly who: string;
  /** ISO 8601. */
  readonly at: string;
}

/** Where a channel stands, as its history tells. */
export interface Standing {
  /** The snapshot that it shows; undefined when it shows none. */
  readonly shown: string | undefined;
  /** Since when, ISO 8601. */
  readonly since: string | undefined;
  /** Snapshots that a rollback leads to, the nearest one last. */
  readonly earlier: readonly string[];
  /** Every snapshot that it has shown. */
  readonly served: ReadonlySet<string>;
  /** By version. What is here already stays. */
  readonly held: ReadonlyMap<string, Restriction>;
  /** By version. */
  readonly withdrawn: ReadonlyMap<string, Restriction>;
}

/** Pure. */
export function standingOf(history: readonly ChannelEntry[]): Standing {
  // Deleting a channel keeps its history; one of the same name begins anew.
  const begin = history.findLastIndex(({ action }) => action === "delete") + 1;
  const stack: string[] = [];
  const served = new Set<string>();
  const held = new Map<string, Restriction>();
  const withdrawn = new Map<string, Restriction>();
  let since: string | undefined;
  for (const entry of history.slice(begin)) {
    const { action, to, from, at } = entry;
    restrict(entry, { held, withdrawn });
    // A history that begins with a channel that showed something already.
    if (stack.length === 0 && from !== null) stack.push(from);
    for (const id of [from, to]) if (id !== null) served.add(id);
    if (to === null || to === from) continue;
    since = at;
    if (action === "rollback") stack.splice(-2, 2, to);
    else if (action === "withdraw") stack.splice(-1, 1, to);
    else stack.push(to);
  }
  return { shown: stack.at(-1), since, earlier: stack.slice(0, -1), served, held, withdrawn };
}

function restrict(
  { action, version, reason, who, at }: ChannelEntry,
  {
    held,
    withdrawn,
  }: { readonly held: Map<string, Restriction>; readonly withdrawn: Map<string, Restriction> },
): void {
  if (version === null) return;
  const restriction = { version, reason: reason ?? "", who, at };
  if (action === "hold") held.set(version, restriction);
  if (action === "withdraw") withdrawn.set(version, restriction);
  if (action !== "release") return;
  held.delete(version);
  withdrawn.delete(version);
}

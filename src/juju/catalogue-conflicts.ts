import { JamError } from "../shared/errors.ts";
import { describeEntry, refuse, type CatalogueEntry, type RefusedListing } from "./catalogue-entry.ts";

/** The entries that stay when those which contradict each other are taken out, and why those went. */
export interface Settled {
  readonly entries: readonly CatalogueEntry[];
  readonly refused: readonly RefusedListing[];
}

/**
 * Takes out entries that cannot both be true: one path with two contents, one content with two sizes, a file where
 * another path needs a folder. Nobody can tell which of them is right, so all go.
 */
export function refuseContradictions(entries: readonly CatalogueEntry[]): Settled {
  const faults = new Map<CatalogueEntry, JamError>();
  const byPath = Map.groupBy(entries, ({ item }) => item.path);
  for (const [path, group] of byPath) {
    if (differ(group, ({ item }) => item.sha256)) blame(group, `${path} is listed with two contents`, faults);
    const folder = parentsOf(path).find((parent) => byPath.has(parent));
    if (folder !== undefined) {
      blame(
        [...group, ...(byPath.get(folder) ?? [])],
        `${folder} is listed as a file and as a folder`,
        faults,
      );
    }
  }
  for (const [sha256, group] of Map.groupBy(entries, ({ item }) => item.sha256)) {
    if (differ(group, ({ item }) => item.size))
      blame(group, `content ${sha256} is listed with two sizes`, faults);
  }
  return {
    entries: entries.filter((entry) => !faults.has(entry)),
    refused: [...faults].map(([entry, error]) => refuse(entry, error)),
  };
}

/** True when the entries do not all have the same value. */
export function differ(
  entries: readonly CatalogueEntry[],
  value: (entry: CatalogueEntry) => unknown,
): boolean {
  const [first] = entries;
  return first !== undefined && entries.some((entry) => value(entry) !== value(first));
}

/** The error of entries that contradict each other, naming each of them. */
export function conflict(group: readonly CatalogueEntry[], what: string): JamError {
  const items = group.map((entry) => {
    const { path, size, sha256 } = entry.item;
    return { where: describeEntry(entry), path, size, sha256 };
  });
  const places = items
    .slice(0, 4)
    .map(({ where, size, sha256 }) => `${where} (sha256 ${sha256.slice(0, 12)}…, ${size} bytes)`);
  const more = items.length > 4 ? ` and ${items.length - 4} more` : "";
  return new JamError("JAM_METADATA_CONFLICT", `${what}: ${places.join(", ")}${more}`, {
    details: { items: items.slice(0, 20) },
    hint: "The upstream contradicts itself. Tell its publisher; the agents in question stay out until it is settled.",
  });
}

function blame(group: readonly CatalogueEntry[], what: string, faults: Map<CatalogueEntry, JamError>): void {
  const error = conflict(group, what);
  for (const entry of group) if (!faults.has(entry)) faults.set(entry, error);
}

/** `a/b/c` → `a`, `a/b`. */
function parentsOf(path: string): string[] {
  const segments = path.split("/");
  return segments.slice(1).map((_segment, index) => segments.slice(0, index + 1).join("/"));
}

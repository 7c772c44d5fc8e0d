import { JamError } from "../shared/errors.ts";
import { describeEntry, refuse, type CatalogueEntry, type RefusedListing } from "./catalogue-entry.ts";
import { foldersOf, PathSpace } from "./path-space.ts";

/** The entries that stay when those which contradict each other are taken out, and why those went. */
export interface Settled {
  readonly entries: readonly CatalogueEntry[];
  readonly refused: readonly RefusedListing[];
}

/** Entries that cannot all be true: one side at most is right. */
interface Contest {
  readonly what: string;
  readonly sides: readonly (readonly CatalogueEntry[])[];
  /** Whether several paths on one side outweigh a single one on the other. */
  readonly countsPaths: boolean;
}

/**
 * Takes out entries that cannot both be true: one path with two contents, one content with two sizes, a file where
 * another path needs a folder, paths that differ in case only (one name on many disks and media). The side whose
 * path is the usual one for its agent stays, and so does a folder of several agents where a single one takes it for
 * a file. Where that does not decide, all are left out.
 */
export function refuseContradictions(entries: readonly CatalogueEntry[]): Settled {
  const contests = findContests(entries);
  if (contests.length === 0) return { entries, refused: [] };
  const faults = new Map<CatalogueEntry, JamError>();
  for (const contest of contests) {
    const winner = favouredSide(contest);
    if (winner !== undefined) blame(contest, winner, faults);
  }
  // What is odd is left out now and no longer conflicts with anything.
  const left = entries.filter((entry) => !faults.has(entry));
  for (const contest of findContests(left)) blame(contest, undefined, faults);
  return {
    entries: entries.filter((entry) => !faults.has(entry)),
    refused: [...faults].map(([entry, error]) => refuse(entry, error)),
  };
}

type Side = Contest["sides"][number];

function blame(
  { what, sides }: Contest,
  winner: Side | undefined,
  faults: Map<CatalogueEntry, JamError>,
): void {
  const losers = sides.filter((side) => side !== winner).flat();
  const error = conflict([...losers, ...(winner ?? [])], what);
  for (const entry of losers) if (!faults.has(entry)) faults.set(entry, error);
}

/** The one side that is right, as far as the paths show. */
function favouredSide({ sides, countsPaths }: Contest): Side | undefined {
  const usual = sides.filter((side) => side.some(hasUsualPath));
  if (usual.length > 0) return usual.length === 1 ? usual[0] : undefined;
  if (!countsPaths) return undefined;
  const several = sides.filter((side) => new Set(side.map(({ item }) => item.path)).size > 1);
  return several.length === 1 ? several[0] : undefined;
}

/**
 * `agent/3.6.5/juju-3.6.5-linux-amd64.tgz`, `releases/juju-1.18.4-trusty-amd64.tgz`: how tarballs have always been
 * named. Other paths are as good; they only lose against one of these.
 * Source: juju-release-tools generate_agents.py, agent_paths.py
 */
function hasUsualPath({ item: { path, version, arch } }: CatalogueEntry): boolean {
  const segments = path.split("/");
  const file = segments.pop() ?? "";
  const [stage, folder, ...more] = segments;
  const isInPlace =
    more.length === 0 && (stage === undefined || /^[a-z-]+$/.test(stage)) && (folder ?? version) === version;
  const start = `juju-${version}-`;
  const end = `-${arch}.tgz`;
  return (
    isInPlace &&
    file.startsWith(start) &&
    file.endsWith(end) &&
    /^[a-z0-9]+$/.test(file.slice(start.length, -end.length))
  );
}

function findContests(entries: readonly CatalogueEntry[]): Contest[] {
  return [
    ...groupsOfSeveral(entries, pathOf).flatMap(contestOfPath),
    ...(canCoexist(entries) ? [] : contestsOfFolders(entries, Map.groupBy(entries, pathOf))),
    ...groupsOfSeveral(entries, ({ item }) => item.sha256).flatMap((group) =>
      contest(`content ${group[0]?.item.sha256} is listed with two sizes`, group, ({ item }) => item.size),
    ),
  ];
}

function pathOf({ item }: CatalogueEntry): string {
  return item.path.toLowerCase();
}

/** Entries that have a key in common, in the order in which the keys appear: in most lists no two have. */
function groupsOfSeveral(
  entries: readonly CatalogueEntry[],
  keyOf: (entry: CatalogueEntry) => string,
): CatalogueEntry[][] {
  const groups = new Map<string, CatalogueEntry | CatalogueEntry[]>();
  let hasSeveral = false;
  for (const entry of entries) {
    const key = keyOf(entry);
    const known = groups.get(key);
    hasSeveral ||= known !== undefined;
    if (known === undefined) groups.set(key, entry);
    else if (Array.isArray(known)) known.push(entry);
    else groups.set(key, [known, entry]);
  }
  return hasSeveral ? [...groups.values()].filter(Array.isArray) : [];
}

/** One path, apart from its case: one spelling and one content. */
function contestOfPath(group: readonly CatalogueEntry[]): Contest[] {
  const [one, other] = new Set(group.map(({ item }) => item.path));
  const what =
    other === undefined
      ? `${one} is listed with two contents`
      : `${one} and ${other} are the same file on a disk that ignores case`;
  return contest(what, group, ({ item }) => `${item.path} ${item.sha256}`);
}

/** True when no folder is contested, which is found out in a fraction of the time that naming the contests takes. */
function canCoexist(entries: readonly CatalogueEntry[]): boolean {
  const space = new PathSpace();
  return entries.every(({ item }) => space.take(item.path) === undefined);
}

/** Every folder: no file, and one spelling. */
function contestsOfFolders(
  entries: readonly CatalogueEntry[],
  byPath: ReadonlyMap<string, readonly CatalogueEntry[]>,
): Contest[] {
  const folders = new Map<string, CatalogueEntry[]>();
  for (const entry of entries) {
    for (const folder of foldersOf(entry.item.path.toLowerCase())) {
      const below = folders.get(folder);
      if (below === undefined) folders.set(folder, [entry]);
      else below.push(entry);
    }
  }
  return [...folders].flatMap(([folder, below]): Contest[] => {
    const depth = folder.length;
    const spelling = ({ item }: CatalogueEntry) => item.path.slice(0, depth);
    const [one, other] = new Set(below.map(spelling));
    const files = byPath.get(folder);
    return [
      ...(files === undefined
        ? []
        : [
            {
              what: `${one} is listed as a file and as a folder`,
              sides: [files, below],
              countsPaths: true,
            },
          ]),
      ...contest(
        `${one} and ${other} are the same folder on a disk that ignores case`,
        below,
        spelling,
        true,
      ),
    ];
  });
}

function contest(
  what: string,
  group: readonly CatalogueEntry[],
  side: (entry: CatalogueEntry) => unknown,
  countsPaths = false,
): Contest[] {
  if (!differ(group, side)) return [];
  return [{ what, sides: [...Map.groupBy(group, side).values()], countsPaths }];
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
  const items = group.slice(0, 20).map((entry) => {
    const { path, size, sha256 } = entry.item;
    return { where: describeEntry(entry), path, size, sha256 };
  });
  const places = items
    .slice(0, 4)
    .map(({ where, size, sha256 }) => `${where} (sha256 ${sha256.slice(0, 12)}…, ${size} bytes)`);
  const more = group.length > 4 ? ` and ${group.length - 4} more` : "";
  return new JamError("JAM_METADATA_CONFLICT", `${what}: ${places.join(", ")}${more}`, {
    details: { items },
    hint: "The upstream contradicts itself. Report it to its publisher; the agents in question are left out until it is fixed.",
  });
}

import {
  isFrom,
  isInSpan,
  rowFor,
  type VersionSpan,
  compareVersions,
  formatMajorMinor,
  parseVersion,
  type JujuVersion,
} from "../version.ts";

/** Whether a release accepts a base when it is the source of a migration to 3.x or later. */
export type BasePassage = "passes" | "refused" | "may-be-refused";

interface SourceRow extends VersionSpan {
  /** Ubuntu releases that certainly pass; `from`: that one and every later one. */
  readonly passes: readonly string[] | { readonly from: string };
  /** Releases for which it depends on the controller's own distro-info. */
  readonly uncertain?: readonly string[];
}

const LONG_TERM = ["20.04", "22.04"] as const;

/**
 * Source: upgrades/upgradevalidation/validation.go:checkForDeprecatedUbuntuSeriesForModel, core/series/supportedseries.go,
 * core/base/supportedseries.go @2.9.33, 2.9.52, 2.9.53, 3.4.3, 3.4.4, 3.5.1, 3.5.2, 3.6.12, 3.6.13; juju #20612, #21329
 */
const SOURCES: readonly SourceRow[] = [
  { from: "2.9.33", to: "2.9.53", passes: ["22.04"], uncertain: ["20.04", "24.04"] },
  { from: "2.9.53", to: "3.0", passes: { from: "20.04" } },
  { from: "3.0", to: "3.4.0", passes: LONG_TERM, uncertain: ["24.04"] },
  { from: "3.4.0", to: "3.4.4", passes: LONG_TERM },
  { from: "3.4.4", to: "3.5.0", passes: [...LONG_TERM, "24.04"] },
  { from: "3.5.0", to: "3.5.2", passes: LONG_TERM },
  { from: "3.5.2", to: "3.6.13", passes: [...LONG_TERM, "24.04"] },
  { from: "3.6.13", to: "4.0", passes: { from: "20.04" } },
];

/** Whether a source of this release accepts a machine on that Ubuntu (`22.04`) in a migration to 3.x or later. */
export function ubuntuPassage(source: JujuVersion, ubuntu: string): BasePassage {
  const row = rowFor(source, SOURCES);
  if (row === undefined) return "passes";
  const { passes, uncertain = [] } = row;
  const isSure = "from" in passes ? Number(ubuntu) >= Number(passes.from) : passes.includes(ubuntu);
  if (isSure) return "passes";
  return uncertain.includes(ubuntu) ? "may-be-refused" : "refused";
}

/** An upgrade within the source's minor that removes an obstacle to a migration. */
export interface SourceUpgrade {
  /** The lowest release of the minor that accepts the machines. */
  readonly minimum: string;
  /** Ubuntu releases that would be refused, or may be. */
  readonly ubuntu: readonly string[];
  readonly because: string;
  readonly source: string;
}

/**
 * The release of its own minor that a source has to be upgraded to before it migrates a model with machines on these
 * Ubuntu releases, or undefined if none is needed or none helps.
 */
export function sourceUpgradeFor(source: JujuVersion, ubuntu: readonly string[]): SourceUpgrade | undefined {
  if (!isFrom(source, "2.9.33")) return undefined;
  const blocked = [...new Set(ubuntu)].filter((one) => ubuntuPassage(source, one) !== "passes").sort();
  if (blocked.length === 0) return undefined;
  const lifting = SOURCES.map(({ from }) => from)
    .filter((from) => from.split(".").length === 3)
    .map((from) => parseVersion(from))
    .filter((from) => isInSpan(from, minorOf(source)) && compareVersions(from, source) > 0)
    .find((from) => blocked.some((one) => ubuntuPassage(from, one) === "passes"));
  if (lifting === undefined) return undefined;
  const lifted = blocked.filter((one) => ubuntuPassage(lifting, one) === "passes");
  const minimum = `${formatMajorMinor(lifting)}.${lifting.patch}`;
  const isCertain = lifted.some((one) => ubuntuPassage(source, one) === "refused");
  return {
    minimum,
    ubuntu: lifted,
    because: `A source before ${minimum} ${isCertain ? "refuses" : "may refuse"} models with machines on Ubuntu ${lifted.join(", ")}; ${minimum} and later accept them.`,
    source: "upgrades/upgradevalidation/validation.go @2.9.53, 3.4.4, 3.5.2, 3.6.13; juju #20612, #21329",
  };
}

function minorOf({ major, minor }: JujuVersion): VersionSpan {
  return { from: `${major}.${minor}`, to: `${major}.${minor + 1}` };
}

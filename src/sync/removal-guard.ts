import { type Agent, formatAgentName, parseAgentBinary, sumTarballBytes } from "../juju/agent.ts";
import type { DenyRule } from "../juju/select-rule.ts";
import { compareVersions, formatMajorMinor, isVersion, parseVersion } from "../juju/version.ts";
import { isMassRemoval } from "../mirror/mass-removal.ts";
import type { Allowance } from "../metadata/freshness.ts";
import type { Removal } from "../mirror/run-report.ts";
import { formatByteSize } from "../shared/byte-size.ts";
import { JamError } from "../shared/errors.ts";
import { formatCount, nameSome } from "../shared/listed.ts";
import type { SyncPlan } from "./plan.ts";

export interface RemovalInput {
  readonly plan: Pick<SyncPlan, "wanted" | "remove">;
  /** What the mirror lists now. */
  readonly listed: readonly Agent[];
  /** Largest share of the listed agents that may be removed at once, 0 … 1. */
  readonly maxRemoval: number;
  readonly allow: ReadonlySet<Allowance>;
  readonly deny: readonly DenyRule[];
}

/**
 * Why a plan removes more than the operator may have meant, whichever rule or document is the reason: an edit of `select`,
 * `deny` or `keep` counts like a change upstream. What is meant does not count: a version that a new one of its minor
 * replaces, as `keep` does every few weeks, and one that `deny` names exactly.
 */
export function refuseLargeRemoval(input: RemovalInput): JamError | undefined {
  const { plan, listed, maxRemoval, allow } = input;
  const lost = countLost(input);
  if (allow.has("mass-removal") || !isMassRemoval(lost, listed.length, maxRemoval)) return undefined;
  const gone = goneOf(input);
  const share = `${Math.round((100 * gone.length) / listed.length)} %`;
  const bytes = formatByteSize(sumTarballBytes(gone));
  return new JamError(
    "JAM_METADATA_MASS_REMOVAL",
    `A sync would remove ${gone.length} of ${formatCount(listed.length, "mirrored agent")} (${share}, ${bytes}); at most ${Math.round(maxRemoval * 100)} % may be removed at once.`,
    {
      lines: describeRemovals(plan.remove),
      hint: "`jam sync --dry-run` lists them. Correct `select`, `deny` or `keep` in jam.yaml; if they are meant to be removed, run `jam sync --allow mass-removal` (the limit is retention.maxRemoval).",
      details: {
        gone: gone.slice(0, 20).map(formatAgentName),
        goneCount: gone.length,
        listed: listed.length,
        versions: versionsOf(gone),
        bytes: sumTarballBytes(gone),
      },
    },
  );
}

function goneOf({ plan, listed }: RemovalInput): Agent[] {
  const names = new Set(plan.remove.map(({ agent }) => agent));
  return listed.filter((agent) => names.has(formatAgentName(agent)));
}

/** Removed agents for which no new one of the same minor, release and architecture takes the place. */
function countLost(input: RemovalInput): number {
  const { plan, listed, deny } = input;
  const withdrawn = new Set(deny.flatMap(({ version }) => (isVersion(version) ? [version] : [])));
  const before = new Set(listed.map(formatAgentName));
  const added = plan.wanted.filter((agent) => !before.has(formatAgentName(agent)));
  const replacements = Map.groupBy(added, placeOf);
  let lost = 0;
  const gone = goneOf(input).filter(({ version }) => !withdrawn.has(version));
  for (const [place, removed] of Map.groupBy(gone, placeOf)) {
    lost += Math.max(0, removed.length - (replacements.get(place)?.length ?? 0));
  }
  return lost;
}

function placeOf({ version, release, arch }: Agent): string {
  return `${formatMajorMinor(parseVersion(version))} ${release} ${arch}`;
}

/** One line for each reason: the versions, and what was decided about one of them. */
function describeRemovals(remove: readonly Removal[]): string[] {
  return [...Map.groupBy(remove, ({ reason }) => reason)].flatMap(([reason, removals]) => {
    const [first] = removals;
    const versions = versionsOf(removals.map(({ agent }) => parseAgentBinary(agent)));
    return first === undefined
      ? []
      : [`  ${reason}: ${nameSome(versions, 8)}; ${first.agent}: ${first.detail}`];
  });
}

/** In ascending order, each once. */
function versionsOf(agents: readonly { readonly version: string }[]): string[] {
  const versions = new Set(agents.map(({ version }) => version));
  return [...versions].sort((a, b) => compareVersions(parseVersion(a), parseVersion(b)));
}

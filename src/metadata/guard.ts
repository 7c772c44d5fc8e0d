import { JamError, reportError, type ErrorReport } from "../shared/errors.ts";
import { formatAgentName, type Agent } from "../juju/agent.ts";
import { isMassRemoval } from "../mirror/mass-removal.ts";
import type { ListedBefore } from "../mirror/listed-before.ts";
import type { Allowance } from "./freshness.ts";

/** An upstream agent that contradicts what was accepted before; the held agent of that name stays. */
export interface RefusedChange {
  readonly agent: Agent;
  /** What is held under that path or name, or was when it was listed last. */
  readonly held: Pick<Agent, "sha256" | "size">;
  /** The held agent, where it is listed. */
  readonly listed?: Agent;
  /** Of what is not listed any longer: ISO 8601, when the last list was made that is known to have had it. */
  readonly listedAt?: string;
  readonly error: ErrorReport;
}

export interface GuardedCatalogue {
  readonly agents: readonly Agent[];
  readonly refused: readonly RefusedChange[];
}

export interface GuardInput {
  /** What upstream lists now. */
  readonly upstream: readonly Agent[];
  /** What the mirror lists. */
  readonly listed: readonly Agent[];
  /** What is held without being listed, because upstream withdrew it: it may not come back with other bytes either. */
  readonly unlisted?: readonly Agent[];
  /** What is known of what was listed before. Default nothing. */
  readonly before?: readonly ListedBefore[];
  /** True when upstream's documents for the agent's streams were read: only then can it be missed there. */
  readonly isRead: (agent: Agent) => boolean;
  /** Share of the listed agents that may disappear at once, 0 … 1. */
  readonly maxRemoval: number;
  readonly allow: ReadonlySet<Allowance>;
  /** What lists them, for messages: a bundle, or upstreams before which others were not asked. Default upstream. */
  readonly lister?: "bundle" | { readonly upstreams: string };
}

/**
 * Compares upstream's catalogue with the mirror's (principle P4): a path whose bytes changed is refused item by
 * item and the held agent stays; when too many agents disappear at once, the run stops.
 * @throws JamError JAM_METADATA_MASS_REMOVAL
 */
export function guardCatalogue(input: GuardInput): GuardedCatalogue {
  const names = input.upstream.map(formatAgentName);
  refuseMassRemoval({ ...input, names: new Set(names) });
  if (input.allow.has("path-reuse")) return { agents: input.upstream, refused: [] };
  const known = [...(input.unlisted ?? []), ...input.listed];
  const byPath = new Map(known.map((agent) => [agent.path, agent]));
  const byName = new Map(known.map((agent) => [formatAgentName(agent), agent]));
  const before = latestOf(input.before ?? []);
  const listed = new Set(input.listed);
  const refused: RefusedChange[] = [];
  const agents = input.upstream.flatMap((agent) => {
    const name = formatAgentName(agent);
    const held = [byPath.get(agent.path), byName.get(name)].find((one) => hasOtherBytes(one, agent));
    // What was listed before counts where nothing is held: of a path or name that is held, the held bytes were accepted last.
    const earlier = [
      byPath.has(agent.path) ? undefined : before.get(agent.path),
      byName.has(name) ? undefined : before.get(name),
    ].find((one) => hasOtherBytes(one, agent));
    if (held !== undefined)
      refused.push({
        agent,
        held,
        ...(listed.has(held) && { listed: held }),
        error: reportError(describeReuse(agent, held)),
      });
    else if (earlier !== undefined)
      refused.push({
        agent,
        held: earlier,
        listedAt: earlier.listedAt,
        error: reportError(describeReturn(agent, earlier)),
      });
    else return [agent];
    const same = byName.get(name);
    return same === undefined || !listed.has(same) ? [] : [same];
  });
  return { agents, refused };
}

function hasOtherBytes(known: Pick<Agent, "sha256"> | undefined, agent: Agent): boolean {
  return known !== undefined && known.sha256 !== agent.sha256;
}

/** By path and by name; a name never looks like a path. */
function latestOf(before: readonly ListedBefore[]): ReadonlyMap<string, ListedBefore> {
  const latest = new Map<string, ListedBefore>();
  for (const one of before) {
    for (const key of [one.path, one.agent])
      if ((latest.get(key)?.listedAt ?? "") <= one.listedAt) latest.set(key, one);
  }
  return latest;
}

/** True where a path or a name of what upstream lists is not held: only what was listed before tells its bytes. */
export function needsHistory({
  upstream,
  listed,
  unlisted = [],
  allow,
}: Pick<GuardInput, "upstream" | "listed" | "unlisted" | "allow">): boolean {
  if (allow.has("path-reuse")) return false;
  const known = [...unlisted, ...listed];
  const paths = new Set(known.map(({ path }) => path));
  const names = new Set(known.map(formatAgentName));
  return !upstream.every((agent) => paths.has(agent.path) && names.has(formatAgentName(agent)));
}

/**
 * Refuses a list of agents in which too many of those that the mirror lists are missing.
 * @throws JamError JAM_METADATA_MASS_REMOVAL
 */
export function refuseMassRemoval({
  names,
  listed,
  isRead,
  maxRemoval,
  allow,
  lister,
}: Omit<GuardInput, "upstream"> & { readonly names: ReadonlySet<string> }): void {
  const gone = listed.filter((agent) => isRead(agent) && !names.has(formatAgentName(agent)));
  if (!isMassRemoval(gone.length, listed.length, maxRemoval) || allow.has("mass-removal")) return;
  const { where, look } = describeLister(lister);
  const share = `${Math.round((100 * gone.length) / listed.length)} %`;
  throw new JamError(
    "JAM_METADATA_MASS_REMOVAL",
    `${gone.length} of ${listed.length} mirrored agents (${share}) are ${where}; at most ${Math.round(maxRemoval * 100)} % may disappear at once.`,
    {
      hint: `${look} If they are meant to disappear, repeat the command with --allow mass-removal (the limit is retention.maxRemoval).`,
      details: {
        gone: gone.slice(0, 20).map(formatAgentName),
        goneCount: gone.length,
        listed: listed.length,
      },
    },
  );
}

function describeLister(lister: GuardInput["lister"]): { readonly where: string; readonly look: string } {
  if (lister === undefined) return { where: "gone upstream", look: "Look at upstream first." };
  if (lister === "bundle")
    return { where: "not in this bundle", look: "Look at it with `jam bundle inspect --agents` first." };
  return {
    where: `not listed by ${lister.upstreams}`,
    look: "The first upstream that lists anything for a rule decides: `jam explain` with a version shows which one lists it.",
  };
}

function describeReturn(agent: Agent, before: ListedBefore): JamError {
  return new JamError(
    "JAM_METADATA_PATH_REUSED",
    `${agent.path}: other bytes are listed under this name than on ${before.listedAt.slice(0, 10)}, when the mirror listed it last: sha256 ${agent.sha256} instead of ${before.sha256}.`,
    {
      hint: "A published agent never changes. It stays unlisted; to accept the new one, repeat the command with --allow path-reuse",
      details: {
        agent: formatAgentName(agent),
        path: agent.path,
        held: before.sha256,
        received: agent.sha256,
        listedAt: before.listedAt,
      },
    },
  );
}

function describeReuse(agent: Agent, held: Agent): JamError {
  return new JamError(
    "JAM_METADATA_PATH_REUSED",
    `${agent.path}: other bytes are listed under this name: sha256 ${agent.sha256} instead of ${held.sha256}.`,
    {
      hint: "A published agent never changes. The held one stays; to accept the new one, repeat the command with --allow path-reuse",
      details: { agent: formatAgentName(agent), path: agent.path, held: held.sha256, received: agent.sha256 },
    },
  );
}

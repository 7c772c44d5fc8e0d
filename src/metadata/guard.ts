import { JamError, reportError, type ErrorReport } from "../shared/errors.ts";
import { formatAgentName, type Agent } from "../juju/agent.ts";
import { isMassRemoval } from "../mirror/mass-removal.ts";
import type { Allowance } from "./freshness.ts";

/** An upstream agent that contradicts what was accepted before; the held agent of that name stays. */
export interface RefusedChange {
  readonly agent: Agent;
  /** What is held under that path or name. */
  readonly held: Agent;
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
  /** True when upstream's documents for the agent's streams were read: only then can it be missed there. */
  readonly isRead: (agent: Agent) => boolean;
  /** Share of the listed agents that may disappear at once, 0 … 1. */
  readonly maxRemoval: number;
  readonly allow: ReadonlySet<Allowance>;
  /** What lists them, for messages. Default upstream. */
  readonly lister?: "bundle";
}

/**
 * Compares upstream's catalogue with the mirror's (principle P4): a path whose bytes changed is refused item by
 * item and the held agent stays; when too many agents disappear at once, the run stops.
 * @throws JamError JAM_METADATA_MASS_REMOVAL
 */
export function guardCatalogue(input: GuardInput): GuardedCatalogue {
  refuseMassRemoval({ ...input, names: new Set(input.upstream.map(formatAgentName)) });
  if (input.allow.has("path-reuse")) return { agents: input.upstream, refused: [] };
  const known = [...(input.unlisted ?? []), ...input.listed];
  const byPath = new Map(known.map((agent) => [agent.path, agent]));
  const byName = new Map(known.map((agent) => [formatAgentName(agent), agent]));
  const listed = new Set(input.listed);
  const refused: RefusedChange[] = [];
  const agents = input.upstream.flatMap((agent) => {
    const held = byPath.get(agent.path) ?? byName.get(formatAgentName(agent));
    if (held === undefined || held.sha256 === agent.sha256) return [agent];
    refused.push({ agent, held, error: reportError(describeReuse(agent, held)) });
    const same = byName.get(formatAgentName(agent));
    return same === undefined || !listed.has(same) ? [] : [same];
  });
  return { agents, refused };
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
  const where = lister === undefined ? "gone upstream" : "not in this bundle";
  const look =
    lister === undefined ? "Look at upstream first." : "Look at it with `jam bundle inspect --agents` first.";
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

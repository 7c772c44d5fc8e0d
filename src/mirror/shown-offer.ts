import { compareTexts } from "../shared/collections.ts";
import { sha256Of, type Sha256 } from "../shared/sha256.ts";
import { formatAgentName, type Agent } from "../juju/agent.ts";
import { PathSpace } from "../juju/path-space.ts";
import { offeredBy, type Offer, type OfferReach } from "./offer.ts";
import { makeSnapshotId, proofsOf, type Snapshot, type VerbatimFace } from "./snapshot.ts";

/** What a mirror in cache mode lists at one moment. */
export interface Shown {
  /** A snapshot that no store keeps, or the held one where there is no offer. */
  readonly snapshot: Snapshot;
  /** Agents that are offered, but neither held nor listed, because upstream cannot be reached. */
  readonly hidden: readonly Agent[];
}

/** What decides about it. */
export interface ShownInput {
  /** What the ref shows. */
  readonly held: Snapshot | undefined;
  readonly offer: Offer | undefined;
  /** Upstreams that cannot be reached: what is offered because of them and not held is not listed. */
  readonly away: ReadonlySet<string>;
  /** Whether a tarball is in the store. */
  readonly isHeld: (sha256: Sha256) => boolean;
}

/**
 * What is listed: the offer and what is held, or only what is held while upstream cannot be reached. The same input gives
 * the same id, and another list another id. Undefined before anything was offered or held.
 */
export function shownOffer({ held, offer, away, isHeld }: ShownInput): Shown | undefined {
  if (offer === undefined) return held && { snapshot: held, hidden: [] };
  const more = heldOnly(held, offer);
  const all = [...offer.agents, ...more];
  const upstreamOf = offeredBy(offer);
  const isHidden = (agent: Agent) => !isHeld(agent.sha256) && away.has(upstreamOf(formatAgentName(agent)));
  const hidden = away.size === 0 ? [] : all.filter(isHidden);
  const gone = new Set(hidden);
  const listed = gone.size === 0 ? all : all.filter((agent) => !gone.has(agent));
  const names = new Map(listed.map((agent) => [agent, formatAgentName(agent)]));
  const agents = listed.toSorted((a, b) => compareTexts(names.get(a) ?? "", names.get(b) ?? ""));
  const createdAt = laterOf(offer.changedAt, held?.createdAt);
  const earlierProofs = [
    ...(offer.earlierProofs ?? []),
    ...(held !== undefined && more.length > 0 ? proofsOf(held) : []),
  ];
  return {
    snapshot: {
      id: makeSnapshotId(new Date(createdAt), sha256Of(`${offer.changedAt} ${JSON.stringify(agents)}`)),
      createdAt,
      upstream: offer.upstream,
      ...(earlierProofs.length === 0 ? {} : { earlierProofs }),
      verbatim:
        offer.verbatim.complete && hidden.length > 0
          ? withoutHidden(hidden.length, all.length)
          : offer.verbatim,
      agents,
    },
    hidden,
  };
}

/** Held agents that are not offered: imported, asked for by a plan, or gone upstream. The offer wins. */
export function heldOnly(
  held: Pick<Snapshot, "agents"> | undefined,
  offer: Pick<Offer, "agents"> | undefined,
): readonly Agent[] {
  if (offer === undefined || held === undefined) return held?.agents ?? [];
  const names = new Set(offer.agents.map(formatAgentName));
  const others = held.agents.filter((agent) => !names.has(formatAgentName(agent)));
  if (others.length === 0) return others;
  const bytes = new Map(offer.agents.map(({ path, sha256 }) => [path, sha256]));
  const space = new PathSpace(bytes.keys());
  return others.filter(
    ({ path, sha256 }) => (bytes.get(path) ?? sha256) === sha256 && space.take(path) === undefined,
  );
}

/** The settings that say for how long what is not held stays listed. */
export interface StaleRules {
  /** `cache.stale`, in ms. */
  readonly staleMs: number;
  /** Of upstreams, by name; the others have that of the whole cache. Default: none. */
  readonly upstreams?: readonly { readonly name: string; readonly staleMs: number }[];
}

/**
 * Names of the upstreams of this offer that have been out of reach for longer than `stale`, as far as the last look at them
 * tells: what is not held cannot be fetched from them.
 */
export function awayUpstreams(
  offer: Pick<Offer, "upstream" | "others"> | undefined,
  reach: OfferReach | undefined,
  { rules, now }: { readonly rules: StaleRules; readonly now: Date },
): ReadonlySet<string> {
  const { upstreams = [], staleMs } = rules;
  const names =
    offer === undefined
      ? (reach?.upstreams ?? upstreams).map(({ name }) => name)
      : [offer.upstream.name, ...(offer.others ?? []).map(({ upstream }) => upstream)];
  const isAway = (name: string) => {
    const own = reach?.upstreams?.find((one) => one.name === name);
    // A note of an earlier version of jam says it for all of them.
    const away = own === undefined ? reach?.away : own.away;
    const patience = upstreams.find((one) => one.name === name)?.staleMs ?? staleMs;
    return away !== undefined && now.getTime() - Date.parse(away.since) >= patience;
  };
  return new Set(names.filter(isAway));
}

function withoutHidden(hidden: number, all: number): VerbatimFace {
  return {
    complete: false,
    reason: `${hidden} of ${all} agents are not held, and upstream cannot be reached`,
  };
}

function laterOf(one: string, other: string | undefined): string {
  return other === undefined || Date.parse(one) >= Date.parse(other) ? one : other;
}

import { formatAgentName, type Agent } from "../juju/agent.ts";
import { MIRROR_REF } from "../shared/ref-name.ts";
import { sha256Of } from "../shared/sha256.ts";
import type { Store } from "../store/store.ts";
import { findHeld } from "./held-tarballs.ts";
import { nextTurnMs } from "./next-turn.ts";
import { offeredBy, readOffer, readReach, type OfferReach } from "./offer.ts";
import { currentSnapshot } from "./read-snapshots.ts";
import { awayUpstreams, shownOffer, type StaleRules } from "./shown-offer.ts";
import type { Snapshot } from "./snapshot.ts";

/** The settings `cache.…` that decide what is listed. */
export interface CacheRules extends StaleRules {
  readonly refreshMs: number;
  /** Bytes of what clients requested, of all upstreams without a quota of their own; undefined: unlimited. */
  readonly quota?: number | undefined;
  /** What applies to each upstream, in order of preference. Default: nothing is said of single upstreams. */
  readonly upstreams?: readonly UpstreamRules[];
}

/** The settings of one upstream. */
export interface UpstreamRules {
  readonly name: string;
  readonly refreshMs: number;
  readonly staleMs: number;
  /** Undefined where it has none of its own. */
  readonly quota: number | undefined;
}

/** What reading it needs of a store. */
export interface ShownReader {
  readonly refs: Pick<Store["refs"], "read">;
  readonly documents: Pick<Store["documents"], "get" | "list">;
  readonly blobs: Pick<Store["blobs"], "names" | "sizes">;
}

/** A mirror in cache mode at one moment. */
export interface ShownMirror {
  /** What the server lists; undefined before anything was offered or held. */
  readonly snapshot: Snapshot | undefined;
  /** Offered or published agents whose tarball is in the store. */
  readonly held: readonly Agent[];
  /** Those whose tarball is not. */
  readonly missing: readonly Agent[];
  /** Those of `missing` that are not listed now, because their upstream cannot be reached. */
  readonly hidden: readonly Agent[];
  /** Names of the agents that a sync, an import or a plan brought. */
  readonly synced: ReadonlySet<string>;
  readonly reach: OfferReach | undefined;
  readonly upstream: UpstreamReach;
  /** Of the agents that are offered: the upstream because of which, by the agent's name. */
  readonly upstreamOf: (agent: string) => string;
}

/** `unknown`: upstream was never asked, or so long ago that the answer says nothing about now. */
export type UpstreamReach = "answers" | "away" | "unknown";

/**
 * What a server in cache mode lists now, and what of it is here. Asks no upstream: the server notes how it answered.
 * @throws JamError JAM_STORE_…
 */
export async function readShown(store: ShownReader, rules: CacheRules, now: Date): Promise<ShownMirror> {
  const { documents } = store;
  const published = await currentSnapshot(store, MIRROR_REF);
  const [offer, reach] = [await readOffer(documents), await readReach(documents)];
  const input = { held: published, offer };
  const all = shownOffer({ ...input, away: new Set(), isHeld: () => true })?.snapshot.agents ?? [];
  const tarballs = await findHeld(store, all);
  const isHeld = ({ sha256 }: Agent) => tarballs.has(sha256);
  const shown = shownOffer({
    ...input,
    away: awayUpstreams(offer, reach, { rules, now }),
    isHeld: (sha256) => tarballs.has(sha256),
  });
  return {
    snapshot: shown?.snapshot,
    held: all.filter(isHeld),
    missing: all.filter((agent) => !isHeld(agent)),
    hidden: shown?.hidden ?? [],
    synced: new Set((published?.agents ?? []).map(formatAgentName)),
    reach,
    upstream: reachNow(reach, { refreshMs: turnMs(reach, rules) }, now),
    upstreamOf: offer === undefined ? () => "" : offeredBy(offer),
  };
}

/** A server refreshes at every turn: when the last one was missed, nobody looks. */
export function reachNow(
  reach: Pick<OfferReach, "refreshedAt" | "away"> | undefined,
  { refreshMs }: Pick<CacheRules, "refreshMs">,
  now: Date,
): UpstreamReach {
  if (reach === undefined) return "unknown";
  if (reach.away !== undefined) return "away";
  const ageMs = now.getTime() - Date.parse(reach.refreshedAt);
  return ageMs <= 2 * refreshMs + LATE_MS ? "answers" : "unknown";
}

/** How long a server waits after the turn that was noted last: not for upstreams that were not needed in it. */
function turnMs(reach: OfferReach | undefined, { refreshMs, upstreams = [] }: CacheRules): number {
  if (upstreams.length === 0) return refreshMs;
  return nextTurnMs(reach, upstreams, new Date(reach?.refreshedAt ?? 0));
}

/** How long a refresh may take. */
const LATE_MS = 60_000;

/** A text that changes whenever `readShown` may give something else. */
export async function markOfShown(
  { documents }: Pick<ShownReader, "documents">,
  rules: CacheRules,
  now: Date,
): Promise<string> {
  const reach = await readReach(documents);
  const cached = await documents.get("state", "cached.json");
  const away = awayUpstreams(undefined, reach, { rules, now });
  return [reach?.changedAt, [...away].join(","), cached === undefined ? "" : sha256Of(cached)].join(" ");
}

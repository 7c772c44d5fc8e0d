import { formatAgentName, sumTarballBytes, type Agent } from "../juju/agent.ts";
import type { Store } from "../store/store.ts";
import { readCachedBlobs } from "./cached-blobs.ts";
import type { OfferReach, UpstreamAnswer } from "./offer.ts";
import {
  readShown,
  reachNow,
  type CacheRules,
  type ShownMirror,
  type ShownReader,
  type UpstreamRules,
} from "./read-shown.ts";
import type { StatusDocument } from "./status-document.ts";

type CacheStatus = NonNullable<StatusDocument["cache"]>;
type UpstreamStatus = CacheStatus["upstreams"][number];

/**
 * What a mirror in cache mode offers and holds, and how each upstream answers.
 * @throws JamError JAM_STORE_…
 */
export async function describeCache(
  store: ShownReader & { readonly documents: Pick<Store["documents"], "get" | "list"> },
  { now, ...rules }: CacheRules & { readonly now: Date },
): Promise<CacheStatus> {
  const shown = await readShown(store, rules, now);
  const { snapshot, held, missing, synced, reach, upstream } = shown;
  const cached = held.filter((agent) => !synced.has(formatAgentName(agent)));
  const sender = await readSenders(store.documents, rules, shown);
  return {
    upstream,
    refreshedAt: reach?.refreshedAt ?? null,
    ...troubleIn(reach),
    listed: snapshot?.agents.length ?? 0,
    held: count(held),
    cached: count(cached),
    offered: count(missing),
    quota: rules.quota ?? null,
    upstreams: (rules.upstreams ?? []).map((one, index) => ({
      ...describeUpstream(one, { shown, now, isFirst: index === 0 }),
      cached: count(cached.filter((agent) => sender(agent) === one.name)),
    })),
  };
}

/** Which upstream sent a tarball; where that is not noted, the one that offers it. */
async function readSenders(
  documents: Pick<Store["documents"], "get">,
  { upstreams = [] }: CacheRules,
  { upstreamOf }: ShownMirror,
): Promise<(agent: Agent) => string> {
  const noted = await readCachedBlobs(documents);
  const names = new Set(upstreams.map(({ name }) => name));
  return (agent) => {
    const from = noted.get(agent.sha256)?.upstream;
    return from !== undefined && names.has(from) ? from : upstreamOf(formatAgentName(agent));
  };
}

function describeUpstream(
  rules: UpstreamRules,
  {
    shown: { reach, missing, upstreamOf },
    now,
    isFirst,
  }: { readonly shown: ShownMirror; readonly now: Date; readonly isFirst: boolean },
): Omit<UpstreamStatus, "cached"> {
  const { name, refreshMs, staleMs, quota } = rules;
  const answer = reach?.upstreams?.find((one) => one.name === name);
  const offered = missing.filter((agent) => upstreamOf(formatAgentName(agent)) === name);
  const nextMs = answer === undefined ? 0 : Date.parse(answer.refreshedAt) + refreshMs;
  const awayMs = answer?.away === undefined ? undefined : Date.parse(answer.away.since);
  return {
    name,
    state: stateOf(answer, { refreshMs, now, isNeeded: isFirst || offered.length > 0 }),
    refreshedAt: answer?.refreshedAt ?? null,
    nextAt: nextMs >= now.getTime() ? new Date(nextMs).toISOString() : null,
    ...troubleIn(answer),
    ...(awayMs === undefined ? {} : { staleUntil: new Date(awayMs + staleMs).toISOString() }),
    offered: count(offered),
    quota: quota ?? null,
  };
}

function stateOf(
  answer: UpstreamAnswer | undefined,
  {
    refreshMs,
    now,
    isNeeded,
  }: { readonly refreshMs: number; readonly now: Date; readonly isNeeded: boolean },
): UpstreamStatus["state"] {
  const state = reachNow(answer, { refreshMs }, now);
  if (state === "answers" && answer?.fault !== undefined) return "refused";
  return state === "unknown" && !isNeeded ? "not-needed" : state;
}

function troubleIn(
  answer: Pick<OfferReach, "away" | "fault"> | undefined,
): Pick<CacheStatus, "away" | "fault"> {
  const { away, fault } = answer ?? {};
  return {
    ...(away && { away }),
    ...(fault && { fault: { since: fault.since, code: fault.code, message: fault.message } }),
  };
}

function count(agents: readonly Agent[]): { readonly agents: number; readonly bytes: number } {
  return { agents: agents.length, bytes: sumTarballBytes(agents) };
}

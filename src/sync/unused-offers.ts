import { formatAgentName, type Agent } from "../juju/agent.ts";
import { buildCatalogue } from "../juju/catalogue.ts";
import { selectAgents } from "../juju/select.ts";
import type { SelectionRules } from "../juju/select-rule.ts";
import { readMetadata, type UpstreamMetadata } from "../metadata/read-metadata.ts";
import { readBaseline } from "../mirror/read-snapshots.ts";
import type { UnusedOffer } from "../mirror/unused-offer.ts";
import { acceptedOf, readUpstreamState } from "../mirror/upstream-state.ts";
import { JamError, toJamError } from "../shared/errors.ts";
import { MIRROR_REF } from "../shared/ref-name.ts";
import type { Upstream } from "../upstream/source.ts";
import { type Assessment, isAnyOf } from "./assess.ts";
import type { SourceFailure } from "./choose-upstream.ts";
import type { SyncCollaborators, SyncOptions } from "./sync-work.ts";

/** All that the upstreams list, in addition to an assessment. */
export interface UnusedOffers {
  readonly offers: readonly UnusedOffer[];
  /** Upstreams that could not be read, with those of the assessment. */
  readonly failures: readonly SourceFailure[];
}

/**
 * Reads, of every upstream, what the assessment did not use of it, in the streams that the rules name. A sync does not do
 * that; it is for whoever asks why an agent is not mirrored.
 * @throws JamError JAM_CANCELLED, JAM_STORE_…
 */
export async function readUnusedOffers(
  options: SyncOptions,
  work: SyncCollaborators,
  assessment: Pick<Assessment, "source" | "listed" | "further" | "failures">,
): Promise<UnusedOffers> {
  const { source: chosen, listed, further } = assessment;
  const read = await createReader(options, work);
  const known = new Set([listed, ...further.map(({ agents }) => agents)].flat().map(formatAgentName));
  const failures = [...assessment.failures];
  const before = [chosen.name];
  const offers: UnusedOffer[] = [];
  for (const source of work.sources) {
    if (source === chosen || failures.some((failure) => failure.source === source)) continue;
    try {
      const used = further.find((one) => one.source === source);
      const { products, unreadable } = used?.metadata ?? (await read(source));
      const [first] = unreadable;
      if (first !== undefined) failures.push({ source, error: first.error });
      const agents = buildCatalogue(products).agents.filter((agent) => !known.has(formatAgentName(agent)));
      for (const agent of agents) known.add(formatAgentName(agent));
      if (agents.length > 0) offers.push({ upstream: source.name, before: [...before], agents });
      before.push(source.name);
    } catch (error) {
      if (work.signal.aborted) throw new JamError("JAM_CANCELLED", "Cancelled.", { cause: error });
      failures.push({ source, error: toJamError(error) });
    }
  }
  return { offers, failures };
}

/** Reads an upstream as a sync would that asks it after others, and compares it with what was accepted of it. */
async function createReader(
  options: SyncOptions,
  work: SyncCollaborators,
): Promise<(source: Upstream) => Promise<UpstreamMetadata>> {
  const { documents } = work.store;
  const { current } = await readBaseline(work.store, MIRROR_REF);
  const state = await readUpstreamState(documents, current);
  const isNamed = isAnyOf(options.rules.select.flatMap((rule) => rule.streams));
  const wants = (_entry: unknown, stream: string) => isNamed(stream);
  return (source) => {
    const accepted = acceptedOf(state, source) ?? new Map();
    return readMetadata({ ...options, ...work, source, documents, accepted, wants });
  };
}

/** Of these offers what the rules would take if every upstream counted as much as the first; the others are left out. */
export function offersWithinRules(
  { offers }: Pick<UnusedOffers, "offers">,
  used: readonly Agent[],
  rules: SelectionRules,
): readonly UnusedOffer[] {
  const all = [...used, ...offers.flatMap(({ agents }) => agents)];
  const taken = new Set(
    selectAgents(all, rules).flatMap(({ agent, ...verdict }) => (verdict.taken ? [agent] : [])),
  );
  return offers.flatMap((offer) => {
    const agents = offer.agents.filter((agent) => taken.has(agent));
    return agents.length === 0 ? [] : [{ ...offer, agents }];
  });
}

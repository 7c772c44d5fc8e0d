import { formatAgentName, type Agent } from "../juju/agent.ts";
import { keepUpstreamCatalogue } from "../mirror/keep-upstream-catalogue.ts";
import { evaluateVerbatimFace } from "../mirror/face.ts";
import {
  offeredBy,
  readOffer,
  readReach,
  writeOffer,
  writeReach,
  type Offer,
  type OfferedByOther,
  type OfferReach,
} from "../mirror/offer.ts";
import { rememberAgents } from "../mirror/listed-before.ts";
import type { UpstreamProof } from "../mirror/snapshot.ts";
import { proofOf, writeUpstreamState } from "../mirror/upstream-state.ts";
import { defined } from "../shared/collections.ts";
import type { Store } from "../store/store.ts";
import { ERROR_OUTCOMES, type ErrorFamily } from "../shared/errors.ts";
import type { AssessedOffer } from "./assess-offer.ts";
import type { Assessment } from "./assess.ts";
import { answersOf } from "./upstream-answers.ts";

/** Failures of an assessment that are about what upstream publishes, and not about what was asked for. */
const UNTRUSTED: ReadonlySet<ErrorFamily> = new Set(["metadata", "item"]);

/** The offer that follows from an assessment; the one before where nothing of it changed. */
export function nextOffer(
  { source, metadata, further }: Pick<Assessment, "source" | "metadata" | "further">,
  { agents, away }: Pick<AssessedOffer, "agents" | "away">,
  { before, now }: { readonly before: Offer | undefined; readonly now: Date },
): Offer {
  const kept = offeredOfAway(before, away);
  const others = [...offeredOfFurther(further, agents), ...kept];
  const earlierProofs = [
    ...further.map((one) => proofOf(one.source, one.metadata.documents)),
    ...proofsOfAway(before, kept),
  ];
  const content = {
    upstream: proofOf(source, metadata.documents),
    ...(earlierProofs.length === 0 ? {} : { earlierProofs }),
    verbatim: evaluateVerbatimFace(metadata, source.verifies, agents),
    agents,
    ...(others.length === 0 ? {} : { others }),
  };
  if (before !== undefined) {
    const next: Offer = { changedAt: before.changedAt, ...content };
    if (JSON.stringify(next) === JSON.stringify(sameOrder(before))) return before;
  }
  return { changedAt: now.toISOString(), ...content };
}

/** Fields in the order of `nextOffer`, which the comparison as text needs. */
function sameOrder({ changedAt, upstream, earlierProofs, verbatim, agents, others }: Offer): Offer {
  return {
    changedAt,
    upstream,
    ...(earlierProofs && { earlierProofs }),
    verbatim,
    agents,
    ...(others && { others }),
  };
}

function offeredOfFurther(
  further: Assessment["further"],
  agents: readonly Agent[],
): readonly OfferedByOther[] {
  if (further.length === 0) return [];
  const offered = new Set(agents.map(formatAgentName));
  return further
    .map((one) => ({
      upstream: one.source.name,
      agents: one.agents.map(formatAgentName).filter((name) => offered.has(name)),
    }))
    .filter((one) => one.agents.length > 0);
}

/** Agents of upstreams that could not be asked, by upstream as before. */
function offeredOfAway(before: Offer | undefined, away: readonly Agent[]): readonly OfferedByOther[] {
  if (before === undefined || away.length === 0) return [];
  const upstreamOf = offeredBy(before);
  const byUpstream = Map.groupBy(away.map(formatAgentName), upstreamOf);
  return [...byUpstream].map(([upstream, agents]) => ({ upstream, agents }));
}

function proofsOfAway(before: Offer | undefined, kept: readonly OfferedByOther[]): readonly UpstreamProof[] {
  if (before === undefined) return [];
  const names = new Set(kept.map(({ upstream }) => upstream));
  return [before.upstream, ...(before.earlierProofs ?? [])].filter(({ name }) => names.has(name));
}

/** What to note of an upstream that answered. A change that is refused is named; what was offered before stays. */
export function reachOf(
  { failed, offer, ...asked }: Pick<Assessment, "failed" | "offer" | "sources" | "answered" | "failures">,
  { before, now, changedAt, rested = new Set() }: ReachMoment,
): OfferReach {
  const refusal = offer?.refusal;
  const trouble = refusal ?? failed.find(({ code }) => UNTRUSTED.has(ERROR_OUTCOMES[code].family));
  return {
    refreshedAt: now.toISOString(),
    upstreams: answersOf(before, asked, { now, rested }),
    ...(changedAt === undefined ? {} : { changedAt }),
    ...(trouble === undefined
      ? {}
      : {
          fault: {
            since: before?.fault?.code === trouble.code ? before.fault.since : now.toISOString(),
            code: trouble.code,
            message: trouble.message,
            ...(refusal?.hint === undefined ? {} : { hint: refusal.hint }),
          },
        }),
  };
}

interface ReachMoment {
  readonly before: OfferReach | undefined;
  readonly now: Date;
  /** Upstreams that were not asked, because their time had not come. Default: none. */
  readonly rested?: ReadonlySet<string>;
  /** Of the offer that is kept. */
  readonly changedAt: string | undefined;
}

/** What is recorded of an assessment. */
type AcceptedAssessment = Pick<
  Assessment,
  | "source"
  | "metadata"
  | "listed"
  | "further"
  | "state"
  | "offer"
  | "failed"
  | "sources"
  | "answered"
  | "failures"
>;

/**
 * Keeps the documents that an assessment accepted, and the offer that follows from it where the mirror is in cache mode.
 * Call with the writer's lease held.
 * @throws JamError JAM_STORE_…
 */
export async function recordAccepted(
  documents: Store["documents"],
  assessment: AcceptedAssessment,
  { now, rested }: Pick<ReachMoment, "now" | "rested">,
): Promise<void> {
  for (const { fresh } of [assessment.metadata, ...assessment.further.map(({ metadata }) => metadata)]) {
    for (const { sha256, bytes } of fresh) await documents.put("upstream", sha256, bytes);
  }
  // Before anything is published: a kill in between must not leave agents whose metadata is not recorded.
  await writeUpstreamState(documents, assessment.state);
  const { metadata, listed } = assessment;
  await keepUpstreamCatalogue(documents, assessment.state, { ...metadata, agents: () => listed });
  const { offer } = assessment;
  if (offer === undefined) return;
  const before = await readOffer(documents);
  const next = offer.refusal === undefined ? nextOffer(assessment, offer, { before, now }) : before;
  if (next !== undefined && next !== before) {
    if (before !== undefined) await rememberAgents(documents, without(before, next), before.changedAt);
    await writeOffer(documents, next);
  }
  const reach = {
    before: await readReach(documents),
    now,
    changedAt: next?.changedAt,
    ...defined({ rested }),
  };
  await writeReach(documents, reachOf(assessment, reach));
}

/** What was offered and is not any longer; no snapshot knows of it. */
function without(before: Offer, next: Offer): readonly Agent[] {
  const offered = new Set(next.agents.map(({ path, sha256 }) => `${path} ${sha256}`));
  return before.agents.filter(({ path, sha256 }) => !offered.has(`${path} ${sha256}`));
}

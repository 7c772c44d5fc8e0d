import type { Agent } from "../juju/agent.ts";
import { keepUpstreamCatalogue } from "../mirror/keep-upstream-catalogue.ts";
import { evaluateVerbatimFace } from "../mirror/face.ts";
import {
  readOffer,
  readReach,
  writeOffer,
  writeReach,
  type Offer,
  type OfferReach,
} from "../mirror/offer.ts";
import { rememberAgents } from "../mirror/listed-before.ts";
import { proofOf, writeUpstreamState } from "../mirror/upstream-state.ts";
import type { Store } from "../store/store.ts";
import { ERROR_OUTCOMES, type ErrorFamily } from "../shared/errors.ts";
import type { Assessment } from "./assess.ts";

/** Failures of an assessment that are about what upstream publishes, and not about what was asked for. */
const UNTRUSTED: ReadonlySet<ErrorFamily> = new Set(["metadata", "item"]);

/** The offer that follows from an assessment; the one before where nothing of it changed. */
export function nextOffer(
  { source, metadata, further }: Pick<Assessment, "source" | "metadata" | "further">,
  agents: readonly Agent[],
  { before, now }: { readonly before: Offer | undefined; readonly now: Date },
): Offer {
  const earlierProofs = further.map((one) => proofOf(one.source, one.metadata.documents));
  const content = {
    upstream: proofOf(source, metadata.documents),
    ...(earlierProofs.length === 0 ? {} : { earlierProofs }),
    verbatim: evaluateVerbatimFace(metadata, source.verifies, agents),
    agents,
  };
  if (before !== undefined) {
    const next: Offer = { changedAt: before.changedAt, ...content };
    if (JSON.stringify(next) === JSON.stringify(sameOrder(before))) return before;
  }
  return { changedAt: now.toISOString(), ...content };
}

/** Fields in the order of `nextOffer`, which the comparison as text needs. */
function sameOrder({ changedAt, upstream, earlierProofs, verbatim, agents }: Offer): Offer {
  return { changedAt, upstream, ...(earlierProofs && { earlierProofs }), verbatim, agents };
}

/** What to note of an upstream that answered. A change that is refused is named; what was offered before stays. */
export function reachOf(
  { failed, offer }: Pick<Assessment, "failed" | "offer">,
  { before, now, changedAt }: ReachMoment,
): OfferReach {
  const refusal = offer?.refusal;
  const trouble = refusal ?? failed.find(({ code }) => UNTRUSTED.has(ERROR_OUTCOMES[code].family));
  return {
    refreshedAt: now.toISOString(),
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
  /** Of the offer that is kept. */
  readonly changedAt: string | undefined;
}

/**
 * Keeps the documents that an assessment accepted, and the offer that follows from it where the mirror is in cache mode.
 * Call with the writer's lease held.
 * @throws JamError JAM_STORE_…
 */
export async function recordAccepted(
  documents: Store["documents"],
  assessment: Pick<Assessment, "source" | "metadata" | "listed" | "further" | "state" | "offer" | "failed">,
  now: Date,
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
  const next = offer.refusal === undefined ? nextOffer(assessment, offer.agents, { before, now }) : before;
  if (next !== undefined && next !== before) {
    if (before !== undefined) await rememberAgents(documents, without(before, next), before.changedAt);
    await writeOffer(documents, next);
  }
  const reach = { before: await readReach(documents), now, changedAt: next?.changedAt };
  await writeReach(documents, reachOf(assessment, reach));
}

/** What was offered and is not any longer; no snapshot knows of it. */
function without(before: Offer, next: Offer): readonly Agent[] {
  const offered = new Set(next.agents.map(({ path, sha256 }) => `${path} ${sha256}`));
  return before.agents.filter(({ path, sha256 }) => !offered.has(`${path} ${sha256}`));
}

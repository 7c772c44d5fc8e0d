import type { Agent } from "../juju/agent.ts";
import type { ErrorCode } from "../shared/errors.ts";
import type { DocumentStore } from "../store/store.ts";
import type { UpstreamProof, VerbatimFace } from "./snapshot.ts";
import { stateDocument } from "./state-document.ts";

/** What a mirror in cache mode offers: what upstream lists and the rules take, whether it is held or not. */
export interface Offer {
  /** ISO 8601. */
  readonly changedAt: string;
  readonly upstream: UpstreamProof;
  /** Proofs of agents that only other upstreams list; absent where there are none. */
  readonly earlierProofs?: readonly UpstreamProof[];
  /** Whether the verbatim face may be served while everything that is offered can be had. */
  readonly verbatim: VerbatimFace;
  readonly agents: readonly Agent[];
  /** Those that another upstream offers than `upstream`; absent where there are none. */
  readonly others?: readonly OfferedByOther[];
}

/** What is offered because of one further upstream. */
export interface OfferedByOther {
  /** Its name. */
  readonly upstream: string;
  /** Names of agents. */
  readonly agents: readonly string[];
}

// Written whole by this program: only the envelope is checked, as in a snapshot.
const offerNote = stateDocument<Offer>({
  name: "offer.json",
  format: "jam-offer:1",
  schema: (zod) =>
    zod.custom<Offer>(
      (value) =>
        typeof value === "object" && value !== null && "agents" in value && Array.isArray(value.agents),
    ),
  damage: "absent",
  indent: 0,
});

const reachNote = stateDocument<OfferReach>({
  name: "offer-reach.json",
  format: "jam-offer-reach:1",
  schema: (zod) => {
    const trouble = zod.object({
      since: zod.string(),
      // A code of docs/reference/errors.md, perhaps of another version of jam.
      code: zod.custom<ErrorCode>((value) => typeof value === "string"),
      message: zod.string(),
    });
    const state = {
      refreshedAt: zod.string(),
      away: trouble.exactOptional(),
      fault: trouble.extend({ hint: zod.string().exactOptional() }).exactOptional(),
    };
    return zod.object({
      ...state,
      changedAt: zod.string().exactOptional(),
      upstreams: zod.array(zod.object({ ...state, name: zod.string() })).exactOptional(),
    });
  },
  damage: "absent",
});

/** How upstream answered when its metadata was last read. */
export interface OfferReach {
  /** ISO 8601; when upstream was last asked. */
  readonly refreshedAt: string;
  /** `changedAt` of the offer that is kept; absent before the first one. */
  readonly changedAt?: string;
  /** Present while upstream cannot be reached: since when, and why. */
  readonly away?: Trouble;
  /** Present while what upstream publishes is refused, as a whole or in part: what it offered before stays. */
  readonly fault?: Trouble & { readonly hint?: string };
  /** How each upstream answered when it was last asked; those that were never asked are missing. */
  readonly upstreams?: readonly UpstreamAnswer[];
}

/** How one upstream answered. */
export interface UpstreamAnswer extends Pick<OfferReach, "refreshedAt" | "away" | "fault"> {
  readonly name: string;
}

interface Trouble {
  /** ISO 8601. */
  readonly since: string;
  readonly code: ErrorCode;
  readonly message: string;
}

/** The last good offer; undefined before the first one, or when the note is damaged: the next refresh makes it again. */
export async function readOffer(documents: Pick<DocumentStore, "get">): Promise<Offer | undefined> {
  return offerNote.read(documents);
}

/** Names the upstream because of which an agent is offered, by the agent's name. */
export function offeredBy({ upstream, others = [] }: Offer): (agent: string) => string {
  const names = new Map(others.flatMap(({ upstream: name, agents }) => agents.map((agent) => [agent, name])));
  return (agent) => names.get(agent) ?? upstream.name;
}

/** Replaces the offer, durably. Call with the writer's lease held. */
export async function writeOffer(documents: Pick<DocumentStore, "put">, offer: Offer): Promise<void> {
  await offerNote.write(documents, offer);
}

/** How upstream answered last; undefined when it was never asked. */
export async function readReach(documents: Pick<DocumentStore, "get">): Promise<OfferReach | undefined> {
  return reachNote.read(documents);
}

/** Replaces the note on how upstream answered. It says only what was seen, so it needs no lease. */
export async function writeReach(documents: Pick<DocumentStore, "put">, reach: OfferReach): Promise<void> {
  await reachNote.write(documents, reach);
}

import type { Sha256 } from "../shared/sha256.ts";
import type { DocumentStore } from "../store/store.ts";

/** The agents that plans asked for; a later sync keeps them beside what the rules want. */
export interface KeptPlans {
  /** Names of agents. */
  readonly agents: readonly string[];
  /** Streams that list them. */
  readonly streams: readonly string[];
}

/** What an upgrade plan asks a sync for, and nothing else. */
export interface PlanWishes {
  /** Names of agents, with the content that the plan saw; null where it saw none. */
  readonly agents: ReadonlyMap<string, Sha256 | null>;
  /** Streams that list them. */
  readonly streams: readonly string[];
}

const NAME = "kept-plans.json";
const FORMAT = "jam-kept-plans:1";

export const NO_KEPT_PLANS: KeptPlans = { agents: [], streams: [] };

/** What earlier plans asked for; nothing when none did, or when the document is damaged. */
export async function readKeptPlans(documents: DocumentStore): Promise<KeptPlans> {
  const bytes = await documents.get("state", NAME);
  if (bytes === undefined) return NO_KEPT_PLANS;
  try {
    const kept = JSON.parse(Buffer.from(bytes).toString("utf8")) as Partial<
      KeptPlans & { format: string }
    > | null;
    if (kept?.format !== FORMAT || !isWords(kept.agents) || !isWords(kept.streams)) return NO_KEPT_PLANS;
    return { agents: kept.agents, streams: kept.streams };
  } catch {
    return NO_KEPT_PLANS;
  }
}

/** Replaces what is kept for plans, durably. */
export async function writeKeptPlans(documents: DocumentStore, kept: KeptPlans): Promise<void> {
  const document = { format: FORMAT, ...kept };
  await documents.put("state", NAME, Buffer.from(`${JSON.stringify(document, null, 1)}\n`));
}

/** Both, each name once. */
export function joinKeptPlans(one: KeptPlans, other: KeptPlans): KeptPlans {
  return {
    agents: [...new Set([...one.agents, ...other.agents])],
    streams: [...new Set([...one.streams, ...other.streams])],
  };
}

function isWords(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((word) => typeof word === "string");
}

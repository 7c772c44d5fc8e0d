import { formatTrack, readVersionText } from "../juju/version-text.ts";
import type { Agent } from "../juju/agent.ts";
import { createHint, type HintView } from "./channel-hint.ts";
import type { KnownAgents } from "./known-agents.ts";

/** Requested agents that are not held. */
export interface MissingAgents {
  readonly word: string;
  readonly arch?: string | undefined;
  readonly stream?: string | undefined;
  /** What upstream lists now; left out, what it listed at the last sync. */
  readonly upstream?: readonly Agent[] | undefined;
}

/**
 * How to fetch the agents that a word means, knowing what is held, what upstream lists and what the rules select; undefined
 * if the word is not a version: then `readKnown` is not called.
 */
export async function adviseOn(
  missing: MissingAgents,
  settings: Pick<HintView, "rules" | "isOffline" | "channel">,
  readKnown: () => Promise<KnownAgents>,
): Promise<string | undefined> {
  const read = readVersionText(missing.word);
  if (read === undefined) return undefined;
  const known = await readKnown();
  const versions = "version" in read ? read.version : formatTrack(read.track);
  const arch = missing.arch ?? (read.kind === "binary" ? read.arch : undefined);
  const hint = createHint({
    held: known.held,
    upstream: missing.upstream ?? known.upstream,
    ...settings,
  });
  const arches = new Set(known.held.flatMap((agent) => (agent.version === versions ? [agent.arch] : [])));
  const isHeldFor = arches.size === 0 ? "" : `${versions} is held for ${[...arches].sort().join(", ")}. `;
  return `${isHeldFor}${hint({ versions, arches: arch === undefined ? [] : [arch], stream: missing.stream })}`;
}

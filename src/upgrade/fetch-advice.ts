import type { Agent } from "../juju/agent.ts";
import { formatTrack, readVersionText } from "../juju/version-text.ts";
import { createFetchHint, type FetchView } from "./fetch-hint.ts";
import type { KnownAgents } from "./known-agents.ts";

/** What was asked for and is not held. */
export interface MissingAgents {
  readonly word: string;
  readonly arch?: string | undefined;
  readonly stream?: string | undefined;
  /** What upstream lists now; left out, what it listed at the last sync. */
  readonly upstream?: readonly Agent[] | undefined;
}

/**
 * How to get agents that a word means, knowing what is held, what upstream lists and what the rules take; undefined when
 * the word names no version: then `readKnown` is not called.
 */
export async function adviseOn(
  missing: MissingAgents,
  settings: Pick<FetchView, "rules" | "isOffline">,
  readKnown: () => Promise<KnownAgents>,
): Promise<string | undefined> {
  const read = readVersionText(missing.word);
  if (read === undefined) return undefined;
  const known = await readKnown();
  const versions = "version" in read ? read.version : formatTrack(read.track);
  const arch = missing.arch ?? (read.kind === "binary" ? read.arch : undefined);
  const hint = createFetchHint({
    held: known.held,
    upstream: missing.upstream ?? known.upstream,
    ...settings,
  });
  const arches = new Set(known.held.flatMap((agent) => (agent.version === versions ? [agent.arch] : [])));
  const isHeldFor = arches.size === 0 ? "" : `${versions} is held for ${[...arches].sort().join(", ")}. `;
  return `${isHeldFor}${hint({ versions, arches: arch === undefined ? [] : [arch], stream: missing.stream })}`;
}

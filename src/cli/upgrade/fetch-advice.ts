import type { Agent } from "../../juju/agent.ts";
import { formatTrack, readVersionText } from "../../juju/version-text.ts";
import { createFetchHint } from "../../upgrade/fetch-hint.ts";
import { readKnownAgents } from "../../upgrade/known-agents.ts";
import type { CommandContext } from "../command.ts";

/** What was asked for and is not held. */
export interface AskedAgents {
  readonly word: string;
  readonly arch?: string | undefined;
  readonly stream?: string | undefined;
  /** What upstream lists now; left out, what it listed at the last sync. */
  readonly upstream?: readonly Agent[] | undefined;
}

/**
 * How to get agents that a word means, knowing what is held, what upstream lists and what the rules take; undefined when
 * the word names no version. Asks no network.
 * @throws JamError JAM_STORE_…
 */
export async function adviseOn(context: CommandContext, asked: AskedAgents): Promise<string | undefined> {
  const read = readVersionText(asked.word);
  if (read === undefined) return undefined;
  const config = await context.config();
  const { openStore } = await import("../../compose/store.ts");
  const known = await readKnownAgents(await openStore(config));
  const versions = "version" in read ? read.version : formatTrack(read.track);
  const arch = asked.arch ?? (read.kind === "binary" ? read.arch : undefined);
  const hint = createFetchHint({
    held: known.held,
    upstream: asked.upstream ?? known.upstream,
    rules: config.rules,
    isOffline: config.mode === "offline",
  });
  const arches = new Set(known.held.flatMap((agent) => (agent.version === versions ? [agent.arch] : [])));
  const isHeldFor = arches.size === 0 ? "" : `${versions} is held for ${[...arches].sort().join(", ")}. `;
  return `${isHeldFor}${hint({ versions, arches: arch === undefined ? [] : [arch], stream: asked.stream })}`;
}

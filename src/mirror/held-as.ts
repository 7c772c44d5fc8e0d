import { formatAgentName, type Agent } from "../juju/agent.ts";
import type { DocumentStore } from "../store/store.ts";
import type { AgentsDocument } from "./agents-document.ts";
import { readKeptPlans } from "./kept-plans.ts";
import { readPinnedContents } from "./pinned-contents.ts";
import { readPinnedSnapshots } from "./pinned-snapshots.ts";
import { readSnapshot } from "./read-snapshots.ts";
import type { ShownMirror } from "./read-shown.ts";

/** Why a mirror in cache mode holds an agent. */
export type HeldAs = NonNullable<AgentsDocument["agents"][number]["held"]>;

/**
 * Says of each agent that a mirror in cache mode holds why it does. Only those that are `cached` are deleted for others.
 * @throws JamError JAM_STORE_…
 */
export async function readHeldAs(
  documents: Pick<DocumentStore, "get" | "list">,
  { synced }: Pick<ShownMirror, "synced">,
): Promise<(agent: Agent) => HeldAs> {
  const planned = new Set((await readKeptPlans(documents)).agents);
  const pinned = await readPinnedContents(documents);
  for (const id of (await readPinnedSnapshots(documents)).keys())
    for (const { sha256 } of (await readSnapshot({ documents }, id))?.agents ?? []) pinned.add(sha256);
  return (agent) => {
    const name = formatAgentName(agent);
    if (planned.has(name)) return "planned";
    if (synced.has(name)) return "synced";
    return pinned.has(agent.sha256) ? "pinned" : "cached";
  };
}

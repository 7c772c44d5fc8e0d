import type { Agent } from "../juju/agent.ts";
import { parseStreamContentId } from "../juju/stream.ts";

/** The streams that list an agent, each once, in upstream's order. */
export function listStreams(agent: Pick<Agent, "listings">): string[] {
  return [
    ...new Set(agent.listings.map(({ contentId }) => parseStreamContentId(contentId)?.stream ?? contentId)),
  ];
}

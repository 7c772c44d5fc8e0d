import type { WhichState } from "../../upgrade/which/which-state.ts";
import type { AskQuery } from "../queries.ts";
import type { WriteRules } from "../response-writer.ts";

/**
 * What versions are chosen from, in the mirror or in a channel.
 * @throws JamError JAM_CHANNEL_NOT_FOUND, JAM_CHANNEL_EMPTY, JAM_STORE_…
 */
export type ReadState = (channel?: string) => Promise<WhichState>;

/** What the API answers from, and how fast its answers have to be taken. */
export interface ApiContext extends WriteRules {
  /** What versions are chosen from; cheap while nothing was published. */
  readonly readState: ReadState;
  readonly ask: AskQuery;
}

import type { WhichState } from "../../upgrade/which/which-state.ts";
import type { AskQuery } from "../queries.ts";
import type { WriteRules } from "../response-writer.ts";

/** What the API answers from, and how fast its answers have to be taken. */
export interface ApiContext extends WriteRules {
  /** What versions are chosen from; cheap while nothing was published. */
  readonly readState: () => Promise<WhichState>;
  readonly ask: AskQuery;
}

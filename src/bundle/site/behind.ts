import { sumTarballBytes } from "../../juju/agent.ts";
import type { Snapshot } from "../../mirror/snapshot.ts";
import type { Have } from "./have.ts";

/** What a mirror lists and a far side lacks. */
export interface Behind {
  /** Distinct versions of which an agent is lacking. */
  readonly versions: number;
  readonly agents: number;
  /** Bytes of the distinct tarballs. */
  readonly bytes: number;
}

/** How far a side that has `have` is behind this snapshot; an empty mirror leaves nobody behind. */
export function behindOf(snapshot: Pick<Snapshot, "agents"> | undefined, have: Have): Behind {
  const lacking = (snapshot?.agents ?? []).filter(({ sha256 }) => !have.isHeld(sha256));
  return {
    versions: new Set(lacking.map(({ version }) => version)).size,
    agents: lacking.length,
    bytes: sumTarballBytes(lacking),
  };
}

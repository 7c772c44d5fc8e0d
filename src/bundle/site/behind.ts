import { sumTarballBytes } from "../../juju/agent.ts";
import type { Snapshot } from "../../mirror/snapshot.ts";
import type { Have } from "./have.ts";
import type { ListedSite } from "./sites-document.ts";

/** What a mirror lists and another side does not have. */
export type Behind = ListedSite["behind"];

/** How far a side that has `have` is behind this snapshot; an empty mirror leaves nobody behind. */
export function behindOf(snapshot: Pick<Snapshot, "agents"> | undefined, have: Have): Behind {
  const lacking = (snapshot?.agents ?? []).filter(({ sha256 }) => !have.isHeld(sha256));
  return {
    versions: new Set(lacking.map(({ version }) => version)).size,
    agents: lacking.length,
    bytes: sumTarballBytes(lacking),
  };
}

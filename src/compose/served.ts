import type { Config } from "../config/config.ts";
import type { Agent } from "../juju/agent.ts";
import type { UpstreamReach } from "../mirror/read-shown.ts";
import { mirrorEmpty, requireCurrentSnapshot } from "../mirror/read-snapshots.ts";
import type { Store } from "../store/store.ts";

/** What clients can get here: what is held, and in cache mode what upstream offers in addition. */
export interface Served {
  readonly snapshot: { readonly id: string; readonly agents: readonly Agent[] };
  /** In cache mode: whether what is not held can be fetched. */
  readonly upstream?: UpstreamReach;
}

/**
 * What this mirror serves now.
 * @throws JamError JAM_MIRROR_EMPTY before the first sync, import or refresh
 */
export async function readServed(
  { mode, cache, data }: Pick<Config, "mode" | "cache" | "data">,
  store: Pick<Store, "refs" | "documents" | "blobs">,
  now: Date,
): Promise<Served> {
  if (mode !== "cache") return { snapshot: await requireCurrentSnapshot(store, data) };
  const { readShown } = await import("../mirror/read-shown.ts");
  const { snapshot, held, missing, upstream } = await readShown(store, cache, now);
  if (snapshot === undefined) throw mirrorEmpty(data);
  // Of several upstreams one may be away: what only it offers cannot be fetched, although the others answer.
  const listed = new Set(snapshot.agents);
  const obtainable = upstream === "away" ? missing : missing.filter((agent) => listed.has(agent));
  return { snapshot: { id: snapshot.id, agents: [...held, ...obtainable] }, upstream };
}

import { formatAgentName, listStreams, type Agent } from "../juju/agent.ts";
import { readDeletedNames } from "../mirror/listed-before.ts";
import { readOffer } from "../mirror/offer.ts";
import { unlessDamaged } from "../mirror/read-snapshots.ts";
import type { Snapshot } from "../mirror/snapshot.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { Store } from "../store/store.ts";
import type { VerifyFinding } from "./verify-document.ts";

/** What a tarball is, for whoever reads its hash in a finding. */
export type TarballSubject = Pick<VerifyFinding, "agents" | "streams" | "path">;

/**
 * What these tarballs are: by the newest snapshot that lists each, else by what a cache offers, else by what snapshots that
 * were deleted listed. Nothing is known of the others.
 */
export async function subjectsOfTarballs(
  hashes: ReadonlySet<Sha256>,
  kept: readonly Snapshot[],
  { documents }: Pick<Store, "documents">,
): Promise<ReadonlyMap<Sha256, TarballSubject>> {
  const subjects = new Map<Sha256, TarballSubject>();
  if (hashes.size === 0) return subjects;
  const addAll = (agents: readonly Agent[]) => {
    const own = agents.filter(({ sha256 }) => hashes.has(sha256) && !subjects.has(sha256));
    for (const [sha256, same] of Map.groupBy(own, (agent) => agent.sha256))
      subjects.set(sha256, describe(same));
  };
  addAll(kept.flatMap(({ agents }) => agents).toReversed());
  if (subjects.size === hashes.size) return subjects;
  addAll((await unlessDamaged(readOffer(documents)))?.agents ?? []);
  const before = subjects.size === hashes.size ? undefined : await unlessDamaged(readDeletedNames(documents));
  for (const sha256 of hashes) {
    const names = before?.get(sha256);
    if (names !== undefined && !subjects.has(sha256)) subjects.set(sha256, { agents: [...names].sort() });
  }
  return subjects;
}

function describe(agents: readonly Agent[]): TarballSubject {
  const [path = ""] = agents.map((agent) => agent.path);
  return {
    agents: [...new Set(agents.map(formatAgentName))].sort(),
    streams: [...new Set(agents.flatMap(listStreams))].sort(),
    path,
  };
}

import { formatAgentName } from "../juju/agent.ts";
import { mapConcurrently } from "../shared/map-concurrently.ts";
import type { RefName } from "../shared/ref-name.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { Store } from "../store/store.ts";
import { agentsOfPage, pageReader, type ReadPage } from "./catalogue.ts";
import { readDeletedNames } from "./listed-before.ts";
import { readHeader, unlessDamaged } from "./read-snapshots.ts";
import type { HeldBlob, RetentionPlan } from "./retention.ts";
import { refOfTree } from "./snapshot.ts";
import type { SnapshotHeader } from "./snapshot-document.ts";

/** Each thing that a plan deletes, with the reason, as people and scripts read it. */
export interface PruneAccount {
  readonly snapshots: readonly {
    readonly id: string;
    /** Of its tarballs that are deleted; one that several of these snapshots list counts for each of them. */
    readonly bytes: number;
    readonly reason: string;
  }[];
  readonly trees: readonly { readonly id: string; readonly ref: RefName; readonly reason: string }[];
  readonly tarballs: readonly (Pick<HeldBlob, "sha256" | "size"> & {
    /** Names of the agents that snapshots listed it for; none where no snapshot is known to have listed it. */
    readonly agents: readonly string[];
    readonly reason: string;
  })[];
}

/**
 * What `plan` deletes. Call before it is carried out: what is deleted says what it was.
 * @throws JamError JAM_STORE_…
 */
export async function accountFor(
  store: Pick<Store, "documents">,
  plan: RetentionPlan,
): Promise<PruneAccount> {
  const going = new Map(plan.blobs.map(({ sha256, size }) => [sha256, size]));
  const agents = new Map<Sha256, Set<string>>();
  const bytes = new Map<string, number>();
  const read = pageReader(store.documents);
  // One after the other: a page that several snapshots name is read once.
  for (const id of going.size === 0 ? [] : plan.snapshots) {
    const own = new Set<Sha256>();
    for (const { name, sha256 } of await agentsOf(store, id, { read, leftOut: plan.keptPages })) {
      if (!going.has(sha256)) continue;
      own.add(sha256);
      agents.set(sha256, (agents.get(sha256) ?? new Set()).add(name));
    }
    bytes.set(
      id,
      [...own].reduce((sum, sha256) => sum + (going.get(sha256) ?? 0), 0),
    );
  }
  const unnamed = plan.blobs.filter(({ sha256 }) => !agents.has(sha256));
  const before = unnamed.length === 0 ? undefined : await readDeletedNames(store.documents);
  const reasonOf = (name: string) => plan.reasons.get(name) ?? "";
  return {
    snapshots: plan.snapshots.map((id) => ({ id, bytes: bytes.get(id) ?? 0, reason: reasonOf(id) })),
    trees: plan.trees.map((id) => ({ id, ref: refOfTree(id), reason: plan.treeReasons.get(id) ?? "" })),
    tarballs: plan.blobs.map(({ sha256, size }) => ({
      sha256,
      size,
      agents: [...(agents.get(sha256) ?? before?.get(sha256) ?? [])].sort(),
      reason: reasonOf(sha256),
    })),
  };
}

interface AgentsOptions {
  readonly read: ReadPage;
  /** Pages that kept snapshots name: nothing of them is deleted. */
  readonly leftOut: ReadonlySet<string>;
}

async function agentsOf(
  { documents }: Pick<Store, "documents">,
  id: string,
  { read, leftOut }: AgentsOptions,
): Promise<{ readonly name: string; readonly sha256: Sha256 }[]> {
  const header: SnapshotHeader | undefined = await unlessDamaged(readHeader({ documents }, id));
  if (header === undefined) return [];
  const { catalogue } = header;
  const lists =
    "agents" in catalogue
      ? [catalogue.agents]
      : await mapConcurrently(
          catalogue.pages.filter(({ sha256 }) => !leftOut.has(sha256)),
          async (page) => (await unlessDamaged(agentsOfPage(id, page, read))) ?? [],
        );
  return lists.flat().map((agent) => ({ name: formatAgentName(agent), sha256: agent.sha256 }));
}

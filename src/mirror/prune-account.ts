import { type Agent, formatAgentName } from "../juju/agent.ts";
import { DOCUMENTS_AT_ONCE, mapConcurrently } from "../shared/map-concurrently.ts";
import type { RefName } from "../shared/ref-name.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { Store } from "../store/store.ts";
import { agentsOfPage, readPage } from "./catalogue.ts";
import type { PageName } from "./catalogue-page.ts";
import { readDeletedNames } from "./listed-before.ts";
import { readHeader, unlessDamaged } from "./read-snapshots.ts";
import type { HeldBlob, RetentionPlan } from "./retention.ts";
import { refOfTree } from "./snapshot.ts";

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
  const named = namesOf(store, { going, leftOut: plan.keptPages });
  for (const id of going.size === 0 ? [] : plan.snapshots) {
    const own = new Set<Sha256>();
    for (const { name, sha256 } of await named(id)) {
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

interface NamedTarball {
  readonly name: string;
  readonly sha256: Sha256;
}

interface NamesOptions {
  /** Tarballs that are deleted. */
  readonly going: ReadonlyMap<Sha256, number>;
  /** Pages that kept snapshots name: nothing of them is deleted. */
  readonly leftOut: ReadonlySet<string>;
}

/** What a snapshot lists of what is deleted. A page that several snapshots name is read once, and only that is kept of it. */
function namesOf(
  { documents }: Pick<Store, "documents">,
  { going, leftOut }: NamesOptions,
): (id: string) => Promise<readonly NamedTarball[]> {
  const pages = new Map<Sha256, Promise<readonly NamedTarball[]>>();
  const pick = (agents: readonly (Agent & { readonly sha256: Sha256 })[]) =>
    agents
      .filter(({ sha256 }) => going.has(sha256))
      .map((agent) => ({ name: formatAgentName(agent), sha256: agent.sha256 }));
  const readOnce = (id: string, page: PageName) => {
    const known =
      pages.get(page.sha256) ??
      unlessDamaged(agentsOfPage(id, page, (one) => readPage(documents, one))).then((all) => pick(all ?? []));
    pages.set(page.sha256, known);
    return known;
  };
  return async (id) => {
    const header = await unlessDamaged(readHeader({ documents }, id));
    if (header === undefined) return [];
    const { catalogue } = header;
    if ("agents" in catalogue) return pick(catalogue.agents);
    const own = catalogue.pages.filter(({ sha256 }) => !leftOut.has(sha256));
    return (await mapConcurrently(own, (page) => readOnce(id, page), DOCUMENTS_AT_ONCE)).flat();
  };
}

import { readDamaged } from "../mirror/damaged-blobs.ts";
import { ownFolder, renderFace, withoutDamaged, withoutVersions } from "../mirror/face.ts";
import { treeParts } from "../mirror/publish.ts";
import { readRefs } from "../mirror/refs.ts";
import { snapshotIdOf, type Snapshot } from "../mirror/snapshot.ts";
import { toJamError } from "../shared/errors.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { Ref, Store, TreeFault, TreeFile } from "../store/store.ts";
import type { FindingId, FoundFact } from "./finding.ts";

/** Trees that were compared, and what differs. */
export interface CheckedTrees {
  readonly trees: number;
  readonly files: number;
  readonly facts: readonly FoundFact[];
}

export interface TreeCheckOptions {
  readonly kept: readonly Snapshot[];
  /** Tarballs that are not in the store. */
  readonly missing: ReadonlySet<Sha256>;
  readonly isDeep: boolean;
  readonly signal: AbortSignal;
}

const KINDS: Readonly<Record<TreeFault["fault"], FindingId>> = {
  missing: "tree-file-missing",
  altered: "tree-file-altered",
  extra: "tree-file-extra",
  unreadable: "tree-unreadable",
};

/**
 * Compares the published tree of every ref with its snapshot, as web servers and Juju see it: every document byte for byte,
 * every tarball by its link. In addition it may contain what other kept snapshots list. A tree that was replaced
 * meanwhile does not count.
 * @throws JamError JAM_STORE_…
 */
export async function checkTrees(
  store: Pick<Store, "trees" | "refs" | "documents">,
  refs: readonly Ref[],
  { kept, missing, isDeep, signal }: TreeCheckOptions,
): Promise<CheckedTrees> {
  const { trees } = store;
  if (trees === undefined) return { trees: 0, files: 0, facts: [] };
  // What is noted and still in the trees leaves them with the next run that has the lease.
  const damaged = new Set(
    (await readDamaged(store.documents)).flatMap((one) => (one.isWithdrawn ? one.sha256 : [])),
  );
  const withdrawals = await readWithdrawals(store, kept);
  const lost = [damaged, missing.union(damaged)];
  const ofEveryRef = otherFiles(kept, { lost, versions: new Set() });
  const complete = new Set(await trees.list());
  const facts: FoundFact[] = [];
  let files = 0;
  for (const { name, target } of refs) {
    signal.throwIfAborted();
    const snapshot = kept.find(({ id }) => id === snapshotIdOf(target));
    if (snapshot === undefined) continue;
    const found: FoundFact[] = [];
    if (!complete.has(target))
      found.push({
        kind: "tree-missing",
        where: `published/${target}`,
        found: `${name} shows it, and it is gone`,
      });
    else {
      const expected = filesOf(snapshot, damaged);
      const versions = withdrawals.get(name);
      const others = versions === undefined ? ofEveryRef : otherFiles(kept, { lost, versions });
      files += expected.length;
      found.push(...(await inspect(trees, target, { files: expected, others, isDeep })));
    }
    if (found.length > 0 && (await isStillShown(store, name, target))) facts.push(...found);
  }
  return { trees: refs.length, files, facts };
}

/** Every file of the tree of a snapshot, apart from those for clients of other snapshots. */
function filesOf(snapshot: Snapshot, lost: ReadonlySet<Sha256>): TreeFile[] {
  return [...treeParts(snapshot, { graced: [], lost }).values()].flatMap<TreeFile>((part) =>
    "folder" in part
      ? [...part.documents()].map(({ name, bytes }) => ({ path: `${part.folder}/${name}`, bytes }))
      : [part],
  );
}

async function inspect(
  trees: NonNullable<Store["trees"]>,
  id: string,
  expected: Parameters<NonNullable<Store["trees"]>["inspect"]>[1],
): Promise<FoundFact[]> {
  const where = `published/${id}/tools`;
  try {
    return (await trees.inspect(id, expected)).map(({ path, fault, how }) => ({
      kind: KINDS[fault],
      where: path === "" ? where : `${where}/${path}`,
      found: how,
    }));
  } catch (error) {
    return [{ kind: "tree-unreadable", where, found: toJamError(error).message }];
  }
}

async function isStillShown({ refs }: Pick<Store, "refs">, name: string, target: string): Promise<boolean> {
  try {
    return (await refs.read(name)) === target;
  } catch {
    return true;
  }
}

/** Versions that are withdrawn from a ref, by its name; without refs of which nothing is withdrawn. */
async function readWithdrawals(
  store: Pick<Store, "refs" | "documents">,
  kept: readonly Snapshot[],
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  // A ref that cannot be read is a finding of its own.
  const refs = await readRefs(store, kept).catch(() => []);
  return new Map(refs.flatMap(({ name, withdrawn }) => (withdrawn.size === 0 ? [] : [[name, withdrawn]])));
}

/** What documents for clients of other snapshots may leave out. */
interface LeftOut {
  /** Tarballs that were missing or damaged when a tree was built: nothing, or one of these sets. */
  readonly lost: readonly ReadonlySet<Sha256>[];
  /** Versions that are withdrawn from the ref; their tarballs must be gone from its tree. */
  readonly versions: ReadonlySet<string>;
}

/** What a tree may contain for clients of other snapshots. */
function otherFiles(kept: readonly Snapshot[], leftOut: LeftOut): (path: string) => readonly TreeFile[] {
  let byPath: Map<string, TreeFile[]> | undefined;
  return (path) => (byPath ??= listOthers(kept, leftOut)).get(path) ?? [];
}

function listOthers(kept: readonly Snapshot[], { lost, versions }: LeftOut): Map<string, TreeFile[]> {
  const byPath = new Map<string, TreeFile[]>();
  const add = (file: TreeFile) => byPath.set(file.path, [...(byPath.get(file.path) ?? []), file]);
  for (const snapshot of kept) {
    const shown = withoutVersions(snapshot, versions);
    const variants = new Set([shown, ...lost.map((hashes) => withoutDamaged(shown, hashes))]);
    for (const variant of variants)
      for (const { path, text } of renderFace(variant))
        if (path.startsWith(ownFolder(snapshot))) add({ path, bytes: Buffer.from(text) });
    for (const { path, sha256 } of shown.agents) add({ path, sha256 });
  }
  return byPath;
}

import { JamError } from "../shared/errors.ts";
import { shellCommand } from "../shared/shell-command.ts";
import type { Store } from "../store/store.ts";
import { readPinnedSnapshots } from "./pinned-snapshots.ts";
import { planPrune } from "./prune.ts";
import type { RetentionPlan } from "./retention.ts";
import { snapshotIdOf } from "./snapshot.ts";

/**
 * What deleting these snapshots deletes: the snapshots, and what nothing else needs. Changes nothing.
 * @throws JamError JAM_SNAPSHOT_IN_USE when one of them is shown, pinned, or may still be read from; JAM_STORE_…
 */
export async function planDeletion(
  store: Store,
  ids: ReadonlySet<string>,
  { graceMs, now }: { readonly graceMs: number; readonly now: Date },
): Promise<RetentionPlan> {
  // Nothing but these: what retention would delete in addition is the work of `jam prune`.
  const rules = { snapshots: Infinity, graceMs, quota: undefined };
  const plan = await planPrune(store, rules, now, { unwanted: ids });
  const deleted = new Set(plan.snapshots);
  const staying = [...ids].find((id) => !deleted.has(id));
  if (staying !== undefined) throw await inUse(store, staying);
  return plan;
}

async function inUse(store: Pick<Store, "refs" | "documents">, id: string): Promise<JamError> {
  const refuse = (why: string, hint: string) =>
    new JamError("JAM_SNAPSHOT_IN_USE", `Snapshot ${id} ${why}. Nothing was deleted.`, {
      hint,
      details: { snapshot: id },
    });
  const refs = (await store.refs.list()).filter(({ target }) => snapshotIdOf(target) === id);
  if (refs.length > 0) {
    const names = refs.map(({ name }) => name).join(", ");
    return refuse(`is shown by ${names}`, "Show another snapshot first, or keep this one.");
  }
  const pin = (await readPinnedSnapshots(store.documents)).get(id);
  if (pin !== undefined) {
    const reason = pin.reason === null ? "" : `: ${pin.reason}`;
    return refuse(
      `is pinned by ${pin.who}${reason}`,
      `\`${shellCommand`jam snapshot unpin ${id}`}\` comes first.`,
    );
  }
  return refuse(
    "was shown until a short time ago, and clients may still be reading from it",
    "Delete it when retention.grace is over.",
  );
}

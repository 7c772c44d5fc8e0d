import type { RetentionPlan } from "../../mirror/retention.ts";
import { formatByteSize } from "../../shared/byte-size.ts";
import { formatCount } from "../../shared/listed.ts";
import { formatTable } from "../output/table.ts";

/** What `jam prune -o json` and `jam snapshot delete -o json` print. */
export function describePrune(plan: RetentionPlan) {
  const reasonOf = (name: string) => plan.reasons.get(name) ?? null;
  return {
    pruned: {
      snapshots: plan.snapshots,
      trees: plan.trees,
      blobs: plan.blobs.map(({ sha256, size }) => ({ sha256, size, reason: reasonOf(sha256) })),
      proofs: plan.proofs,
      partial: plan.partial.map(({ sha256, received }) => ({ sha256, received })),
      bytes: plan.bytes,
      reasons: Object.fromEntries(plan.snapshots.map((id) => [id, reasonOf(id)])),
    },
  };
}

/** What goes and why, then the totals. */
export async function renderPrune(plan: RetentionPlan, verb: string, width: number): Promise<string> {
  const { snapshots, blobs, trees, partial, proofs, reasons, bytes } = plan;
  if (snapshots.length + blobs.length + trees.length + proofs.length + partial.length === 0)
    return "Nothing to prune.\n";
  const because = (name: string) => reasons.get(name) ?? "";
  const snapshotRows = snapshots.map((id) => [`snapshot ${id}`, "", because(id)]);
  const blobRows = [...Map.groupBy(blobs, ({ sha256 }) => because(sha256))].map(([reason, same]) => {
    const size = same.reduce((sum, blob) => sum + blob.size, 0);
    return [formatCount(same.length, "tarball"), formatByteSize(size), reason];
  });
  const received = partial.reduce((sum, part) => sum + part.received, 0);
  const partialRows =
    partial.length === 0
      ? []
      : [
          [
            formatCount(partial.length, "partial tarball"),
            formatByteSize(received),
            "not resumed for 7 days",
          ],
        ];
  const rows = [...snapshotRows, ...blobRows, ...partialRows];
  const columns = [{ heading: "WHAT" }, { heading: "SIZE", align: "right" as const }, { heading: "REASON" }];
  const table = rows.length === 0 ? "" : await formatTable(columns, rows, width);
  return `${table}${verb}: ${formatCount(snapshots.length, "snapshot")}, ${formatCount(trees.length, "published tree")}, ${formatCount(blobs.length, "tarball")} (${formatByteSize(bytes)}).\n`;
}

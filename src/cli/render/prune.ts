import { foldAgents, readAgentPlace } from "../../juju/fold-agents.ts";
import type { PruneAccount } from "../../mirror/prune-account.ts";
import type { RetentionPlan } from "../../mirror/retention.ts";
import { formatByteSize } from "../../shared/byte-size.ts";
import { formatCount } from "../../shared/listed.ts";
import { formatTable } from "../output/table.ts";

/** What `jam prune -o json` and `jam snapshot delete -o json` print. */
export function describePrune(plan: RetentionPlan, { snapshots, trees, tarballs }: PruneAccount) {
  return {
    pruned: {
      snapshots: plan.snapshots,
      trees: plan.trees,
      blobs: tarballs.map(({ sha256, size, reason, agents }) => ({ sha256, size, reason, agents })),
      proofs: plan.proofs,
      partial: plan.partial.map(({ sha256, received }) => ({ sha256, received })),
      bytes: plan.bytes,
      reasons: Object.fromEntries(snapshots.map(({ id, reason }) => [id, reason])),
      snapshotBytes: Object.fromEntries(snapshots.map(({ id, bytes }) => [id, bytes])),
      treeReasons: Object.fromEntries(trees.map(({ id, reason }) => [id, reason])),
    },
  };
}

/** True where nothing goes. */
export function isNothing({ snapshots, blobs, trees, proofs, partial, pages }: RetentionPlan): boolean {
  return [snapshots, blobs, trees, proofs, partial, pages].every(({ length }) => length === 0);
}

type Row = readonly [what: string, size: string, reason: string];

/** Rows of one kind; -o json has all. */
const MAX_ROWS = 50;

/** What goes and why, then the totals. */
export async function renderPrune(
  plan: RetentionPlan,
  { account, verb, width }: { readonly account: PruneAccount; readonly verb: string; readonly width: number },
): Promise<string> {
  if (isNothing(plan)) return "Nothing to prune.\n";
  const { partial, proofs, pages } = plan;
  const { snapshots, trees, tarballs } = account;
  const received = partial.reduce((sum, part) => sum + part.received, 0);
  const rows = [
    ...cut(snapshots.map(({ id, bytes, reason }): Row => [`snapshot ${id}`, formatByteSize(bytes), reason])),
    ...cut(trees.map(({ id, ref, reason }): Row => [`tree ${id} of ${ref}`, "-", reason])),
    ...cut(agentRows(tarballs)),
    ...others(proofs.length, "document", "-", "of upstream; no kept snapshot rests on it"),
    ...others(pages.length, "page", "-", "of a list of agents; no kept snapshot has it"),
    ...others(partial.length, "partial tarball", formatByteSize(received), "not resumed for 7 days"),
  ];
  const table = await formatTable(
    [{ heading: "WHAT" }, { heading: "SIZE", align: "right" }, { heading: "REASON" }],
    rows,
    width,
  );
  return `${table}${verb}: ${formatCount(snapshots.length, "snapshot")}, ${formatCount(trees.length, "published tree")}, ${formatCount(tarballs.length, "tarball")} (${formatByteSize(plan.bytes)}).\n`;
}

function others(count: number, what: string, size: string, reason: string): Row[] {
  return count === 0 ? [] : [[formatCount(count, what), size, reason]];
}

function cut(rows: readonly Row[]): Row[] {
  const left = rows.length - MAX_ROWS;
  return left > 0 ? [...rows.slice(0, MAX_ROWS), [`and ${left} more`, "", "-o json has all"]] : [...rows];
}

/** Agents folded as `jam list` folds them, and what no snapshot ever listed. */
function agentRows(tarballs: PruneAccount["tarballs"]): Row[] {
  const places = tarballs.flatMap(({ agents, ...tarball }) =>
    agents.map((name) => ({ ...readAgentPlace(name), ...tarball })),
  );
  const lines = foldAgents(places, { tarball: ({ sha256 }) => sha256, shown: ({ reason }) => reason });
  const named = lines.map(({ version, releases, arches, rows }): Row => {
    const sizes = new Map(rows.map(({ sha256, size }) => [sha256, size]));
    const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    return [`${version} ${releases} ${arches}`, formatByteSize(bytes), rows[0]?.reason ?? ""];
  });
  const unnamed = tarballs.filter(({ agents }) => agents.length === 0);
  return [
    ...named,
    ...unnamed.map(({ sha256, size, reason }): Row => [
      `tarball ${sha256.slice(0, 12)}…`,
      formatByteSize(size),
      reason,
    ]),
  ];
}

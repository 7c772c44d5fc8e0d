import { formatByteSize } from "../../shared/byte-size.ts";
import { formatCount } from "../../shared/listed.ts";
import type { Assessment } from "../../sync/assess.ts";
import type { SyncPlan } from "../../sync/plan.ts";
import { outcomesOf } from "../../sync/evaluate-rules.ts";
import { formatTable } from "../output/table.ts";

/** What a sync would do; nothing where it would be refused. */
export type PlannedSync = Pick<Assessment, "plan" | "rules" | "refusal" | "warnings">;

/** The steps of a sync. */
export function stepsOf({ plan, refusal }: PlannedSync): SyncPlan {
  return refusal === undefined ? plan : { ...plan, fetch: [], remove: [], bytes: 0 };
}

/** The plan as the document that `--dry-run -o json` prints and `--save-plan` writes. */
export function planDocument(planned: PlannedSync): object {
  const plan = stepsOf(planned);
  const { rules, refusal, warnings } = planned;
  return {
    plan: {
      fetch: plan.fetch.map(({ agents, path, size, sha256, rule }) => ({
        agent: agents[0],
        agents,
        path,
        size,
        sha256,
        rule,
      })),
      remove: plan.remove,
      bytes: plan.bytes,
      wanted: plan.wanted.length,
    },
    rules: outcomesOf(rules),
    warnings: refusal === undefined ? warnings : [...warnings, refusal.message],
  };
}

/** The plan for people: what is fetched and removed, why, and the size. */
export async function renderPlan(planned: PlannedSync): Promise<string> {
  if (planned.refusal !== undefined) return "A sync would change nothing: it would be refused.\n";
  const plan = stepsOf(planned);
  const parts: string[] = [];
  if (plan.fetch.length > 0) {
    parts.push(`To fetch:\n${await fetchTable(plan)}`);
  }
  if (plan.remove.length > 0) {
    const rows = plan.remove.map(({ agent, reason, detail }) => [agent, reason, detail]);
    parts.push(
      `To remove from the index:\n${await formatTable([{ heading: "AGENT" }, { heading: "REASON" }, { heading: "RULE" }], rows)}`,
    );
  }
  const total = `${formatCount(plan.fetch.length, "tarball")}, ${formatByteSize(plan.bytes)} to fetch; ${formatCount(plan.remove.length, "agent")} to remove; ${plan.wanted.length} wanted in all.`;
  parts.push(
    plan.fetch.length + plan.remove.length === 0
      ? `Nothing to do: ${formatCount(plan.wanted.length, "agent")} selected, all in the mirror.\n`
      : `${total}\n`,
  );
  return parts.join("\n");
}

function fetchTable(plan: SyncPlan): Promise<string> {
  return formatTable(
    [{ heading: "AGENT" }, { heading: "SIZE", align: "right" }, { heading: "PATH" }, { heading: "RULE" }],
    plan.fetch.map(({ agents, size, path, rule }) => {
      const others = agents.length > 1 ? ` (+${agents.length - 1})` : "";
      return [`${agents[0]}${others}`, formatByteSize(size), path, rule];
    }),
  );
}

import type { ErrorReport } from "../shared/errors.ts";
import { cutLists } from "../shared/listed.ts";
import type { Sha256 } from "../shared/sha256.ts";
import { countTarballs, formatAgentName, sumTarballBytes, type Agent } from "../juju/agent.ts";
import type { Assessment } from "./assess.ts";
import type { FetchOutcome } from "./fetch-items.ts";
import type { SyncPlan } from "./plan.ts";
import { REPORT_LISTS, type FailedItem, type UnstampedReport } from "../mirror/run-report.ts";
import { outcomesOf } from "./evaluate-rules.ts";
import { refusedFirst } from "../mirror/refused-changes.ts";
import { describeGone, type GoneUpstream } from "../mirror/gone-upstream.ts";
import type { PathAlarm } from "../mirror/path-alarms.ts";
import type { Snapshot } from "../mirror/snapshot.ts";

/** What a run started from and came to. */
export interface FinishedRun {
  readonly current: Snapshot | undefined;
  readonly snapshot: Snapshot | undefined;
  readonly assessment: Assessment;
  readonly outcome: FetchOutcome;
  readonly agents: readonly Agent[];
  readonly gone: GoneUpstream;
  readonly alarms: readonly PathAlarm[];
}

/** The report of a run that came to its end; its lists are cut. */
export function summarizeRun(run: FinishedRun): UnstampedReport {
  const { current, snapshot, assessment, outcome, agents, gone, alarms } = run;
  const before = new Set(current?.agents.map(formatAgentName));
  // Without an agent nothing is published, and what was shown stays.
  const shown = agents.length === 0 ? (snapshot?.agents ?? []) : agents;
  const after = new Set(shown.map(formatAgentName));
  const failed = refusedFirst([...assessment.failed, ...failedSteps(assessment.plan, outcome.failed)]);
  const isChanged = snapshot?.id !== current?.id;
  const report: UnstampedReport = {
    outcome: failed.length > 0 ? "partial" : isChanged ? "updated" : "unchanged",
    snapshot: snapshot?.id ?? null,
    upstream: assessment.source.url,
    verified: assessment.source.verifies,
    fetched: {
      agents: outcome.fetched.reduce((sum, step) => sum + step.agents.length, 0),
      bytes: outcome.bytes,
    },
    ...(outcome.resumed === 0 ? {} : { resumed: outcome.resumed }),
    held: { agents: shown.length, bytes: sumTarballBytes(shown) },
    tarballs: { fetched: outcome.fetched.length, held: countTarballs(shown) },
    added: [...after].filter((name) => !before.has(name)),
    removed: assessment.plan.remove.filter(({ agent }) => !after.has(agent)),
    ...(gone.agents.length === 0 ? {} : { goneUpstream: describeGone(gone) }),
    failed,
    ...(alarms.length === 0 ? {} : { alarms }),
    warnings: assessment.warnings,
    rules: outcomesOf(assessment.rules),
  };
  return cutLists(report, REPORT_LISTS);
}

function failedSteps(plan: SyncPlan, failed: ReadonlyMap<Sha256, ErrorReport>): FailedItem[] {
  return plan.fetch.flatMap((step) => {
    const error = failed.get(step.sha256);
    if (error === undefined) return [];
    const { code, message } = error;
    return step.agents.map((agent) => ({ agent, path: step.path, code, message }));
  });
}

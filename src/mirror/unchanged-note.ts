import type { UnstampedReport } from "./run-report.ts";
import { stateDocument } from "./state-document.ts";

/**
 * A run that found nothing to do, and everything that it decided from. While all of that is the same, the next run has
 * nothing to do either: it asks upstream, looks at what is held, and neither parses a document nor evaluates a rule.
 */
export interface UnchangedSync {
  /** Hash of everything that was decided from and is known without asking upstream. */
  readonly inputs: string;
  /** Paths of the documents of upstream that it rests on. */
  readonly documents: readonly string[];
  readonly report: UnstampedReport;
}

/** The note on such a run. */
export const unchangedNote = stateDocument<UnchangedSync>({
  name: "unchanged-sync.json",
  format: "jam-unchanged-sync:1",
  schema: (zod) =>
    zod.object({
      inputs: zod.string(),
      documents: zod.array(zod.string()),
      // Written whole by this program, for this program: `inputs` names its version.
      report: zod.custom<UnstampedReport>((value) => typeof value === "object" && value !== null),
    }),
  damage: "absent",
  indent: 0,
});

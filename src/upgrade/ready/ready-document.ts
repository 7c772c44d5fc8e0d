import { z } from "zod";
import { timeField } from "../../mirror/document-fields.ts";
import { plannedController, unreadPart } from "../plan/plan-document.ts";
import { agentReadiness } from "./agent-readiness.ts";
import { lookItem, readyCheck } from "./check.ts";
import { readyRow } from "./rows.ts";

/** What `jam ready -o json` prints. */
export const readyDocument = z
  .object({
    verdict: z
      .enum(["ready", "not-ready", "not-known"])
      .describe("not-ready: a check failed. not-known: none failed, and one could not be decided."),
    ready: z.boolean(),
    deep: z.boolean().describe("Whether every tarball was hashed now."),
    checks: z.array(readyCheck).readonly().describe("Failed ones first, then unknown ones."),
    look: z
      .array(lookItem)
      .readonly()
      .describe("What no listing and no mirror can show. It does not count for the verdict."),
    rows: z.array(readyRow).readonly(),
    agents: z.array(agentReadiness).readonly(),
    missing: z.array(z.string()).readonly().describe("Names of agents that cannot be served."),
    warnings: z.array(z.string()).readonly().describe("Known risks that do not hold up the upgrade."),
    snapshot: z.string().describe("The snapshot that was looked at."),
    plannedAt: timeField,
    controllers: z.array(plannedController).readonly(),
    unread: z.array(unreadPart).readonly().describe("What the plan knows nothing of."),
  })
  .meta({ title: "Whether an upgrade can be served from here" });

export type ReadyDocument = z.infer<typeof readyDocument>;

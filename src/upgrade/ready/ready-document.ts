import { z } from "zod";
import { timeField } from "../../mirror/document-fields.ts";
import { plannedController, unreadPart } from "../plan/plan-document.ts";

/** One thing that has to be so before an upgrade. */
export const readyCheck = z.object({
  id: z.string().describe("Stable, for scripts and for --confirm."),
  status: z.enum(["ok", "fail", "unknown"]),
  summary: z.string().describe("One sentence."),
  evidence: z.array(z.string()).readonly().describe("What the status rests on: places, agents, dates."),
  remedy: z.string().describe("What to do; empty for one that is ok."),
  confirmedAt: timeField.exactOptional().describe("When a person confirmed it."),
});

/** Something that no listing shows. */
export const lookItem = z.object({
  id: z.string(),
  summary: z.string().describe("What would block the upgrade."),
  command: z.string().nullable().describe("How to check it; null if there is no command."),
  confirmedAt: timeField.exactOptional().describe("When a person confirmed it."),
});

export type ReadyCheck = Readonly<z.infer<typeof readyCheck>>;
export type LookItem = Readonly<z.infer<typeof lookItem>>;

/** One agent of the plan, looked at. */
export const agentReadiness = z.object({
  agent: z.string(),
  ready: z.boolean(),
  reason: z.string().exactOptional().describe("Why it is not ready."),
  verifiedAt: timeField
    .exactOptional()
    .describe("When its bytes were last seen to have the right hash; without --deep that is their arrival."),
  upstream: z
    .enum(["answers", "away", "unknown"])
    .exactOptional()
    .describe(
      "In cache mode, of an agent that is offered and not held: whether it can be fetched when it is requested.",
    ),
});

export type AgentReadiness = Readonly<z.infer<typeof agentReadiness>>;

/** One model on one architecture at one hop; without a model, what the hop needs in addition to its models. */
export const readyRow = z.object({
  hop: z.int().positive().describe("Position of the hop in the plan, from 1."),
  controller: z.string().nullable(),
  model: z.string().nullable().describe("Null for what the hop needs in addition to its models."),
  from: z.string(),
  to: z.string(),
  arch: z.string(),
  ready: z.boolean().describe("Whether its agents can be served and no advice blocks the hop."),
  reason: z.string(),
  missing: z.array(z.string()).readonly(),
});

export type ReadyRow = Readonly<z.infer<typeof readyRow>>;

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

import { z } from "zod";
import { agentListFields, countField, errorCodeField, sha256Field } from "./document-fields.ts";

const ruleNumber = z.int().positive().describe("Number of the rule in select, from 1.");

const explainedAgent = z.object({
  agent: z.string().describe("VERSION-RELEASE-ARCH."),
  streams: z.array(z.string()).readonly(),
  path: z.string(),
  size: countField,
  sha256: sha256Field,
  held: z.boolean(),
  upstream: z.boolean().describe("Listed upstream; false where `source` is none."),
  taken: z.boolean().describe("Whether the rules take it."),
  denied: z.boolean().describe("Whether an entry of deny names it."),
  rule: ruleNumber.optional().describe("The rule that selects it; absent where none does."),
  reason: z.string(),
  rules: z
    .array(
      z
        .object({ rule: ruleNumber, conditions: z.string(), taken: z.boolean(), reason: z.string() })
        .readonly(),
    )
    .readonly()
    .describe("What each rule says of it."),
  channel: z
    .string()
    .exactOptional()
    .describe("With a channel that does not list it: what brings it there, or keeps it from it."),
  unusedFrom: z
    .string()
    .exactOptional()
    .describe(
      "The upstream that lists it and of which it is not used: upstreams before that one decide. Absent otherwise.",
    ),
});

/** What `jam explain -o json` prints. */
export const explainDocument = z
  .object({
    agents: z.array(explainedAgent).readonly(),
    source: z
      .enum(["asked", "kept", "none"])
      .describe(
        "Where `upstream` comes from: upstream was asked, the last sync kept it (upstream cannot be reached), or nothing was read.",
      ),
    unread: z
      .array(z.object({ upstream: z.string(), code: errorCodeField, message: z.string() }).readonly())
      .readonly()
      .exactOptional()
      .describe("Upstreams that could not be read now: the answer may change. Absent where there are none."),
    ...agentListFields,
  })
  .meta({ title: "Why agents are mirrored or not" });

export type ExplainDocument = z.infer<typeof explainDocument>;
export type UnreadUpstream = NonNullable<ExplainDocument["unread"]>[number];
export type ExplainedAgent = z.infer<typeof explainedAgent>;

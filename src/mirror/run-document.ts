import { z } from "zod";
import { agentsAndBytesField, countField, errorCodeField, timeField } from "./document-fields.ts";
import { pathAlarms } from "./path-alarms.ts";

const syncOutcome = z
  .enum(["updated", "unchanged", "partial", "failed", "cancelled", "killed"])
  .describe(
    "`cancelled`: ended by a signal. `killed`: it ended without a report, as after kill -9 or a power failure.",
  );

const keptData = z
  .object({
    files: countField.describe(
      "Verified files that no snapshot lists yet: tarballs, and parts of them that came in volumes of a bundle.",
    ),
    partial: countField.describe("Tarballs of which a part was downloaded."),
    bytes: countField.describe("Bytes of both."),
  })
  .readonly();

export const removal = z
  .object({
    agent: z.string(),
    reason: z
      .enum(["gone upstream", "no longer selected", "denied", "switched"])
      .describe("Why the agent is no longer listed."),
    detail: z.string().describe("What the rule said, for people."),
  })
  .readonly();

export const goneAgent = z
  .object({
    agent: z.string(),
    since: timeField.describe("When it was first seen that upstream no longer lists it."),
    listed: z.boolean().describe("Whether the mirror lists it still."),
  })
  .readonly();

export const failedItem = z
  .object({
    agent: z.string().describe("Name of the agent; for metadata that cannot be read as one, its place."),
    path: z.string(),
    code: errorCodeField,
    message: z.string(),
  })
  .readonly();

export const ruleOutcome = z
  .object({
    rule: z.int().positive().describe("Number of the rule in select, from 1."),
    conditions: z.string(),
    taken: countField.describe("Agents that the rule selects."),
    missing: z
      .array(z.object({ kind: z.string(), message: z.string() }).readonly())
      .readonly()
      .describe("What the rule names and does not get, with what is listed instead."),
  })
  .readonly();

/** The lists of a report; long ones are cut, and the rows that were left out are counted in `omitted`. */
const lists = z.enum(["added", "removed", "goneUpstream", "failed", "alarms", "warnings", "rules"]);

/** What one run of `jam sync`, `jam bundle import` or `jam snapshot switch` did: printed, and kept under `history/`. */
export const syncReport = z
  .object({
    command: z
      .string()
      .exactOptional()
      .describe("What ran: `jam sync`, `jam bundle import`. Only where the run was cut short."),
    outcome: syncOutcome,
    snapshot: z.string().nullable().describe("The published snapshot; null when there is none."),
    switchedFrom: z
      .string()
      .exactOptional()
      .describe("The snapshot that was shown before; only in the report of `jam snapshot switch`."),
    upstream: z.string().nullable(),
    verified: z.boolean(),
    fetched: agentsAndBytesField.describe("What came over the network in this run."),
    resumed: countField
      .exactOptional()
      .describe(
        "Bytes of the fetched tarballs that an earlier run had received; absent where that is nothing.",
      ),
    held: agentsAndBytesField.describe(
      "Agents listed, and bytes of their distinct tarballs, after this run.",
    ),
    tarballs: z
      .object({ fetched: countField, held: countField })
      .readonly()
      .exactOptional()
      .describe(
        "Distinct tarballs of the agents in `fetched` and `held`; absent in reports of older versions.",
      ),
    added: z.array(z.string()).readonly(),
    removed: z.array(removal).readonly(),
    goneUpstream: z
      .array(goneAgent)
      .readonly()
      .exactOptional()
      .describe(
        "What upstream no longer lists and `onUpstreamRemoval` keeps, all of it; absent where that is nothing.",
      ),
    failed: z.array(failedItem).readonly().describe("Wanted agents that are not held after the run."),
    alarms: pathAlarms,
    warnings: z.array(z.string()).readonly(),
    rules: z
      .array(ruleOutcome)
      .readonly()
      .exactOptional()
      .describe("Absent in the report of an import, and where no upstream was read."),
    bundles: z.array(z.string()).readonly().exactOptional().describe("Bundles that an import read."),
    kept: keptData
      .exactOptional()
      .describe(
        "What the next run resumes with, where this one was cut short; absent where that is nothing.",
      ),
    error: z
      .object({ code: errorCodeField, message: z.string(), hint: z.string().exactOptional() })
      .readonly()
      .exactOptional()
      .describe("The error that ended a failed run."),
    startedAt: timeField,
    durationMs: z.number().nonnegative().nullable().describe("Null for a run that was killed."),
    omitted: z.partialRecord(lists, countField).readonly().exactOptional(),
  })
  .readonly();

import { z } from "zod";
import { countField, timeField } from "../mirror/document-fields.ts";

const fault = z.object({
  check: z.enum(["tarballs"]).describe("The kind of check that found it."),
  state: z
    .enum(["missing", "damaged", "unreadable"])
    .describe("`unreadable`: the disk or the rights of the file did not allow a decision."),
  sha256: z.string(),
  how: z.string().describe("What was found."),
  agents: z.array(z.string()).readonly().describe("Agents that are in it, of any snapshot that is kept."),
  isShown: z.boolean().describe("Whether a snapshot that is shown now lists it."),
});

const snapshotFault = z.object({
  id: z.string(),
  state: z.enum(["missing", "damaged"]),
  isShown: z.boolean().describe("Whether it is what the mirror shows now."),
});

/** What `jam verify -o json` prints. */
export const verifyDocument = z
  .object({
    outcome: z
      .enum(["whole", "damaged", "not-known"])
      .describe("`not-known`: nothing is damaged, and something could not be read."),
    deep: z.boolean().describe("True when bytes were hashed, not only sizes compared."),
    listed: z
      .object({ tarballs: countField, bytes: z.number() })
      .describe("What the snapshots that are kept list."),
    checked: z.object({ tarballs: countField, bytes: z.number() }).describe("What this run looked at."),
    remaining: countField.describe("Tarballs that the budget left for the next run."),
    oldest: timeField
      .nullable()
      .describe(
        "When the tarball was hashed that waits longest for its next turn; null while one never was.",
      ),
    faults: z.array(fault).readonly(),
    snapshots: z
      .array(snapshotFault)
      .readonly()
      .describe("Snapshots that cannot be read: what they list was not checked."),
    withdrawn: z
      .boolean()
      .describe("True when no index and no published tree lists what is damaged; true without faults."),
    durationMs: z.number(),
  })
  .meta({ title: "Result of a verification" });

export type VerifyDocument = z.infer<typeof verifyDocument>;
export type VerifyFault = VerifyDocument["faults"][number];

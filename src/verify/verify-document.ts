import { z } from "zod";
import { countField, sha256Field, timeField } from "../mirror/document-fields.ts";

const fault = z.object({
  check: z.enum(["tarballs"]).describe("The kind of check that found it."),
  state: z
    .enum(["missing", "damaged", "unreadable"])
    .describe("`unreadable`: the disk or the rights of the file did not allow a decision."),
  sha256: sha256Field,
  how: z.string().describe("What was found."),
  agents: z.array(z.string()).readonly().describe("Agents that are in it, of any snapshot that is kept."),
  isShown: z.boolean().describe("Whether a snapshot that is shown now lists it."),
});

const verdictField = z.enum(["whole", "damaged", "not-known"]);

const snapshotFault = z.object({
  id: z.string(),
  state: z.enum(["missing", "damaged"]),
  isShown: z.boolean().describe("Whether it is what the mirror shows now."),
});

const finding = z.object({
  kind: z.string().describe("What was found: an id of docs/reference/verify.md."),
  severity: z
    .enum(["damage", "unknown", "note"])
    .describe("`unknown`: it could not be decided. `note`: nothing is wrong with what is served or kept."),
  where: z.string().describe("The file, relative to the data directory, or the URL."),
  found: z.string().describe("What was found there, for people."),
  means: z.string().describe("What it means for the mirror and its clients."),
  next: z.string().describe("The next command."),
  repair: z.string().exactOptional().describe("What `jam repair` does about it, where that is known."),
  sha256: sha256Field.exactOptional().describe("The tarball that it is about."),
  agents: z.array(z.string()).readonly().exactOptional().describe("The agents that it is about."),
  streams: z.array(z.string()).readonly().exactOptional().describe("Their streams."),
  path: z.string().exactOptional().describe("Upstream's path of the tarball or the document."),
});

/** What `jam verify -o json` prints. */
export const verifyDocument = z
  .object({
    verdict: verdictField.describe("`not-known`: nothing is damaged, and something could not be read."),
    outcome: verdictField.describe("The same as `verdict`."),
    findings: z.array(finding).readonly().describe("Everything that was found, what is damaged first."),
    deep: z.boolean().describe("True when bytes were hashed, not only sizes compared."),
    listed: z
      .object({ tarballs: countField, bytes: z.number() })
      .describe("What the snapshots that are kept list."),
    checked: z
      .object({
        tarballs: countField,
        bytes: z.number(),
        snapshots: countField,
        documents: countField.describe("Upstream's documents that are kept as proof."),
        signatures: countField,
        trees: countField,
        files: countField.describe("Files of published trees."),
        notes: countField,
        reports: countField,
      })
      .describe("What this run looked at."),
    remaining: countField.describe("Tarballs that the budget left for the next run."),
    oldest: timeField
      .nullable()
      .describe(
        "When the tarball was hashed that waits longest for its next turn; null while one never was.",
      ),
    faults: z
      .array(fault)
      .readonly()
      .describe("The findings about tarballs, as earlier versions printed them."),
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
export type VerifyFinding = VerifyDocument["findings"][number];
export type VerifyFault = VerifyDocument["faults"][number];

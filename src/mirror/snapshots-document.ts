import { z } from "zod";
import { countField, sha256Field, timeField } from "./document-fields.ts";

const describedSnapshot = z.object({
  id: z.string(),
  createdAt: timeField,
  parent: z.string().nullable().describe("The snapshot that the mirror showed before it was made."),
  agents: countField,
  bytes: countField.describe("Bytes of its distinct tarballs."),
  upstream: z.string().describe("URL or folder of the upstream."),
  verified: z.boolean().describe("Whether the signatures of every upstream were verified."),
  bundle: z.string().nullable().describe("The bundle that brought it; null when it was synced."),
  pinned: z
    .object({ at: timeField, who: z.string(), reason: z.string().nullable() })
    .nullable()
    .describe("Who keeps it from retention, and why; null when nobody does."),
  refs: z.array(z.string()).readonly().describe("Refs that show it now; the mirror's is `mirror`."),
});

/** What `jam snapshot list -o json` prints. */
export const snapshotsDocument = z
  .object({
    snapshots: z.array(describedSnapshot).readonly().describe("Newest first."),
    damaged: z
      .array(z.object({ id: z.string(), message: z.string() }))
      .readonly()
      .describe("Snapshots whose document cannot be read."),
  })
  .meta({ title: "Snapshots that are kept" });

/** What `jam snapshot show -o json` prints. */
export const snapshotDocument = z
  .object({
    snapshot: describedSnapshot,
    proofs: z
      .array(
        z.object({
          upstream: z.string(),
          verified: z.boolean(),
          documents: z
            .array(
              z.object({
                path: z.string(),
                sha256: sha256Field,
                signedBy: z.string().nullable().describe("Fingerprint of the key that signed it."),
                signedAt: timeField.nullable(),
                updatedAt: timeField.nullable().describe("The document's own date."),
              }),
            )
            .readonly(),
        }),
      )
      .readonly()
      .describe("Upstream's documents that list the agents, those of the latest run first."),
    agents: z.array(z.string()).readonly().describe("Names of its agents."),
  })
  .meta({ title: "A snapshot and its provenance" });

const metadataDate = timeField.nullable().describe("Null where it has none, or the document is not there.");

/** What `jam snapshot diff -o json` prints. */
export const snapshotDiff = z
  .object({
    from: z.string(),
    to: z.string(),
    added: z.array(z.string()).readonly().describe("Names of agents that only `to` lists."),
    removed: z.array(z.string()).readonly().describe("Names of agents that only `from` lists."),
    changed: z
      .array(z.object({ agent: z.string(), from: sha256Field, to: sha256Field }))
      .readonly()
      .describe("Agents that both list, with different bytes."),
    bytes: z.int().describe("Bytes of distinct tarballs in `to`, less those in `from`."),
    versions: z
      .object({
        added: z.array(z.string()).readonly(),
        removed: z.array(z.string()).readonly(),
      })
      .describe("Versions of which only one of them lists any agent."),
    metadata: z
      .array(z.object({ path: z.string(), from: metadataDate, to: metadataDate }))
      .readonly()
      .describe("Upstream's documents that differ, with their own dates."),
  })
  .meta({ title: "Difference between two snapshots" });

export type DescribedSnapshot = z.infer<typeof describedSnapshot>;
export type SnapshotsDocument = z.infer<typeof snapshotsDocument>;
export type SnapshotDocument = z.infer<typeof snapshotDocument>;
export type SnapshotDiff = z.infer<typeof snapshotDiff>;

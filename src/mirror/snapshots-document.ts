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

const textList = z.array(z.string()).readonly();

const selectRule = z.object({
  streams: textList,
  versions: z.string().exactOptional(),
  arch: textList.exactOptional(),
  os: textList.exactOptional(),
  series: textList.exactOptional(),
  keep: z.int().exactOptional(),
  prereleases: z.boolean().exactOptional(),
  fetch: z.enum(["onRequest", "onSync"]).exactOptional(),
});

const denyRule = z.object({
  version: z.string(),
  arch: textList.exactOptional(),
  reason: z.string().exactOptional(),
});

const rulesInForce = z
  .object({
    select: z
      .array(selectRule)
      .readonly()
      .exactOptional()
      .describe("Absent where everything was taken that the bundle or the feeder listed."),
    deny: z.array(denyRule).readonly().exactOptional(),
    onUpstreamRemoval: z.enum(["keep", "unlist", "remove"]).exactOptional(),
    delay: z
      .object({ ms: z.number(), clock: z.enum(["seen", "upstream"]) })
      .exactOptional()
      .describe("Of a channel: how old an agent had to be."),
    held: textList.exactOptional().describe("Versions that were on hold in the channel or its feeders."),
    withdrawn: textList.exactOptional().describe("Versions that were withdrawn there."),
  })
  .describe("The rules that decided which agents it lists.");

const making = z
  .object({
    who: z.string().describe("User and machine."),
    rules: rulesInForce,
    rulesSha256: sha256Field.describe(
      "SHA-256 of the rules, as JSON with sorted keys and without white space.",
    ),
  })
  .nullable()
  .describe(
    "Who made it, by which rules; null for a snapshot of an earlier version, which did not record it.",
  );

/** What proves the agents of a snapshot: upstream's signed documents, kept as `upstream/<sha256>`. */
export const describedProofs = z
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
  .readonly();

/** What `jam snapshot show -o json` prints. */
export const snapshotDocument = z
  .object({
    snapshot: describedSnapshot,
    made: making,
    bundle: z
      .object({
        id: z.string(),
        createdAt: timeField.describe("When the snapshot was made that the bundle was made from."),
        signedBy: z
          .string()
          .nullable()
          .describe("Fingerprint of its signer; null without a trusted signature."),
      })
      .nullable()
      .describe("The bundle that brought it over an air gap."),
    channel: z
      .object({ channel: z.string(), from: z.string(), snapshot: z.string() })
      .nullable()
      .describe("The channel that it was made for, and the snapshot of its feeder that it is a part of."),
    proofs: describedProofs.describe(
      "Upstream's documents that list the agents, those of the latest run first.",
    ),
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

export type DescribedProofs = z.infer<typeof describedProofs>;
export type DescribedSnapshot = z.infer<typeof describedSnapshot>;
export type SnapshotsDocument = z.infer<typeof snapshotsDocument>;
export type SnapshotDocument = z.infer<typeof snapshotDocument>;
export type SnapshotDiff = z.infer<typeof snapshotDiff>;

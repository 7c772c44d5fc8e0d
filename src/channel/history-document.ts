import { z } from "zod";
import { timeField } from "../mirror/document-fields.ts";
import { describedProofs } from "../mirror/snapshots-document.ts";

/** What can happen in a channel. */
export const CHANNEL_ACTIONS = [
  "create",
  "promote",
  "rollback",
  "hold",
  "release",
  "withdraw",
  "import",
  "delete",
] as const;

/** One entry of a channel's history. Every field is always there but `head`, so that its hash can be computed from what is printed. */
export const channelEntry = z.strictObject({
  at: timeField,
  who: z.string().describe("User and machine."),
  action: z.enum(CHANNEL_ACTIONS),
  reason: z.string().nullable().describe("What --reason said."),
  from: z
    .string()
    .nullable()
    .describe("The snapshot that the channel showed before; null when it showed none."),
  to: z.string().nullable().describe("The snapshot that it shows since then; null when it shows none."),
  version: z.string().nullable().describe("The version that is on hold, released or withdrawn."),
  feeder: z.string().nullable().describe("Where the agents came from: mirror, a channel or a bundle."),
  source: z.string().nullable().describe("The snapshot of the feeder that was promoted."),
  catalogue: z.string().nullable().describe("SHA-256 of the agents of `to`, as the snapshot lists them."),
  head: z
    .string()
    .exactOptional()
    .describe(
      "Of an import: SHA-256 of the last entry of the near side's history, which `jam channel history --imported` shows.",
    ),
  previous: z
    .string()
    .nullable()
    .describe(
      "SHA-256 of the entry before it, as JSON with sorted keys and without white space; null for the first.",
    ),
});

/** What `jam channel history -o json` prints. */
export const historyDocument = z
  .object({
    history: z.array(channelEntry).readonly().describe("In the order in which it happened."),
  })
  .meta({ title: "History of a channel" });

/** What `jam channel history --imported -o json` prints. */
export const importedHistoryDocument = z
  .object({
    channel: z.string().describe("The channel of this side."),
    name: z.string().describe("Name of the channel on the near side."),
    bundle: z.string().describe("The bundle that carried the history last."),
    signedBy: z.string().nullable().describe("Fingerprint of the key that signed that bundle."),
    head: z.string().describe("SHA-256 of the last entry, which an entry of this side's history names."),
    history: z.array(channelEntry).readonly().describe("In the order in which it happened on the near side."),
  })
  .meta({ title: "History of the near side's channel" });

/** What `jam channel history --at -o json` prints. */
export const momentDocument = z
  .object({
    channel: z.string(),
    at: timeField.describe("The time that was asked for."),
    snapshot: z.string().nullable().describe("What the channel showed then; null when it showed nothing."),
    entry: channelEntry.nullable().describe("The entry since which it did; null before the first one."),
    entryHash: z.string().nullable().describe("SHA-256 of that entry."),
    entries: z.int().describe("Entries of the whole history; each contains the hash of the one before it."),
    head: z
      .string()
      .nullable()
      .describe("SHA-256 of the last entry. Who kept it elsewhere can tell that nothing was changed."),
    catalogue: z
      .enum(["proven", "differs", "damaged", "pruned", "none"])
      .describe(
        "`proven`: the agents of the snapshot have the hash that the entry names. `differs`: they do not. `damaged`: the snapshot cannot be read. `pruned`: the snapshot is not kept any longer.",
      ),
    agents: z
      .array(z.string())
      .readonly()
      .describe("Names of the agents; none where the snapshot is not kept."),
    proofs: describedProofs.describe(
      "Upstream's signed documents that list these agents; kept as upstream/<sha256>.",
    ),
  })
  .meta({ title: "What a channel showed at a time" });

export type MomentDocument = z.infer<typeof momentDocument>;
export type ImportedHistoryDocument = z.infer<typeof importedHistoryDocument>;
export type ChannelEntry = z.infer<typeof channelEntry>;
export type HistoryDocument = z.infer<typeof historyDocument>;

import { z } from "zod";
import { timeField } from "../mirror/document-fields.ts";

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

/** One entry of a channel's history. Every field is always there, so that its hash can be computed from what is printed. */
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
  version: z.string().nullable().describe("The version that is held, released or withdrawn."),
  feeder: z.string().nullable().describe("Where the agents came from: mirror, a channel or a bundle."),
  source: z.string().nullable().describe("The snapshot of the feeder that was promoted."),
  catalogue: z.string().nullable().describe("SHA-256 of the agents of `to`, as the snapshot lists them."),
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

export type ChannelEntry = z.infer<typeof channelEntry>;
export type HistoryDocument = z.infer<typeof historyDocument>;

import { z } from "zod";
import { countField, errorCodeField, timeField } from "../mirror/document-fields.ts";
import { snapshotDiff } from "../mirror/snapshots-document.ts";

const restriction = z.object({
  version: z.string(),
  reason: z.string(),
  who: z.string(),
  at: timeField,
});

const listedChannel = z.object({
  name: z.string(),
  from: z
    .string()
    .nullable()
    .describe("Its feeder: mirror or a channel; null when the channel is not defined any longer."),
  definedIn: z.enum(["settings", "command"]).nullable().describe("jam.yaml or `jam channel create`."),
  promote: z.enum(["manual", "auto"]).nullable(),
  delayMs: countField.nullable(),
  clock: z.enum(["seen", "upstream"]).nullable().describe("From when the delay counts."),
  path: z
    .string()
    .describe("Below the address of the server; also the folder below the data directory, with `channels`."),
  snapshot: z.string().nullable().describe("What it shows; null when nothing was promoted yet."),
  since: timeField.nullable(),
  agents: countField,
  bytes: countField.describe("Bytes of its distinct tarballs."),
  held: z.array(restriction).readonly(),
  withdrawn: z.array(restriction).readonly(),
  fault: z.string().nullable().describe("Why it is not known what happened in it; null when it is."),
});

/** What `jam channel list -o json` prints. */
export const channelsDocument = z
  .object({ channels: z.array(listedChannel).readonly() })
  .meta({ title: "Channels" });

/** What `jam channel show -o json` prints. */
export const channelDocument = z
  .object({
    channel: listedChannel,
    agentNames: z.array(z.string()).readonly().describe("Names of the agents that it lists."),
    rollback: z.string().nullable().describe("The snapshot that a rollback leads to."),
  })
  .meta({ title: "A channel" });

const keptBack = z.object({
  agent: z.string(),
  why: z.enum(["held", "withdrawn", "delay", "select"]),
  detail: z.string(),
  until: timeField.exactOptional().describe("When its delay is over."),
});

/** What `jam channel promote -o json` and the other commands that change what a channel shows print. */
export const channelMove = z
  .object({
    outcome: z.enum(["promoted", "rolled-back", "withdrawn", "unchanged"]),
    channel: z.string(),
    from: z.string().nullable().describe("The snapshot that it showed before."),
    to: z.string().nullable().describe("The snapshot that it shows now; null for a dry run."),
    feeder: z.string().nullable(),
    source: z.string().nullable().describe("The feeder's snapshot that was promoted."),
    ...snapshotDiff.pick({ added: true, removed: true, changed: true, bytes: true }).shape,
    keptBack: z
      .array(keptBack)
      .readonly()
      .describe("What the feeder has and the channel does not get, and why."),
    warnings: z.array(z.string()).readonly(),
  })
  .meta({ title: "A change of what a channel shows" });

/** One row of what `jam channel promote --all -o json` prints. */
const duePromotion = z.object({
  channel: z.string(),
  move: channelMove.nullable().describe("What changed; null when it failed."),
  error: z
    .object({
      code: errorCodeField,
      message: z.string(),
      hint: z.string().exactOptional(),
      details: z.record(z.string(), z.unknown()),
    })
    .nullable(),
});

export type DuePromotion = z.infer<typeof duePromotion>;
export type ListedChannel = z.infer<typeof listedChannel>;
export type ChannelsDocument = z.infer<typeof channelsDocument>;
export type ChannelDocument = z.infer<typeof channelDocument>;
export type ChannelMove = z.infer<typeof channelMove>;

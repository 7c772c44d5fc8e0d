import { z } from "zod";
import { agentsAndBytesField, countField, errorCodeField, timeField } from "./document-fields.ts";
import { pathAlarms } from "./path-alarms.ts";
import { goneAgent, syncReport } from "./run-document.ts";

const bundleOrigin = z
  .object({
    id: z.string(),
    createdAt: timeField.describe("When the snapshot of its maker was made."),
    signedBy: z
      .string()
      .nullable()
      .describe("Fingerprint of its signer; null for a bundle without a signature that is trusted here."),
    signerExpiredAt: timeField.exactOptional(),
  })
  .readonly();

const shownSnapshot = z.object({
  id: z.string(),
  createdAt: timeField,
  upstream: z.string().describe("URL or folder of the upstream."),
  bundle: bundleOrigin.nullable().describe("The bundle that brought it; null when it was synced."),
  expiredKeys: z
    .array(z.object({ fingerprint: z.string(), expiredAt: timeField }))
    .readonly()
    .describe("Keys that had expired when what they signed was accepted."),
});

const runningVersions = z
  .object({
    from: z.string().describe("The setting keepRunning."),
    versions: z.array(z.string()).readonly().describe("Versions that the fleet runs."),
    missing: z.array(z.string()).readonly().describe("Those of them that the mirror does not list."),
    unknown: z.string().exactOptional().describe("Why it is not known what the fleet runs."),
  })
  .readonly()
  .describe(
    "What is kept because a fleet runs it; absent where keepRunning is not set, and in the HTTP API.",
  );

const waitingBundle = z.object({
  bundle: z.string(),
  createdAt: timeField,
  lacking: countField.describe("Files that have not arrived yet."),
  volumes: z.array(z.int().positive()).readonly().describe("Numbers of its volumes that hold them."),
});

const damagedTarball = z.object({
  sha256: z.string(),
  agents: z.array(z.string()).readonly().describe("Agents of the shown snapshot that are in it."),
  how: z.string().describe("What was found."),
  foundAt: timeField,
  foundBy: z.string().describe("The command that found it."),
});

const trouble = z.object({ since: timeField, code: errorCodeField, message: z.string() }).readonly();

const cachedUpstream = z
  .object({
    name: z.string(),
    state: z
      .enum(["answers", "away", "refused", "not-needed", "unknown"])
      .describe(
        "not-needed: the upstreams before it list all that is wanted, so it is not asked. unknown: no server has asked it lately.",
      ),
    refreshedAt: timeField.nullable().describe("When it was last asked; null before the first time."),
    nextAt: timeField
      .nullable()
      .describe("When a running server asks it again; null where that is not known."),
    away: trouble.exactOptional().describe("Since when it cannot be reached, and why; absent where it can."),
    staleUntil: timeField
      .exactOptional()
      .describe("While it is away: until when what only it offers stays listed without being held."),
    fault: trouble.exactOptional().describe("Why what it publishes is refused; absent where it is not."),
    offered: agentsAndBytesField.describe("Agents that are offered because of it and not held."),
    cached: agentsAndBytesField.describe("Agents that it sent because a client requested them."),
    quota: countField
      .nullable()
      .describe("Its own quota in bytes; null where it counts for that of the cache."),
  })
  .readonly();

const cacheStatus = z
  .object({
    upstream: z.enum(["answers", "away", "unknown"]).describe("unknown: no server has asked it lately."),
    refreshedAt: timeField.nullable().describe("When upstream was last asked; null before the first time."),
    away: trouble.exactOptional().describe("Why upstream cannot be reached; absent where it can."),
    fault: trouble
      .exactOptional()
      .describe(
        "Why what upstream publishes is refused; what it listed before stays. Absent where it is not.",
      ),
    listed: countField.describe("Agents that the index lists now."),
    held: agentsAndBytesField.describe("Agents whose tarballs are here."),
    cached: agentsAndBytesField.describe("Those of them that are here because a client requested them."),
    offered: agentsAndBytesField.describe("Agents that are not here, and fetched when they are requested."),
    quota: countField
      .nullable()
      .describe("`cache.quota` in bytes, for upstreams without a quota of their own; null without a limit."),
    upstreams: z.array(cachedUpstream).readonly().describe("Each upstream, in order of preference."),
  })
  .readonly();

/** What `jam status -o json` prints. */
export const statusDocument = z
  .object({
    data: z.string().describe("The data directory."),
    mode: z.enum(["online", "cache", "offline"]),
    lastGood: timeField
      .nullable()
      .describe(
        "Start of the last sync or import after which nothing was missing; null where the kept history has none.",
      ),
    snapshot: shownSnapshot.nullable().describe("What the mirror shows; null before the first sync."),
    held: agentsAndBytesField,
    tarballs: countField.describe("Distinct tarballs of the held agents."),
    streams: z.record(z.string(), countField).describe("Held agents by stream."),
    verified: z.boolean().nullable().describe("Whether the signatures of every upstream were verified."),
    verbatim: z
      .discriminatedUnion("complete", [
        z.object({ complete: z.literal(true) }).readonly(),
        z.object({ complete: z.literal(false), reason: z.string() }).readonly(),
      ])
      .nullable()
      .describe("Whether upstream's signed metadata is served."),
    snapshots: z.array(z.string()).readonly().describe("Snapshots that are kept, oldest first."),
    damaged: z
      .array(damagedTarball)
      .readonly()
      .describe("Tarballs that are damaged or missing: no index lists them, and they are not served."),
    alarms: pathAlarms,
    goneUpstream: z
      .array(goneAgent)
      .readonly()
      .exactOptional()
      .describe("What upstream no longer lists and `onUpstreamRemoval` keeps; absent where that is nothing."),
    cache: cacheStatus.exactOptional().describe("Absent in other modes than cache mode."),
    running: runningVersions.exactOptional(),
    waiting: z.array(waitingBundle).readonly().describe("Bundles of which something has not arrived yet."),
    partial: z
      .object({ tarballs: countField, bytes: countField })
      .readonly()
      .exactOptional()
      .describe(
        "Tarballs of which only a part is here: of a run that is writing now, or for the next one. Absent where there is none.",
      ),
    writer: z
      .object({ host: z.string(), pid: z.int(), command: z.string(), since: timeField })
      .nullable()
      .describe("The run that writes now."),
    freeBytes: z.number().nullable().describe("Bytes that can still be written; null where not known."),
    runs: z.array(syncReport).readonly().describe("The last runs, newest first."),
    unreadableRuns: z
      .array(z.string())
      .readonly()
      .exactOptional()
      .describe(
        "Reports among the last runs that cannot be read, by their name in history/. Absent where there is none.",
      ),
  })
  .meta({ title: "State of the mirror" });

export type StatusDocument = z.infer<typeof statusDocument>;
export type WaitingBundle = z.infer<typeof waitingBundle>;

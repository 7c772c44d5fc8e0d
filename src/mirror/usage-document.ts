import { z } from "zod";
import { countField } from "./document-fields.ts";

const amount = z.object({ tarballs: countField, bytes: countField }).readonly();

const share = z
  .object({
    name: z.string(),
    tarballs: countField,
    bytes: countField.describe("Bytes of its distinct tarballs."),
    unique: countField.describe("Bytes of the tarballs that nothing else in this list has."),
  })
  .readonly();

const shares = z.array(share).readonly();

/** What `jam du -o json` prints. */
export const usageDocument = z
  .object({
    total: amount.describe("All tarballs in the store, each once."),
    listed: amount.describe("Those that a kept snapshot lists."),
    cached: amount.describe("Those that the cache server fetched on request and no snapshot lists."),
    unlisted: amount.describe("The others: received by a run or a bundle, and not published."),
    partial: amount.describe("Tarballs of which a part is here, and the bytes of these parts."),
    missing: amount.describe("Listed by a kept snapshot and not in the store."),
    freeBytes: countField.nullable().describe("Null where the store has no limit that can be read."),
    streams: shares,
    versions: shares.describe("By minor."),
    arches: shares,
    snapshots: shares.describe("Newest first."),
    refs: shares.describe("What the mirror and each channel show now."),
    damaged: z
      .array(z.string())
      .readonly()
      .describe("Snapshots that cannot be read; their tarballs count as unlisted."),
  })
  .meta({ title: "Space that the tarballs need" });

export type UsageDocument = z.infer<typeof usageDocument>;

/** One row of a group. */
export type UsageShare = z.infer<typeof share>;

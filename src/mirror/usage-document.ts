import { z } from "zod";
import { countField } from "./document-fields.ts";

const amount = z.object({ tarballs: countField, bytes: countField }).readonly();

const keptAmount = z
  .object({
    tarballs: countField,
    bytes: countField,
    listed: amount.describe("More of them, which a kept snapshot lists as well; they count as `listed`."),
  })
  .readonly();

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
    total: amount.describe(
      "All tarballs in the store, each once: the sum of `listed`, `withdrawn`, `alarms`, `waiting`, `cached` and `unlisted`.",
    ),
    listed: amount.describe("Those that a kept snapshot lists."),
    withdrawn: keptAmount.describe(
      "Those that no kept snapshot lists and that stay because upstream withdrew their agents (`onUpstreamRemoval`).",
    ),
    alarms: keptAmount.describe(
      "Of the others, both sides of each path under which upstream lists other bytes than are held.",
    ),
    waiting: amount.describe("Of the others, contents of bundles that are not complete yet."),
    cached: amount.describe("Of the others, those that the cache server fetched on request."),
    unlisted: amount.describe(
      "The rest: received by a run or a bundle, and not published. `jam prune` deletes what is older than 7 days.",
    ),
    partial: amount.describe("Tarballs of which a part is here, and the bytes of these parts."),
    quarantine: z
      .object({ files: countField, bytes: countField })
      .readonly()
      .nullable()
      .describe(
        "Damaged tarballs that were put aside, and samples of refused bytes; not part of `total`. Null where that is not known, because it cannot be read; 0 in a store without a quarantine.",
      ),
    missing: amount.describe("Listed by a kept snapshot and not in the store."),
    freeBytes: countField.nullable().describe("Null where the store has no limit that can be read."),
    streams: shares,
    versions: shares.describe("By minor."),
    arches: shares,
    snapshots: shares.describe("Newest first."),
    refs: shares.describe("What the mirror and each channel show now."),
    shared: z
      .object({
        streams: countField,
        versions: countField,
        arches: countField,
        snapshots: countField,
        refs: countField,
      })
      .readonly()
      .describe(
        "Bytes of the tarballs that several entries of a list have, each once. With `unique` of every entry it is all that the list is about.",
      ),
    damaged: z
      .array(z.string())
      .readonly()
      .describe("Snapshots that cannot be read; their tarballs count as unlisted."),
  })
  .meta({ title: "Space that the tarballs need" });

export type UsageDocument = z.infer<typeof usageDocument>;

/** One row of a group. */
export type UsageShare = z.infer<typeof share>;

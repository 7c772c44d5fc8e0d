import { z } from "zod";
import { JamError } from "../../shared/errors.ts";
import { bundleId } from "../format/parse-manifest.ts";
import { MAX_VOLUMES, TAR_BLOCK } from "../format/volume-plan.ts";
import type { RepairOrder } from "../verify/verify-report.ts";
import type { NamedText } from "../../input/read-documents.ts";

const report = z.object({
  repair: z.object({
    bundle: bundleId.nullable(),
    volumeSize: z.int().min(TAR_BLOCK).multipleOf(TAR_BLOCK).nullable(),
    volumes: z.array(z.int().min(1).max(MAX_VOLUMES)).max(MAX_VOLUMES),
  }),
});

/**
 * Which volumes a report of `jam bundle verify -o json` asks for. Ids and numbers are all that is taken from it.
 * @throws JamError JAM_USAGE_INVALID
 */
export function parseReport({ name, text }: NamedText): RepairOrder {
  try {
    const result = report.safeParse(JSON.parse(text.replace(/^\u{feff}/u, "")));
    if (result.success) return result.data.repair;
  } catch {
    // Said below.
  }
  throw new JamError("JAM_USAGE_INVALID", `${name} is neither a volume nor a report of jam bundle verify.`, {
    hint: "Give the folder with the bundle, or what `jam bundle verify FROM -o json` printed.",
    details: { file: name },
  });
}

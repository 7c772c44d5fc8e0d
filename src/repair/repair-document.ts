import { z } from "zod";
import { countField, errorCodeField, sha256Field } from "../mirror/document-fields.ts";
import { verifyDocument } from "../verify/verify-document.ts";

const { findings } = verifyDocument.shape;

/** What `jam repair -o json` prints. */
export const repairDocument = z
  .object({
    outcome: z
      .enum(["whole", "repaired", "partial", "planned"])
      .describe(
        "`whole`: nothing was to be done. `partial`: `remaining` names what could not be repaired. `planned`: a dry run.",
      ),
    planned: findings.describe(
      "What a dry run would repair; `repair` says how. Empty in a run that repairs.",
    ),
    repaired: findings.describe("What was found, and is right now."),
    remaining: findings.describe("What is still wrong, or could not be decided."),
    fetched: z.object({ tarballs: countField, documents: countField, bytes: countField }),
    failed: z
      .array(
        z.object({
          sha256: sha256Field,
          path: z.string(),
          agents: z.array(z.string()).readonly(),
          code: errorCodeField,
          message: z.string(),
        }),
      )
      .readonly()
      .describe("Tarballs that no place could deliver, with the last reason."),
    sources: z
      .array(z.string())
      .readonly()
      .describe("Where tarballs and documents were asked for, in order."),
    durationMs: z.number(),
  })
  .meta({ title: "Result of a repair" });

export type RepairDocument = z.infer<typeof repairDocument>;

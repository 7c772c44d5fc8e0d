import { z } from "zod";
import { countField } from "../../mirror/document-fields.ts";
import { verifyDocument } from "../verify-document.ts";

const { verdict, outcome, findings } = verifyDocument.shape;

/** What `jam verify --url -o json` prints. */
export const verifyUrlDocument = z
  .object({
    verdict,
    outcome,
    findings,
    url: z.string().describe("The address, as controllers have it."),
    ref: z.string().describe("`mirror`, or the channel that the address has to show."),
    snapshot: z.string().describe("The snapshot that it has to show."),
    deep: z.boolean().describe("True when every tarball was downloaded, not only a sample."),
    checked: z.object({
      requests: countField,
      documents: countField,
      tarballs: countField,
      downloaded: countField.describe("Tarballs that were downloaded and hashed."),
      bytes: z.number().describe("Bytes of these."),
      generations: countField.describe("Generations of Juju whose look-ups were replayed."),
    }),
    durationMs: z.number(),
  })
  .meta({ title: "Result of a verification from outside" });

export type VerifyUrlDocument = z.infer<typeof verifyUrlDocument>;

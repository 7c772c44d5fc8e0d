import { z } from "zod";
import { listOf } from "../../upgrade/list-of.ts";
import type { NamedText } from "../../input/read-documents.ts";
import { bundleId, snapshotId } from "./parse-manifest.ts";
import { RECEIPT_FORMAT, type Receipt } from "./receipt.ts";
import { siteName } from "./site-name.ts";
import { checkDocument, faultAt, readStrictJson, type DocumentExpectation } from "./strict-document.ts";

/** Eight short ids on each line: more contents than any mirror has by orders of magnitude. */
const MAX_LINES = 25_000;
/** As many as an inventory may name. */
const MAX_BUNDLES = 500;

const EXPECTED: DocumentExpectation = {
  code: "JAM_RECEIPT_INVALID",
  what: "a receipt",
  format: RECEIPT_FORMAT,
  hint: "Write one on the far side with `jam bundle receipt`, and take it over whole, with its first and last line.",
};

/** Also the part of a site's document that is a receipt. */
export const receiptShape = z.strictObject({
  format: z.literal(RECEIPT_FORMAT),
  site: siteName,
  createdAt: z.iso.datetime({ offset: false }),
  snapshot: snapshotId.nullable(),
  bundles: z.array(bundleId).max(MAX_BUNDLES),
  held: listOf(
    z.strictObject({
      bundle: z.int().min(0).max(MAX_BUNDLES).nullable(),
      contents: listOf(z.string().regex(/^(?:[A-Za-z0-9_-]{8}){1,8}$/, "expected up to 8 short ids"), {
        min: 1,
        max: MAX_LINES,
      }),
    }),
    { max: MAX_BUNDLES + 1 },
  ),
  agents: z.int().min(0),
  bytes: z.int().min(0),
});

/**
 * The receipt in this text, which carries no signature around it (any more).
 * @throws JamError JAM_RECEIPT_INVALID naming file and place
 */
export function parseReceipt(text: NamedText): Receipt {
  const receipt = checkDocument(receiptShape, readStrictJson(text, EXPECTED), text.name, EXPECTED);
  const index = receipt.held.findIndex(({ bundle }) => bundle !== null && bundle >= receipt.bundles.length);
  if (index === -1) return receipt;
  throw faultAt(text.name, `held/${index}/bundle`, "it is none of the listed bundles", EXPECTED);
}

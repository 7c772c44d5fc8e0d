import { z } from "zod";
import type { NamedText } from "../../input/read-documents.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import { formatStableJson } from "../../simplestreams/json-text.ts";
import { listOf } from "../../upgrade/list-of.ts";
import { bundleId, instant, siteName, snapshotId } from "./fields.ts";
import { checkDocument, faultAt, readStrictJson, type DocumentExpectation } from "./strict-document.ts";

/** Version of the format that this program writes and reads. */
export const RECEIPT_FORMAT = "jam-receipt:1";

/** Contents that came with one bundle. */
export interface ReceivedContents {
  /** Position in the receipt's `bundles`; null for what did not come with a bundle. */
  readonly bundle: number | null;
  /** Short ids, ascending, up to eight joined in one string. */
  readonly contents: readonly string[];
}

/**
 * What a mirror has, short enough to be printed or shown as a QR code. Contents have short ids (`shortId`), which is
 * safe: an import compares full hashes. If two contents had the same short id, a delta would leave out one that the far
 * side does not have; its import would name what is missing and change nothing.
 */
export interface Receipt {
  readonly format: typeof RECEIPT_FORMAT;
  readonly site: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** Null for an empty mirror. */
  readonly snapshot: string | null;
  /** Ids of the bundles that the mirror's contents came with, ascending; the current one is always among them. */
  readonly bundles: readonly string[];
  /** Tarballs and documents: first those that came with bundles, in their order, then the rest. */
  readonly held: readonly ReceivedContents[];
  /** Number of agents whose tarballs are complete. */
  readonly agents: number;
  /** Bytes of their distinct tarballs. */
  readonly bytes: number;
}

const SHORT_ID_BYTES = 6;
const SHORT_ID_CHARACTERS = 8;
const IDS_ON_A_LINE = 8;

/** The first 6 bytes of a SHA-256 as base64url: 8 characters. */
export function shortId(sha256: Sha256): string {
  return Buffer.from(sha256.slice(0, 2 * SHORT_ID_BYTES), "hex").toString("base64url");
}

/** Contents grouped by the bundle that they came with, as a receipt lists them. */
export function groupReceived(
  contents: readonly Sha256[],
  bundleOf: ReadonlyMap<Sha256, string>,
): Pick<Receipt, "bundles" | "held"> {
  const groups = Map.groupBy(new Set(contents), (sha256) => bundleOf.get(sha256));
  const bundles = [...groups.keys()].filter((bundle) => bundle !== undefined).sort();
  return {
    bundles,
    held: [
      ...bundles.flatMap((bundle, position) => receivedRow(position, groups.get(bundle))),
      ...receivedRow(null, groups.get(undefined)),
    ],
  };
}

/** The bundle that each short id came with; undefined for what did not come with a bundle. */
export function receivedIds({ bundles, held }: Receipt): ReadonlyMap<string, string | undefined> {
  return new Map(
    held.flatMap(({ bundle, contents }) =>
      contents.flatMap(splitIds).map((id) => [id, bundle === null ? undefined : bundles[bundle]] as const),
    ),
  );
}

/** The text that is signed; the same for the same content. Every line is shorter than 80 characters. */
export function formatReceipt(receipt: Receipt): string {
  return formatStableJson(receipt);
}

function receivedRow(bundle: number | null, contents: readonly Sha256[] = []): ReceivedContents[] {
  return contents.length === 0 ? [] : [{ bundle, contents: joinIds(contents) }];
}

function joinIds(contents: readonly Sha256[]): string[] {
  const ids = contents.map(shortId).sort();
  const lines: string[] = [];
  for (let i = 0; i < ids.length; i += IDS_ON_A_LINE) lines.push(ids.slice(i, i + IDS_ON_A_LINE).join(""));
  return lines;
}

function splitIds(line: string): string[] {
  const ids: string[] = [];
  for (let i = 0; i < line.length; i += SHORT_ID_CHARACTERS) ids.push(line.slice(i, i + SHORT_ID_CHARACTERS));
  return ids;
}

/** Eight short ids on each line: far more contents than any mirror has. */
const MAX_LINES = 25_000;
/** As many as an inventory may name. */
const MAX_BUNDLES = 500;

const EXPECTED: DocumentExpectation = {
  code: "JAM_RECEIPT_INVALID",
  what: "a receipt",
  format: RECEIPT_FORMAT,
  hint: "Write one on the far side with `jam bundle receipt`, and copy all of it, including the first and last line.",
};

/** Also the receipt in a site's document. */
export const receiptShape = z.strictObject({
  format: z.literal(RECEIPT_FORMAT),
  site: siteName,
  createdAt: instant,
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
 * The receipt in this text, which has no signature around it.
 * @throws JamError JAM_RECEIPT_INVALID naming file and place
 */
export function parseReceipt(text: NamedText): Receipt {
  const receipt = checkDocument(receiptShape, readStrictJson(text, EXPECTED), text.name, EXPECTED);
  const index = receipt.held.findIndex(({ bundle }) => bundle !== null && bundle >= receipt.bundles.length);
  if (index === -1) return receipt;
  throw faultAt(text.name, `held/${index}/bundle`, "it is not one of the listed bundles", EXPECTED);
}

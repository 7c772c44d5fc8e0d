import type { Sha256 } from "../../shared/sha256.ts";
import { formatStableJson } from "../../simplestreams/stable-json.ts";

/** Version of the format that this program writes and reads. */
export const RECEIPT_FORMAT = "jam-receipt:1";

/** Contents that came with one bundle. */
export interface ReceivedContents {
  /** Position in the receipt's `bundles`; null for what came another way. */
  readonly bundle: number | null;
  /** Short ids, ascending, up to eight joined in one text. */
  readonly contents: readonly string[];
}

/**
 * What a mirror holds, short enough to be printed or shown as a QR code. Contents have short ids (`shortId`), which is
 * safe: an import compares whole hashes. Should two contents share a short id, a delta leaves out one that the far
 * side does not have; its import then names what is lacking and changes nothing.
 */
export interface Receipt {
  readonly format: typeof RECEIPT_FORMAT;
  readonly site: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** Null for a mirror that shows nothing yet. */
  readonly snapshot: string | null;
  /** Ids of the bundles that the mirror's contents came with, ascending; the one that is shown is always among them. */
  readonly bundles: readonly string[];
  /** Tarballs and documents: first what came with bundles, in their order, then the rest. */
  readonly held: readonly ReceivedContents[];
  /** Agents that are held whole. */
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

/** Contents grouped by the bundle that brought them, as a receipt lists them. */
export function groupReceived(
  contents: readonly Sha256[],
  bringers: ReadonlyMap<Sha256, string>,
): Pick<Receipt, "bundles" | "held"> {
  const groups = Map.groupBy(new Set(contents), (sha256) => bringers.get(sha256));
  const bundles = [...groups.keys()].filter((bundle) => bundle !== undefined).sort();
  return {
    bundles,
    held: [
      ...bundles.flatMap((bundle, position) => receivedRow(position, groups.get(bundle))),
      ...receivedRow(null, groups.get(undefined)),
    ],
  };
}

/** The bundle that brought each short id; undefined for what came another way. */
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

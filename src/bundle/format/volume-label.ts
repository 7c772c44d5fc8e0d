import { z } from "zod";
import { sha256Field } from "../../mirror/document-fields.ts";
import type { JamError } from "../../shared/errors.ts";
import { MAX_VOLUMES } from "../../shared/limits.ts";
import { printable } from "../../shared/printable.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import { parseJsonObject, type JsonObject } from "../../simplestreams/json-text.ts";
import { malformedBundle, refuseNewerFormat } from "./bundle-faults.ts";
import { bundleId } from "./fields.ts";
import { LABEL_BYTES, TAR_BLOCK, type Slice } from "./volume-plan.ts";

export const VOLUME_FORMAT = "jam-volume:1";

/**
 * The first file of a volume: which volume of which bundle it is. Not signed: it only tells which part of the signed
 * bundle to expect, and every byte after it is checked against the manifest.
 */
export interface VolumeLabel {
  readonly format: typeof VOLUME_FORMAT;
  readonly bundle: string;
  /** From 1. */
  readonly number: number;
  readonly count: number;
  /** Exact size of every volume but the last; null for a bundle of one volume. */
  readonly volumeSize: number | null;
  /** SHA-256 of the first and of the last slice when that is a part of a content; null when it is a whole one. */
  readonly firstPart: Sha256 | null;
  readonly lastPart: Sha256 | null;
}

const label = z.strictObject({
  format: z.literal(VOLUME_FORMAT),
  bundle: bundleId,
  number: z.int().min(1).max(MAX_VOLUMES),
  count: z.int().min(1).max(MAX_VOLUMES),
  volumeSize: z.int().min(1).multipleOf(TAR_BLOCK).nullable(),
  firstPart: sha256Field.nullable(),
  lastPart: sha256Field.nullable(),
});

/** The label's bytes, always `LABEL_BYTES` of them. */
export function formatLabel(label: VolumeLabel): Uint8Array {
  return Buffer.from(`${JSON.stringify(label, undefined, 1).padEnd(LABEL_BYTES - 1)}\n`);
}

/**
 * The label in these bytes; `name` is for messages.
 * @throws JamError JAM_BUNDLE_MALFORMED, JAM_BUNDLE_FORMAT for one that a newer jam wrote
 */
export function parseLabel(bytes: Uint8Array, name: string): VolumeLabel {
  const value = readJson(bytes, name);
  refuseNewerFormat(value["format"], VOLUME_FORMAT, name);
  const result = label.safeParse(value);
  const [issue] = result.error?.issues ?? [];
  if (issue !== undefined) throw unreadable(name, `${issue.path.join("/")}: ${issue.message}`);
  if (result.data === undefined || result.data.number > result.data.count) {
    throw unreadable(name, "its number is greater than its count");
  }
  return result.data;
}

function readJson(bytes: Uint8Array, name: string): JsonObject {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return parseJsonObject(text, LABEL_NAME);
  } catch (error) {
    throw unreadable(name, error instanceof Error ? error.message : String(error));
  }
}

function unreadable(name: string, fault: string): JamError {
  return malformedBundle(name, `its label cannot be read: ${printable(fault).replace(/\.$/, "")}`);
}

/** Names of the files at the head of a volume, in their order. */
export const LABEL_NAME = "jam-volume.json";
export const MANIFEST_NAME = "manifest.json";
export const SIGNATURE_NAME = "manifest.json.asc";

/** True when a slice is only a part of its content. */
export function isPart({ content, length }: Slice): boolean {
  return length < content.size;
}

/** The name of a slice in its archive: `tarballs/<sha256>`; a part has its offset, too: `tarballs/<sha256>.1048576`. */
export function sliceName(slice: Slice): string {
  const { content, offset } = slice;
  const name = `${content.kind}s/${content.sha256}`;
  return isPart(slice) ? `${name}.${offset}` : name;
}

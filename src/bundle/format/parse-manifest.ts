import { z } from "zod";
import { ADVICE_LINK, ADVICE_SEVERITIES } from "../../juju/knowledge/knowledge.ts";
import { parseVersionRange } from "../../juju/version-range.ts";
import { sha256Field } from "../../mirror/document-fields.ts";
import { isJamError } from "../../shared/errors.ts";
import { MAX_DOCUMENT_BYTES } from "../../shared/limits.ts";
import { printable } from "../../shared/printable.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import { itemPathFault, pathFault } from "../../simplestreams/item-path.ts";
import { parseJsonObject } from "../../simplestreams/json-text.ts";
import { listOf } from "../../upgrade/list-of.ts";
import { invalidHistory, malformedBundle, refuseNewerFormat } from "./bundle-faults.ts";
import { bundleId, instant, isAgentName, lineOf, MAX_LINE, MAX_TARBALL_BYTES, snapshotId } from "./fields.ts";
import { chainFault } from "../../channel/history.ts";
import { standingOf } from "../../channel/standing.ts";
import { channelEntry } from "../../channel/history-document.ts";
import { REF_NAME } from "../../shared/ref-name.ts";
import { BUNDLE_FORMAT, PLAIN_BUNDLE_FORMAT, contentsOf, idOf, type BundleManifest } from "./manifest.ts";

/** The largest manifest that is read, as for every other document. */
export const MAX_MANIFEST_BYTES = MAX_DOCUMENT_BYTES;

/**
 * Values in one manifest. The largest one within the limits below has half as many; 32 MiB could contain 16 million empty
 * ones, which need a gigabyte of memory once they are parsed.
 */
const MAX_VALUES = 2_000_000;

/** Far more tarballs or agents than any upstream has. */
const MAX_ROWS = 100_000;
/** Documents of one proof; real ones have ten. */
const MAX_DOCUMENTS = 1_000;

const word = lineOf(300);
const url = lineOf(2_000);

const agentName = word.refine(isAgentName, "expected an agent such as 3.6.5-ubuntu-amd64");
const range = word.refine(isRange, "expected a range of versions");

const row = z.strictObject({
  path: z.string().refine((path) => itemPathFault(path) === undefined, "expected a path below the base URL"),
  size: z.int().min(1).max(MAX_TARBALL_BYTES),
  sha256: sha256Field,
  agents: listOf(agentName, { min: 1, max: MAX_ROWS }),
});

const document = z.strictObject({
  path: z.string().refine((path) => pathFault(path) === undefined, "expected a path below the base URL"),
  url,
  sha256: sha256Field,
  size: z.int().min(1).max(MAX_DOCUMENT_BYTES),
  signedBy: word.exactOptional(),
  signedAt: instant.exactOptional(),
  updatedAt: instant.exactOptional(),
});

const proofSet = z.strictObject({
  name: word,
  url,
  verified: z.boolean(),
  documents: listOf(document, { min: 1, max: MAX_DOCUMENTS }),
});

const baseline = z.strictObject({
  bundle: bundleId.exactOptional(),
  snapshot: snapshotId.exactOptional(),
  contents: listOf(sha256Field, { max: MAX_ROWS }),
});

const missing = z.strictObject({ agent: word, reason: lineOf(MAX_LINE, { min: 0 }) });

const advice = z.strictObject({
  from: z.literal("*").or(range),
  to: range,
  severity: z.enum(ADVICE_SEVERITIES),
  reason: lineOf(MAX_LINE),
  link: url.regex(ADVICE_LINK).exactOptional(),
});

const text = (max: number) => lineOf(max).nullable();
const head = sha256Field.nullable();

/** An entry as `channelEntry` declares it, within the limits of what was carried. */
const historyEntry = channelEntry.extend({
  at: instant,
  who: z.string().max(MAX_LINE),
  reason: z.string().max(MAX_LINE).nullable(),
  from: snapshotId.nullable(),
  to: snapshotId.nullable(),
  version: text(100),
  feeder: text(100),
  source: snapshotId.nullable(),
  catalogue: head,
  head: sha256Field.exactOptional(),
  previous: head,
});

const channel = z.strictObject({
  name: z.string().regex(REF_NAME, "expected the name of a channel"),
  history: listOf(historyEntry, { max: MAX_ROWS }),
});

const manifest = z.strictObject({
  format: z.enum([PLAIN_BUNDLE_FORMAT, BUNDLE_FORMAT]),
  id: bundleId,
  createdAt: instant,
  snapshot: snapshotId,
  scope: z.enum(["mirror", "selection"]),
  selection: lineOf(MAX_LINE, { min: 0 }),
  proofs: listOf(proofSet, { min: 1, max: MAX_DOCUMENTS }),
  catalogue: listOf(row, { max: MAX_ROWS }),
  baseline: listOf(baseline, { max: MAX_DOCUMENTS }),
  missing: listOf(missing, { max: MAX_ROWS }),
  advice: listOf(advice, { max: MAX_ROWS }),
  channel: channel.exactOptional(),
});

/**
 * The manifest in these bytes, every field validated; `name` is for messages.
 * @throws JamError JAM_BUNDLE_MALFORMED, JAM_BUNDLE_FORMAT for one that a newer jam wrote
 */
export function parseManifest(bytes: Uint8Array, name: string): BundleManifest {
  const value = readJson(bytes, name);
  refuseNewerFormat(value["format"], BUNDLE_FORMAT, name);
  if (value["format"] !== BUNDLE_FORMAT && value["format"] !== PLAIN_BUNDLE_FORMAT)
    throw malformedBundle(name, "its manifest is not that of a jam bundle");
  const result = manifest.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    const place = (issue?.path ?? []).map(String).join("/");
    throw malformedBundle(
      name,
      `its manifest has a fault at ${printable(place) || "the top"}: ${printable(issue?.message ?? "")}`,
    );
  }
  const altered = alteredHistory(result.data);
  if (altered !== undefined) throw invalidHistory(name, altered);
  const fault = contradictionIn(result.data);
  if (fault !== undefined) throw malformedBundle(name, `its manifest contradicts itself: ${fault}`);
  return result.data;
}

function readJson(bytes: Uint8Array, name: string) {
  if (hasTooManyValues(bytes)) throw malformedBundle(name, "its manifest contains too many values");
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    if (/\r(?!\n)/.test(text)) throw new Error("it contains a carriage return that does not end a line");
    return parseJsonObject(text, "manifest.json");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw malformedBundle(
      name,
      `its manifest cannot be read: ${printable(reason).replace(/\.$/, "")}`,
      cause,
    );
  }
}

const [COMMA, BRACKET, BRACE] = Buffer.from(",[{");

/** Every value follows a bracket or a comma. Those inside texts are counted, too; there are few. */
function hasTooManyValues(bytes: Uint8Array): boolean {
  let count = 0;
  for (const byte of bytes) if (byte === COMMA || byte === BRACKET || byte === BRACE) count += 1;
  return count > MAX_VALUES;
}

/** A contradiction between fields that are each valid, or undefined. */
function contradictionIn(manifest: BundleManifest): string | undefined {
  if ((manifest.channel === undefined) !== (manifest.format === PLAIN_BUNDLE_FORMAT))
    return `a bundle of the format ${manifest.format} ${manifest.channel === undefined ? "has no channel" : "has a channel"}`;
  if (idOf(manifest) !== manifest.id) return `its content does not match its id ${manifest.id}`;
  const sizes = new Map<Sha256, number>();
  for (const { sha256, size } of contentsOf(manifest)) {
    if ((sizes.get(sha256) ?? size) !== size) return `${sha256} has two sizes`;
    sizes.set(sha256, size);
  }
  const kinds = new Map<Sha256, string>();
  for (const { sha256, kind } of contentsOf(manifest)) {
    if ((kinds.get(sha256) ?? kind) !== kind) return `${sha256} is a document and a tarball`;
    kinds.set(sha256, kind);
  }
  for (const { name, documents } of manifest.proofs) {
    const distinct = new Set(documents.map(({ path }) => path));
    if (distinct.size < documents.length) return `the proof ${name} has two documents of one path`;
  }
  const paths = new Set<string>();
  const agents = new Set<string>();
  for (const row of manifest.catalogue) {
    if (paths.has(row.path)) return `${row.path} is listed twice`;
    paths.add(row.path);
    for (const agent of row.agents) {
      if (agents.has(agent)) return `${printable(agent)} is listed twice`;
      agents.add(agent);
    }
  }
  return undefined;
}

/** What shows that the history of the channel is not as it was written, or undefined. */
function alteredHistory({ channel, snapshot }: BundleManifest): string | undefined {
  if (channel === undefined || channel.history.length === 0) return undefined;
  const fault = chainFault(channel.history);
  if (fault !== undefined) return fault;
  const { served } = standingOf(channel.history);
  return served.has(snapshot) ? undefined : `it does not say that the channel showed ${snapshot}`;
}

function isRange(text: string): boolean {
  try {
    parseVersionRange(text);
    return true;
  } catch (error) {
    if (isJamError(error, "JAM_VERSION_INVALID")) return false;
    throw error;
  }
}

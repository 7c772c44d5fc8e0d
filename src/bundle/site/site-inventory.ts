import { defined } from "../../shared/collections.ts";
import type { NamedText } from "../../input/read-documents.ts";
import { formatLocalDay } from "../../shared/local-time.ts";
import { JamError } from "../../shared/errors.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import {
  parseInventory,
  type FleetInventory,
  type MirrorInventory,
  type VersionInUse,
} from "../format/inventory.ts";
import type { Baseline } from "../format/manifest.ts";
import { receivedIds, shortId, type Receipt } from "../format/receipt.ts";
import { readStrictJson, type DocumentExpectation } from "../format/strict-document.ts";
import { isSigned, readReceipt, type ReceiptPorts } from "./read-receipts.ts";

/** What the far side has, from any kind of document. */
export interface SiteInventory {
  /** For messages: `the receipt of plant-7 of 2026-11-27`. */
  readonly describe: string;
  readonly site?: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly isHeld: (sha256: Sha256) => boolean;
  /** The bundle that it came with, if the document contains that. */
  readonly bundleOf: (sha256: Sha256) => string | undefined;
  /** What the fleet runs, if that is all that is known: then nothing counts as present, and not everything is needed. */
  readonly fleet?: readonly Pick<VersionInUse, "version" | "arch">[];
}

const EXPECTED: DocumentExpectation = {
  code: "JAM_INVENTORY_INVALID",
  what: "an inventory or receipt",
  format: "jam-inventory:1",
  hint: "Write one on the far side: jam inventory --to inventory.json, or jam bundle receipt > receipt.txt",
};

/**
 * What the far side has, from the inventory of a mirror or of a fleet, or from a receipt; the format is detected.
 * @throws JamError JAM_INVENTORY_INVALID, JAM_RECEIPT_INVALID, JAM_SIGNATURE_MISSING for a receipt without a
 *   signature, and what the check of a signature throws
 */
export async function readSiteInventory(text: NamedText, ports: ReceiptPorts): Promise<SiteInventory> {
  const value = isSigned(text.text) ? undefined : readStrictJson(text, EXPECTED);
  if (value === undefined || isOf("jam-receipt", value["format"])) {
    return inventoryOfReceipt((await readReceipt(text, ports)).receipt);
  }
  if (!isOf("jam-inventory", value["format"])) throw foreign(text.name);
  const inventory = parseInventory(value, text.name);
  return inventory.kind === "fleet"
    ? inventoryOfFleet(inventory, text.name)
    : inventoryOfMirror(inventory, text.name);
}

/** What the site that sent this receipt has. */
export function inventoryOfReceipt(receipt: Receipt): SiteInventory {
  const ids = receivedIds(receipt);
  return {
    describe: `the receipt of ${receipt.site} of ${formatLocalDay(receipt.createdAt)}`,
    site: receipt.site,
    createdAt: receipt.createdAt,
    isHeld: (sha256) => ids.has(shortId(sha256)),
    bundleOf: (sha256) => ids.get(shortId(sha256)),
  };
}

/**
 * The part of `contents` that the far side has, as the baseline of a delta: by the bundle that they came with,
 * ascending, then the rest.
 */
export function baselineOf(contents: readonly Sha256[], have: SiteInventory): Baseline[] {
  const held = [...new Set(contents)].filter((sha256) => have.isHeld(sha256)).sort();
  const groups = Map.groupBy(held, (sha256) => have.bundleOf(sha256));
  const named = [...groups].flatMap(([bundle, group]) =>
    bundle === undefined ? [] : [{ bundle, contents: group }],
  );
  const rest = groups.get(undefined);
  return [
    ...named.sort((a, b) => (a.bundle < b.bundle ? -1 : 1)),
    ...(rest === undefined ? [] : [{ contents: rest }]),
  ];
}

function inventoryOfMirror(inventory: MirrorInventory, name: string): SiteInventory {
  const rows = [...inventory.tarballs, ...inventory.documents];
  const bundles = new Map(rows.map(({ sha256, bundle }) => [sha256, bundle]));
  const { site, createdAt } = inventory;
  return {
    describe: `the inventory ${site === undefined ? name : `of ${site}`} of ${formatLocalDay(inventory.createdAt)}`,
    ...defined({ site }),
    createdAt,
    isHeld: (sha256) => bundles.has(sha256),
    bundleOf: (sha256) => bundles.get(sha256),
  };
}

function inventoryOfFleet(inventory: FleetInventory, name: string): SiteInventory {
  return {
    describe: `what the fleet of ${name} runs, of ${formatLocalDay(inventory.createdAt)}`,
    createdAt: inventory.createdAt,
    isHeld: () => false,
    bundleOf: () => undefined,
    fleet: inventory.versions,
  };
}

function isOf(kind: string, format: unknown): boolean {
  return typeof format === "string" && format.startsWith(`${kind}:`);
}

function foreign(name: string): JamError {
  return new JamError(EXPECTED.code, `${name} is neither an inventory nor a receipt of jam.`, {
    hint: EXPECTED.hint,
    details: { file: name },
  });
}

import { z } from "zod";
import { isArchWord } from "../../juju/platform.ts";
import { isReleaseWord } from "../../juju/release.ts";
import { formatVersion, isVersion, parseVersion } from "../../juju/version.ts";
import { sha256Field } from "../../mirror/document-fields.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import { formatStableJson, type JsonObject } from "../../simplestreams/json-text.ts";
import { listOf } from "../../upgrade/list-of.ts";
import { bundleId, instant, isAgentName, MAX_TARBALL_BYTES, siteName, snapshotId } from "./fields.ts";
import { checkDocument, faultAt, type DocumentExpectation } from "./strict-document.ts";

/** Version of the format that this program writes and reads. */
export const INVENTORY_FORMAT = "jam-inventory:1";

/** A tarball that the mirror lists and has complete. */
export interface InventoryTarball {
  readonly sha256: Sha256;
  /** Bytes. */
  readonly size: number;
  /** Names of agents, ascending. */
  readonly agents: readonly string[];
  /** The bundle that it came with; undefined when it did not come with a bundle. */
  readonly bundle?: string;
}

/** One of upstream's documents that the mirror's snapshot is based on. */
export interface InventoryDocument {
  readonly sha256: Sha256;
  readonly bundle?: string;
}

/** A bundle that was imported. */
export interface InventoryBundle {
  readonly id: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** ISO 8601. */
  readonly importedAt: string;
}

/** What a mirror has. It contains no machine names, paths or addresses, because others may read it on its way. */
export interface MirrorInventory {
  readonly format: typeof INVENTORY_FORMAT;
  readonly kind: "mirror";
  /** ISO 8601. */
  readonly createdAt: string;
  readonly site?: string;
  /** Null for an empty mirror. */
  readonly snapshot: string | null;
  /** By SHA-256. */
  readonly tarballs: readonly InventoryTarball[];
  /** By SHA-256. */
  readonly documents: readonly InventoryDocument[];
  /** In the order of their last import. */
  readonly bundles: readonly InventoryBundle[];
}

/** A version and an architecture that some machine runs. */
export interface VersionInUse {
  readonly version: string;
  /** OS type since 2.9, series before; undefined when it is not known. */
  readonly release?: string;
  readonly arch: string;
}

/** The versions that a fleet runs; no names and no counts. */
export interface FleetInventory {
  readonly format: typeof INVENTORY_FORMAT;
  readonly kind: "fleet";
  /** ISO 8601. */
  readonly createdAt: string;
  /** Each once, by version, architecture and release. */
  readonly versions: readonly VersionInUse[];
}

/** A document for the near side. */
export type Inventory = MirrorInventory | FleetInventory;

/** The text of an inventory's file; the same for the same content. */
export function formatInventory(inventory: Inventory): string {
  return formatStableJson(inventory);
}

/** Far more tarballs or agents than any mirror has. */
const MAX_ROWS = 100_000;
/** More imports than a mirror records; each may become a part of a bundle's baseline. */
const MAX_BUNDLES = 500;

const EXPECTED: DocumentExpectation = {
  code: "JAM_INVENTORY_INVALID",
  what: "an inventory",
  format: INVENTORY_FORMAT,
  hint: "Write one on the far side: jam inventory --to inventory.json",
};

const agentName = z.string().max(300).refine(isAgentName, "expected an agent such as 3.6.5-ubuntu-amd64");
const version = z
  .string()
  .max(100)
  .refine(
    (text) => isVersion(text) && formatVersion(parseVersion(text)) === text,
    "expected a version such as 3.6.5",
  );

const inventory = z.discriminatedUnion("kind", [
  z.strictObject({
    format: z.literal(INVENTORY_FORMAT),
    kind: z.literal("mirror"),
    createdAt: instant,
    site: siteName.exactOptional(),
    snapshot: snapshotId.nullable(),
    tarballs: listOf(
      z.strictObject({
        sha256: sha256Field,
        size: z.int().min(1).max(MAX_TARBALL_BYTES),
        agents: listOf(agentName, { min: 1, max: MAX_ROWS }),
        bundle: bundleId.exactOptional(),
      }),
      { max: MAX_ROWS },
    ),
    documents: listOf(z.strictObject({ sha256: sha256Field, bundle: bundleId.exactOptional() }), {
      max: MAX_ROWS,
    }),
    bundles: listOf(z.strictObject({ id: bundleId, createdAt: instant, importedAt: instant }), {
      max: MAX_BUNDLES,
    }),
  }),
  z.strictObject({
    format: z.literal(INVENTORY_FORMAT),
    kind: z.literal("fleet"),
    createdAt: instant,
    versions: listOf(
      z.strictObject({
        version,
        release: z.string().refine(isReleaseWord, "expected an OS type or a series").exactOptional(),
        arch: z.string().refine(isArchWord, "expected an architecture such as amd64"),
      }),
      { min: 1, max: MAX_ROWS },
    ),
  }),
]);

/**
 * The inventory in this object, every field validated; `name` is for messages.
 * @throws JamError JAM_INVENTORY_INVALID naming file and place
 */
export function parseInventory(value: JsonObject, name: string): Inventory {
  const checked = checkDocument(inventory, value, name, EXPECTED);
  if (checked.kind === "mirror") requireKnownBundles(checked, name);
  return checked;
}

function requireKnownBundles({ tarballs, documents, bundles }: MirrorInventory, name: string): void {
  const known = new Set(bundles.map(({ id }) => id));
  const lists = { tarballs, documents };
  for (const [list, rows] of Object.entries(lists)) {
    const index = rows.findIndex(({ bundle }) => bundle !== undefined && !known.has(bundle));
    if (index === -1) continue;
    throw faultAt(name, `${list}/${index}/bundle`, "it is not one of the listed bundles", EXPECTED);
  }
}

import type { Sha256 } from "../../shared/sha256.ts";
import { formatStableJson } from "../../simplestreams/stable-json.ts";

/** Version of the format that this program writes and reads. */
export const INVENTORY_FORMAT = "jam-inventory:1";

/** A tarball that the mirror lists and holds whole. */
export interface InventoryTarball {
  readonly sha256: Sha256;
  /** Bytes. */
  readonly size: number;
  /** Names of agents, ascending. */
  readonly agents: readonly string[];
  /** The bundle that brought it; undefined when it came another way. */
  readonly bundle?: string;
}

/** One of upstream's documents that the mirror's snapshot rests on. */
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

/** What a mirror holds. It names no machine, path or address: it may be read by whoever carries it. */
export interface MirrorInventory {
  readonly format: typeof INVENTORY_FORMAT;
  readonly kind: "mirror";
  /** ISO 8601. */
  readonly createdAt: string;
  readonly site?: string;
  /** Null for a mirror that shows nothing yet. */
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
  /** OS type from 2.9 on, series before; undefined when it is not known. */
  readonly release?: string;
  readonly arch: string;
}

/** What a fleet runs, and nothing else of it: no names, no numbers. */
export interface FleetInventory {
  readonly format: typeof INVENTORY_FORMAT;
  readonly kind: "fleet";
  /** ISO 8601. */
  readonly createdAt: string;
  /** Each once, by version, architecture and release. */
  readonly versions: readonly VersionInUse[];
}

/** What is told to the side that makes bundles. */
export type Inventory = MirrorInventory | FleetInventory;

/** The text of an inventory's file; the same for the same content. */
export function formatInventory(inventory: Inventory): string {
  return formatStableJson(inventory);
}

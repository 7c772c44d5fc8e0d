import { type Sha256, parseSha256 } from "../shared/sha256.ts";
import { JamError } from "../shared/errors.ts";
import { printable } from "../shared/printable.ts";
import type { ItemFields } from "./inherit.ts";
import { itemPathFault } from "./item-path.ts";
import { formatJsonPath } from "./metadata-fault.ts";

/** `com.ubuntu.juju:<stream>:agents` (2.9 and later) or `com.ubuntu.juju:<stream>:tools` (up to 2.8). */
export type ContentId = string;

/** `com.ubuntu.juju:<OS type or series version>:<arch>`; opaque to us, kept as upstream wrote it. */
export type ProductId = string;

/**
 * One agent item with every inherited and aliased field resolved, as Juju would read it.
 * Source: juju environs/simplestreams/simplestreams.go denormaliseMetadata, inherit.
 */
export interface Item {
  readonly productId: ProductId;
  /** Name of the dated collection, `20250410`. */
  readonly date: string;
  /** Key under `items`; Juju gives it no meaning. */
  readonly itemName: string;
  readonly version: string;
  /** OS type (`ubuntu`) under `:agents`, series (`xenial`) under `:tools`. */
  readonly release: string;
  readonly arch: string;
  /** Relative to the base URL, checked by `parseItemPath`: no `..`, not absolute. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: Sha256;
  readonly md5?: string;
  readonly ftype: string;
}

/** The place of an item in its document. */
export type ItemPlace = Pick<Item, "productId" | "date" | "itemName">;

/** `products/<id>/versions/<date>/items/<name>`, for messages. */
export function formatItemPlace(place: ItemPlace): string {
  const path = ["products", place.productId, "versions", place.date, "items", place.itemName];
  return printable(formatJsonPath(path), 400);
}

/** Version, release and arch appear in file names, URLs and messages: one plain word each. */
const WORD = /^[A-Za-z0-9][A-Za-z0-9._+~-]{0,63}$/;
/** Forty times the largest agent so far; one item that claims more must not look like a full disk. */
const MAX_ITEM_BYTES = 4 * 2 ** 30;
const MD5 = /^[0-9a-fA-F]{32}$/;

/**
 * The item with these fields, after inheritance. Its version is not checked against Juju's rules.
 * @throws JamError JAM_ITEM_REFUSED naming the field
 */
export function parseItem(fields: ItemFields, place: ItemPlace): Item {
  const md5 = optionalMd5(fields.md5);
  const { productId, date, itemName } = place;
  const version = requireWord(fields.version, "version");
  const release = requireWord(fields.release, "release");
  const arch = requireWord(fields.arch, "arch");
  const path = requirePath(fields.path);
  const size = requireSize(fields.size);
  const sha256 = requireSha256(fields.sha256, md5 !== undefined);
  const ftype = fields.ftype === undefined ? "tar.gz" : requireWord(fields.ftype, "ftype");
  const item = { productId, date, itemName, version, release, arch, path, size, sha256, ftype };
  return md5 === undefined ? item : { ...item, md5 };
}

function requireWord(value: unknown, field: string): string {
  if (value === undefined) throw refused(field, "is missing");
  if (typeof value !== "string") throw refused(field, `must be a string, found ${typeof value}`);
  if (!WORD.test(value)) throw refused(field, `"${printable(value, 80)}" is not a plain word`);
  return value;
}

function requirePath(value: unknown): string {
  if (value === undefined) throw refused("path", "is missing");
  if (typeof value !== "string") throw refused("path", `must be a string, found ${typeof value}`);
  const fault = itemPathFault(value);
  if (fault !== undefined) throw refused("path", `"${printable(value)}": ${fault}`);
  return value;
}

/** A size in quotes is refused, because Juju cannot read a file that contains one. */
function requireSize(value: unknown): number {
  if (value === undefined) throw refused("size", "is missing");
  if (typeof value === "string")
    throw refused("size", `"${printable(value, 40)}" is a string, must be a number`);
  if (typeof value !== "number") throw refused("size", `must be a number, found ${typeof value}`);
  if (!Number.isSafeInteger(value) || value < 0 || Object.is(value, -0)) {
    throw refused("size", `${value} is not a whole number of bytes`);
  }
  if (value > MAX_ITEM_BYTES) throw refused("size", `${value} is more than any agent has`);
  return value;
}

function requireSha256(value: unknown, hasMd5: boolean): Sha256 {
  if (value === undefined) {
    throw refused("sha256", hasMd5 ? "is missing; md5 alone proves nothing" : "is missing");
  }
  const sha256 = typeof value === "string" ? parseSha256(value.toLowerCase()) : undefined;
  if (sha256 === undefined) throw refused("sha256", "is not 64 hex digits");
  return sha256;
}

function optionalMd5(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "string" && MD5.test(value)) return value.toLowerCase();
  throw refused("md5", "is not 32 hex digits");
}

function refused(field: string, what: string): JamError {
  return new JamError("JAM_ITEM_REFUSED", `${field} ${what}`, {
    details: { field },
    hint: "The rest of the document was used. Report it to the upstream's publisher.",
  });
}

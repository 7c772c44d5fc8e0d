import type { Sha256 } from "../shared/sha256.ts";

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

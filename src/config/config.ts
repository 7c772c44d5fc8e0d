import type { Advice } from "../juju/knowledge/knowledge.ts";
import type { SelectionRules } from "../juju/selection-rules.ts";

/** One `upstreams:` entry. */
export interface UpstreamConfig {
  readonly name: string;
  /** http(s) URL or a folder. */
  readonly url: string;
  /** `builtin` is the Juju key; otherwise a file with OpenPGP public keys; `none` switches verification off. */
  readonly keyring: string;
}

/** The settings of one run, complete: flags over environment over file over defaults. */
export interface Config {
  /** The file they came from; undefined when there was none. */
  readonly file: string | undefined;
  readonly mode: "online" | "offline";
  /** Absolute path. */
  readonly data: string;
  /** Folder of the keys that sign and verify what is carried over an air gap; an absolute path. */
  readonly keys: string;
  /** Name of this side in receipts. */
  readonly site: string | undefined;
  readonly upstreams: readonly UpstreamConfig[];
  readonly rules: SelectionRules;
  readonly fetch: FetchConfig;
  readonly retention: RetentionConfig;
  readonly server: ServerConfig;
  /** The operator's own, beside what jam knows. */
  readonly advice: readonly Advice[];
}

export interface FetchConfig {
  /** Tarballs fetched at the same time. */
  readonly jobs: number;
  /** Bytes per second over all connections; undefined is unlimited. */
  readonly limitRate: number | undefined;
  /** Longest silence on a connection, in ms. */
  readonly idleTimeoutMs: number;
  /** Attempts after the first, per document and per tarball. */
  readonly retries: number;
  /** PEM file of further certificate authorities; undefined is the system's list only. */
  readonly caFile: string | undefined;
}

export interface RetentionConfig {
  /** Snapshots kept for going back, beside those that a ref names. */
  readonly snapshots: number;
  /** How long what a client may still be fetching stays after it left the index, in ms. */
  readonly graceMs: number;
  /** Bytes of tarballs above which older snapshots go first; undefined is no limit. */
  readonly quota: number | undefined;
  /** Largest share of the held agents that may vanish upstream at once, 0 … 1. */
  readonly maxRemoval: number;
}

export interface ServerConfig {
  readonly host: string;
  readonly port: number;
}

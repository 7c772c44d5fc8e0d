import type { CarriedHistory } from "../../channel/imported-history.ts";
import { sumTarballBytes } from "../../juju/agent.ts";
import type { Advice } from "../../juju/knowledge/knowledge.ts";
import { sha256Of, type Sha256 } from "../../shared/sha256.ts";
import { formatStableJson } from "../../simplestreams/json-text.ts";

/** The newest format that this program reads and writes; only a bundle with the history of a channel has it. */
export const BUNDLE_FORMAT = "jam-bundle:2";

/** The format of bundles without one, which older programs read. */
export const PLAIN_BUNDLE_FORMAT = "jam-bundle:1";

/**
 * `mirror`: the bundle lists everything that its maker's mirror lists, and an import makes the far side the same.
 * `selection`: it lists a part of that, and an import adds agents and removes none.
 */
export type BundleScope = "mirror" | "selection";

/** One tarball of the catalogue and the agents that it holds. */
export interface CatalogueRow {
  /** Upstream's path. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: Sha256;
  /** Names of agents, at least one. */
  readonly agents: readonly string[];
}

/** A selected agent that the maker left out because it was missing (`--allow-partial`). */
export interface MissingAgent {
  readonly agent: string;
  readonly reason: string;
}

/** One of upstream's documents, unchanged: the proof of the catalogue. */
export interface BundledDocument {
  readonly path: string;
  readonly url: string;
  readonly sha256: Sha256;
  /** Bytes. */
  readonly size: number;
  /** Fingerprint of the key that signed it, according to the maker; undefined when it was not verified. */
  readonly signedBy?: string;
  /** ISO 8601. */
  readonly signedAt?: string;
  /** ISO 8601; the document's own `updated`. */
  readonly updatedAt?: string;
}

/** Documents that belong together: an index and product files of one upstream, read at one time. */
export interface ProofSet {
  readonly name: string;
  readonly url: string;
  /** False when the maker had verification disabled. */
  readonly verified: boolean;
  readonly documents: readonly BundledDocument[];
}

/** Contents that the far side already has, and where they came from, as far as the maker knows. */
export interface Baseline {
  /** The bundle that they came with. */
  readonly bundle?: string;
  /** The maker's snapshot that listed them. */
  readonly snapshot?: string;
  /** SHA-256 of tarballs and documents, ascending. */
  readonly contents: readonly Sha256[];
}

/** What a bundle contains, requires and proves. Signed as the bytes of `manifest.json`. */
export interface BundleManifest {
  readonly format: typeof BUNDLE_FORMAT | typeof PLAIN_BUNDLE_FORMAT;
  /** `20261127T201500Z-1a2b3c4d5e6f`: when its snapshot was made, and the start of the SHA-256 of the rest. */
  readonly id: string;
  /** ISO 8601; when the snapshot was made. The bytes of a bundle depend on no other time. */
  readonly createdAt: string;
  /** The maker's snapshot. */
  readonly snapshot: string;
  readonly scope: BundleScope;
  /** What was requested, for people. */
  readonly selection: string;
  /** The snapshot is based on the first set; others prove agents that upstream no longer lists. */
  readonly proofs: readonly ProofSet[];
  /** Everything that the far side lists after the import, by path. */
  readonly catalogue: readonly CatalogueRow[];
  readonly baseline: readonly Baseline[];
  readonly missing: readonly MissingAgent[];
  /** The maker's own advice on upgrades between versions. */
  readonly advice: readonly Advice[];
  /** The channel that it was made from, with its history; absent for a bundle of the mirror. */
  readonly channel?: CarriedHistory;
}

/** The scope for people and scripts: a whole bundle of a channel lists everything of that channel, not of the mirror. */
export function shownScope({
  scope,
  channel,
}: Pick<BundleManifest, "scope" | "channel">): BundleScope | "channel" {
  return channel !== undefined && scope === "mirror" ? "channel" : scope;
}

/** A manifest without its id. */
export type UnnamedManifest = Omit<BundleManifest, "format" | "id">;

/** The manifest with its id, which depends on everything in it. */
export function nameManifest(manifest: UnnamedManifest): BundleManifest {
  const format = manifest.channel === undefined ? PLAIN_BUNDLE_FORMAT : BUNDLE_FORMAT;
  return { format, id: idOf(manifest), ...manifest };
}

/** The id that a manifest of this content has. */
export function idOf({
  id: _id,
  format: _format,
  ...rest
}: UnnamedManifest & Partial<BundleManifest>): string {
  const time = rest.createdAt.replaceAll(/[-:]|\.\d+/g, "");
  return `${time}-${sha256Of(formatStableJson(rest)).slice(0, 12)}`;
}

/** The bytes of `manifest.json`; the same for the same content. */
export function formatManifest(manifest: BundleManifest): Uint8Array {
  return Buffer.from(formatStableJson(manifest));
}

/** One content of a bundle: a document or a tarball. */
export interface BundledContent {
  readonly kind: "document" | "tarball";
  readonly sha256: Sha256;
  /** Bytes. */
  readonly size: number;
}

/**
 * Every content that a bundle carries, once, in the order of the volumes: documents first, because they decide whether
 * the rest can be trusted, then tarballs in the order of the catalogue. What the baseline names is not carried.
 */
export function carriedContents(
  manifest: Pick<BundleManifest, "proofs" | "catalogue" | "baseline">,
): BundledContent[] {
  const seen = new Set<Sha256>(manifest.baseline.flatMap(({ contents }) => contents));
  return contentsOf(manifest).filter(({ sha256 }) => !seen.has(sha256) && seen.add(sha256));
}

/** Every document that a manifest names, carried or not. */
export function documentsOf({ proofs }: Pick<BundleManifest, "proofs">): BundledContent[] {
  return proofs.flatMap((set) =>
    set.documents.map(({ sha256, size }) => ({ kind: "document" as const, sha256, size })),
  );
}

/** Every content that a manifest names, carried or not; the same one may occur more than once. */
export function contentsOf({
  proofs,
  catalogue,
}: Pick<BundleManifest, "proofs" | "catalogue">): BundledContent[] {
  return [
    ...documentsOf({ proofs }),
    ...catalogue.map(({ sha256, size }) => ({ kind: "tarball" as const, sha256, size })),
  ];
}

/** The agents whose tarballs are among these contents, and the bytes of those tarballs. */
export function countAgents(
  { catalogue }: Pick<BundleManifest, "catalogue">,
  contents: ReadonlySet<Sha256>,
): { readonly agents: number; readonly bytes: number } {
  const rows = catalogue.filter(({ sha256 }) => contents.has(sha256));
  return { agents: rows.reduce((sum, { agents }) => sum + agents.length, 0), bytes: sumTarballBytes(rows) };
}

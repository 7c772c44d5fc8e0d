import type { WaitingBundle } from "../../mirror/status-document.ts";
import { mapConcurrently } from "../../shared/map-concurrently.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import type { Store } from "../../store/store.ts";
import { carriedContents, contentsOf, type BundledContent, type BundleManifest } from "../format/manifest.ts";
import { planVolumes } from "../format/volume-plan.ts";
import type { MissingContent } from "./import-work.ts";
import { readParts, readPending, type KeptPart, type PendingBundle } from "./pending-bundles.ts";

/** The part of a store that tells which contents are here. */
export type HeldStore = {
  readonly blobs: Pick<Store["blobs"], "stat">;
  readonly documents: Pick<Store["documents"], "get">;
};

/** True if a content is here and complete. Tarballs were hashed when they arrived; now only their size is compared. */
export async function isHeld(store: HeldStore, content: BundledContent): Promise<boolean> {
  if (content.kind === "tarball") return (await store.blobs.stat(content.sha256))?.size === content.size;
  return (await store.documents.get("upstream", content.sha256))?.length === content.size;
}

/** Each content that a bundle needs and that is not here, once. */
export async function missingContents(store: HeldStore, manifest: BundleManifest): Promise<BundledContent[]> {
  const distinct = new Map(contentsOf(manifest).map((content) => [content.sha256, content]));
  return notHeld(store, [...distinct.values()]);
}

/** Those of the contents that are not here or not complete. */
export async function notHeld(
  store: HeldStore,
  contents: readonly BundledContent[],
): Promise<BundledContent[]> {
  const held = await mapConcurrently(contents, (content) => isHeld(store, content));
  return contents.filter((_, at) => held[at] !== true);
}

/** The parts of contents that arrived in volumes of this bundle and are kept until the others arrive. */
export async function keptParts(
  store: { readonly blobs: HeldStore["blobs"]; readonly documents: Store["documents"] },
  id: string,
): Promise<KeptPart[]> {
  // A part is recorded before it is stored.
  const parts = await readParts(store.documents, id);
  const stats = await mapConcurrently(parts, ({ sha256 }) => store.blobs.stat(sha256));
  return parts.filter(({ length }, at) => stats[at]?.size === length);
}

/**
 * What is missing, and where each piece of it is: in which volume of this bundle, or in which other bundle. A volume is
 * not named if every part of the content in it is here.
 */
export function describeMissing(
  bundle: PendingBundle,
  missing: readonly BundledContent[],
  kept: readonly KeptPart[] = [],
): MissingContent[] {
  const { manifest } = bundle;
  const volumes = volumesByContent(bundle, kept);
  const baselines = new Map(
    manifest.baseline.flatMap(({ contents, ...from }) => contents.map((sha256) => [sha256, from] as const)),
  );
  const rowsByContent = Map.groupBy(manifest.catalogue, ({ sha256 }) => sha256);
  const documents = manifest.proofs.flatMap((set) => set.documents);
  const documentPaths = new Map(documents.map(({ sha256, path }) => [sha256, path]));
  return missing.map(({ sha256, size, kind }) => {
    const rows = rowsByContent.get(sha256) ?? [];
    const path = kind === "tarball" ? rows[0]?.path : documentPaths.get(sha256);
    const place = baselines.get(sha256) ?? { bundle: manifest.id, volumes: volumes.get(sha256) ?? [] };
    return { sha256, size, path: path ?? "", agents: rows.flatMap(({ agents }) => agents), ...place };
  });
}

/** Numbers of the volumes that contain each carried content, without the parts that are here. */
function volumesByContent(bundle: PendingBundle, kept: readonly KeptPart[]): Map<Sha256, number[]> {
  const { manifest, manifestBytes, signatureBytes, volumeSize } = bundle;
  const plans = planVolumes({
    contents: carriedContents(manifest),
    manifestBytes,
    signatureBytes,
    volumeSize: volumeSize ?? undefined,
  });
  const here = new Set(kept.map(({ content, offset, length }) => `${content} ${offset} ${length}`));
  const all = new Map<Sha256, number[]>();
  const open = new Map<Sha256, number[]>();
  for (const { number, slices } of plans) {
    for (const { content, offset, length } of slices) {
      append(all, content.sha256, number);
      if (!here.has(`${content.sha256} ${offset} ${length}`)) append(open, content.sha256, number);
    }
  }
  // After a run that was killed before it joined the parts, any of the volumes completes the content.
  return new Map([...all, ...open]);
}

function append(volumes: Map<Sha256, number[]>, content: Sha256, number: number): void {
  const known = volumes.get(content);
  if (known === undefined) volumes.set(content, [number]);
  else known.push(number);
}

/**
 * Bundles of which something has not arrived yet, in the order in which they were made.
 * @throws JamError JAM_STORE_…
 */
export async function readWaiting(store: Pick<Store, "blobs" | "documents">): Promise<WaitingBundle[]> {
  const waiting: WaitingBundle[] = [];
  for (const pending of await readPending(store.documents)) {
    const { id: bundle, createdAt } = pending.manifest;
    const missing = await missingContents(store, pending.manifest);
    const volumes = describeMissing(pending, missing).flatMap((one) => one.volumes ?? []);
    waiting.push({
      bundle,
      createdAt,
      lacking: missing.length,
      volumes: [...new Set(volumes)].sort((a, b) => a - b),
    });
  }
  return waiting;
}

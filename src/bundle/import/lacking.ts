import type { Sha256 } from "../../shared/sha256.ts";
import type { SyncStore } from "../../sync/ports.ts";
import { carriedContents, contentsOf, type BundledContent, type BundleManifest } from "../format/manifest.ts";
import { planVolumes } from "../format/volume-plan.ts";
import type { PendingBundle } from "./pending.ts";
import type { LackingContent } from "./ports.ts";

/** The part of a store that says what is here. */
export type HeldStore = {
  readonly blobs: Pick<SyncStore["blobs"], "stat">;
  readonly documents: Pick<SyncStore["documents"], "get">;
};

/** Whether a content is here whole. Tarballs were hashed when they came; their size shows whether they still are. */
export async function isHeld(store: HeldStore, content: BundledContent): Promise<boolean> {
  if (content.kind === "tarball") return (await store.blobs.stat(content.sha256))?.size === content.size;
  return (await store.documents.get("upstream", content.sha256))?.length === content.size;
}

/** Each content that a bundle needs once, and is not here. */
export async function lackingContents(store: HeldStore, manifest: BundleManifest): Promise<BundledContent[]> {
  const distinct = new Map(contentsOf(manifest).map((content) => [content.sha256, content]));
  const lacking: BundledContent[] = [];
  for (const content of distinct.values()) if (!(await isHeld(store, content))) lacking.push(content);
  return lacking;
}

/** What is lacking, and where each piece of it is: in which volume of this bundle, or in which other bundle. */
export function describeLacking(bundle: PendingBundle, lacking: readonly BundledContent[]): LackingContent[] {
  const { manifest } = bundle;
  const volumes = volumesByContent(bundle);
  const baselines = new Map(
    manifest.baseline.flatMap(({ contents, ...from }) => contents.map((sha256) => [sha256, from] as const)),
  );
  const rowsByContent = Map.groupBy(manifest.catalogue, ({ sha256 }) => sha256);
  const documents = manifest.proofs.flatMap((set) => set.documents);
  const documentPaths = new Map(documents.map(({ sha256, path }) => [sha256, path]));
  return lacking.map(({ sha256, size, kind }) => {
    const rows = rowsByContent.get(sha256) ?? [];
    const path = kind === "tarball" ? rows[0]?.path : documentPaths.get(sha256);
    const place = baselines.get(sha256) ?? { bundle: manifest.id, volumes: volumes.get(sha256) ?? [] };
    return { sha256, size, path: path ?? "", agents: rows.flatMap(({ agents }) => agents), ...place };
  });
}

/** Numbers of the volumes that hold each carried content. */
function volumesByContent(bundle: PendingBundle): Map<Sha256, number[]> {
  const { manifest, manifestBytes, signatureBytes, volumeSize } = bundle;
  const plans = planVolumes({
    contents: carriedContents(manifest),
    manifestBytes,
    signatureBytes,
    volumeSize: volumeSize ?? undefined,
  });
  const volumes = new Map<Sha256, number[]>();
  for (const { number, slices } of plans) {
    for (const { content } of slices) {
      const known = volumes.get(content.sha256);
      if (known === undefined) volumes.set(content.sha256, [number]);
      else known.push(number);
    }
  }
  return volumes;
}

import type { MediumWriter } from "../../medium/medium.ts";
import type { SyncObserver } from "../../mirror/run-events.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import type { ContentSource } from "../contents.ts";
import { bundleFiles, PROGRESS_NAME, type BundleFiles } from "../format/bundle-files.ts";
import { layOutBundle, type BundleLayout } from "../format/bundle-layout.ts";
import { formatManifest, type BundleManifest } from "../format/manifest.ts";
import type { BundleSigner } from "../signing.ts";
import { adoptFolder, removeOtherBundles } from "../write/adopt-folder.ts";
import type { FinishedVolume } from "../write/write-progress.ts";
import { seal } from "../write/write-sidecars.ts";
import { DamagedContentError, volumeBytes } from "../write/write-volume.ts";
import { writeVolumes } from "../write/write-volumes.ts";
import { rememberBundle } from "./created-bundles.ts";
import { formatPage } from "./manifest-page.ts";
import { planBundle, type BundleOrder, type PlanningStore } from "./plan-bundle.ts";

export interface BundleForm {
  /** Exact size of every volume but the last, in bytes; undefined is one file. */
  readonly volumeSize: number | undefined;
  /** Also a page to print. */
  readonly writesPage: boolean;
  /** Replaces files of another bundle. */
  readonly force: boolean;
}

/** Where a bundle goes. `base` names its files; undefined names them after the bundle's id. */
export interface BundlePlace {
  readonly medium: MediumWriter;
  readonly base: string | undefined;
}

/** What making a bundle works with. */
export interface CreateWork {
  readonly store: PlanningStore;
  readonly contents: ContentSource;
  /** Undefined makes a bundle that is not signed. */
  readonly signer: BundleSigner | undefined;
  readonly observe: SyncObserver;
  readonly signal: AbortSignal;
}

/** A finished bundle. */
export interface CreatedFiles {
  readonly manifest: BundleManifest;
  readonly volumes: readonly FinishedVolume[];
  readonly signedBy: string | undefined;
}

/**
 * Makes a bundle in a folder: volumes directly from the store, then manifest, page and checksums next to them. An
 * interrupted run resumes after the last complete volume. Checksums are written when everything was read and verified.
 * @throws JamError JAM_BUNDLE_INCOMPLETE, JAM_BUNDLE_EXISTS, JAM_STORE_CORRUPT, JAM_MEDIUM_…, JAM_USAGE_INVALID, JAM_CANCELLED
 */
export async function createBundle(
  order: BundleOrder,
  form: BundleForm & { readonly place: BundlePlace },
  work: CreateWork,
): Promise<CreatedFiles> {
  const damaged = new Set<Sha256>(order.damaged);
  const { medium, base } = form.place;
  for (;;) {
    const manifest = await planBundle({ ...order, damaged }, work.store);
    const layout = await signBundle(manifest, form.volumeSize, work.signer);
    const files = bundleFiles(base ?? `jam-${manifest.id}`, layout.volumes.length);
    try {
      return await writeBundle({ layout, files }, form, work);
    } catch (error) {
      const sha256 = damagedTarball(error);
      if (order.allowsPartial !== true || sha256 === undefined || damaged.has(sha256)) throw error;
      // Damage is found only when a tarball is read, after the manifest was written: start again without it.
      damaged.add(sha256);
      await removeWritten(medium, files);
    }
  }
}

/** Removes what was written of a bundle; the progress file, which names the bundle, is removed last. */
async function removeWritten(medium: MediumWriter, files: BundleFiles): Promise<void> {
  const names = [...files.volumes, files.manifest, files.manifestSignature, PROGRESS_NAME];
  for (const name of names) await medium.remove(name);
}

async function writeBundle(
  { layout, files }: { readonly layout: BundleLayout; readonly files: BundleFiles },
  form: BundleForm & { readonly place: BundlePlace },
  work: CreateWork,
): Promise<CreatedFiles> {
  const { medium } = form.place;
  const { manifest } = layout;
  const before = await adoptFolder(medium, files, { layout, force: form.force });
  await rememberBundle(work.store.documents, layout);
  if (form.force) await removeOtherBundles(medium, { layout, files, before });
  const volumes = await writeVolumes({ layout, files, before, medium, ...work });
  const page = form.writesPage ? formatPage({ manifest, volumes, signedBy: work.signer, files }) : undefined;
  await seal({ medium, files, layout, volumes, signer: work.signer, page });
  return { manifest, volumes, signedBy: work.signer?.fingerprint };
}

/**
 * Makes a bundle of one volume as a stream. After an error, what was read of the stream must be discarded.
 * @throws JamError as `createBundle`
 */
export async function streamBundle(
  order: BundleOrder,
  work: CreateWork,
): Promise<{
  readonly manifest: BundleManifest;
  readonly size: number;
  readonly bytes: AsyncIterable<Uint8Array>;
}> {
  const manifest = await planBundle(order, work.store);
  const layout = await signBundle(manifest, undefined, work.signer);
  await rememberBundle(work.store.documents, layout);
  const [plan] = layout.volumes as [BundleLayout["volumes"][number]];
  return { manifest, size: plan.bytes, bytes: volumeBytes(layout, plan, work.contents) };
}

/**
 * Signs a manifest and divides it into volumes. The result determines every byte of the bundle.
 * @throws JamError JAM_USAGE_INVALID when the volumes would be too small
 */
export async function signBundle(
  manifest: BundleManifest,
  volumeSize: number | undefined,
  signer: BundleSigner | undefined,
): Promise<BundleLayout> {
  const manifestBytes = formatManifest(manifest);
  const signature = await signer?.signDetached(manifestBytes, new Date(manifest.createdAt));
  return layOutBundle({ manifest, manifestBytes, signature, volumeSize });
}

function damagedTarball(error: unknown): Sha256 | undefined {
  return error instanceof DamagedContentError && error.kind === "tarball" ? error.sha256 : undefined;
}

import type { VolumeInput } from "../../medium/medium.ts";
import { sha256Of, type Sha256 } from "../../shared/sha256.ts";
import { carriedContents, type BundleManifest } from "./manifest.ts";
import { headBytes, planVolumes, type VolumePlan } from "./volume-plan.ts";

/** A manifest with its signature, before it is divided into volumes. */
export interface SignedManifest {
  readonly manifest: BundleManifest;
  /** The manifest as it was signed. */
  readonly manifestBytes: Uint8Array;
  /** Armoured; undefined for a bundle that is not signed. */
  readonly signature: string | undefined;
}

/** What determines a layout. */
export interface LayoutSource extends SignedManifest {
  /** Exact size of every volume but the last, in bytes; undefined is one volume. */
  readonly volumeSize: number | undefined;
}

/** A signed manifest divided into volumes: what volumes that belong together have in common. */
export interface BundleLayout extends LayoutSource {
  readonly id: string;
  readonly createdAt: Date;
  readonly volumes: readonly VolumePlan[];
}

/** @throws JamError JAM_USAGE_INVALID when the volumes would be too small */
export function layOutBundle(source: LayoutSource): BundleLayout {
  const { manifest, manifestBytes, signature, volumeSize } = source;
  const volumes = planVolumes({ contents: carriedContents(manifest), ...headSizes(source), volumeSize });
  const createdAt = new Date(manifest.createdAt);
  return { id: manifest.id, createdAt, manifest, manifestBytes, signature, volumeSize, volumes };
}

/** The hash of everything that determines the volumes of a bundle. */
export function layoutHash({
  manifestBytes,
  signature,
  volumeSize,
}: Pick<LayoutSource, "manifestBytes" | "signature" | "volumeSize">): Sha256 {
  return sha256Of(`${sha256Of(manifestBytes)} ${sha256Of(signature ?? "")} ${volumeSize ?? "single"}`);
}

/** The layouts of a run, each once: a manifest is large, and every volume has a copy of it. */
export class BundleLayouts {
  readonly #byHash = new Map<Sha256, BundleLayout>();

  /** The layout of this source, created on first use. */
  of(source: LayoutSource): BundleLayout {
    const hash = layoutHash(source);
    const known = this.#byHash.get(hash);
    if (known !== undefined) return known;
    const layout = layOutBundle(source);
    this.#byHash.set(hash, layout);
    return layout;
  }
}

/** A volume in a plain file, and what it contains. */
export interface LocatedVolume {
  readonly input: VolumeInput;
  readonly plan: VolumePlan;
  /** Bytes before its first slice. */
  readonly headBytes: number;
}

/** A volume of this number in its file; undefined when the layout has no such volume. */
export function locateVolume(
  layout: BundleLayout,
  number: number,
  input: VolumeInput,
): LocatedVolume | undefined {
  const plan = layout.volumes[number - 1];
  return plan && { input, plan, headBytes: headBytes(headSizes(layout)) };
}

function headSizes({ manifestBytes, signature }: SignedManifest) {
  return { manifestBytes: manifestBytes.length, signatureBytes: signature?.length ?? 0 };
}

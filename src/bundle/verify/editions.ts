import type { VolumeInput } from "../../medium/medium.ts";
import { layOut } from "../create/create-bundle.ts";
import type { BundleManifest } from "../format/manifest.ts";
import { headBytes } from "../format/volume-plan.ts";
import type { LocatedVolume } from "../read/volume-contents.ts";
import type { BundleBytes } from "../write/volume-bytes.ts";
import { layoutOf } from "../write/write-progress.ts";

/** A signed manifest in one division: what volumes that belong together have in common. */
export interface Edition extends BundleBytes {
  readonly manifest: BundleManifest;
}

/** What an edition follows from. */
export type EditionSource = Pick<Edition, "manifest" | "manifestBytes" | "signature" | "volumeSize">;

/** A manifest with its signature, in no division yet. */
export type SignedManifest = Omit<EditionSource, "volumeSize">;

/** @throws JamError JAM_USAGE_INVALID when the volumes would be too small */
export function editionOf(source: EditionSource): Edition {
  const { manifest } = source;
  const createdAt = new Date(manifest.createdAt);
  return { id: manifest.id, createdAt, manifest, ...layOut(source) };
}

/** Every edition that was met, once: a manifest is large, and every volume brings it. */
export class Editions {
  readonly #byLayout = new Map<string, Edition>();

  /** The edition of this content that is kept. */
  of(source: EditionSource): Edition {
    const layout = layoutOf(source);
    const known = this.#byLayout.get(layout);
    if (known !== undefined) return known;
    const edition = editionOf(source);
    this.#byLayout.set(layout, edition);
    return edition;
  }
}

/** Where the slices of a volume lie in its file. */
export function locate(edition: Edition, number: number, input: VolumeInput): LocatedVolume | undefined {
  const plan = edition.volumes[number - 1];
  const sizes = {
    manifestBytes: edition.manifestBytes.length,
    signatureBytes: edition.signature?.length ?? 0,
  };
  return plan && { input, plan, headBytes: headBytes(sizes) };
}

import { isJamError } from "../../shared/errors.ts";
import { printable } from "../../shared/printable.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import { damagedBundle, malformedBundle } from "../format/bundle-faults.ts";
import { carriedContents, type BundleManifest } from "../format/manifest.ts";
import { MAX_MANIFEST_BYTES, parseManifest } from "../format/parse-manifest.ts";
import {
  isPart,
  LABEL_NAME,
  MANIFEST_NAME,
  parseLabel,
  SIGNATURE_NAME,
  sliceName,
  type VolumeLabel,
} from "../format/volume-label.ts";
import { LABEL_BYTES, planVolumes, type Slice, type VolumePlan } from "../format/volume-plan.ts";
import type { ByteReader } from "./byte-reader.ts";
import type { ArchivePart } from "./file-source.ts";
import { TarReader, type TarFile } from "./tar-reader.ts";

/** An armoured signature has a few hundred bytes, of the largest keys a few thousand. */
const MAX_SIGNATURE_BYTES = 64 * 1024;

/** The beginning of a volume, before its contents; nothing of it is trusted yet. */
export interface VolumeHead {
  readonly label: VolumeLabel;
  readonly manifest: BundleManifest;
  readonly manifestBytes: Uint8Array;
  /** Armoured; undefined when the bundle is not signed. */
  readonly signature: string | undefined;
  /** What must follow. */
  readonly plan: VolumePlan;
}

/** One slice while it is being read. */
export interface ArrivingSlice {
  readonly slice: Slice;
  /** SHA-256 that its bytes must have: of the content, or for a part from the label. */
  readonly sha256: Sha256;
  /** Pieces are valid until the next one is requested. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /**
   * The same bytes as a part of the archive's file, instead of `bytes`: the next slice may be read before them. Undefined where
   * the archive is not read as a file, or ends within the slice.
   */
  readonly takePart?: () => ArchivePart | undefined;
}

/**
 * Reads one volume from start to end, and checks every file in it against the layout of the manifest: this name, this
 * size, in this order, and nothing else.
 */
export class VolumeReader {
  readonly #bytes: ByteReader;
  readonly #name: string;
  readonly #tar: TarReader;
  readonly #start: number;
  /** A file after the manifest that is not a signature: the first slice of an unsigned bundle, or the end. */
  #ahead: { readonly file: TarFile | undefined } | undefined;

  /** @param name the volume's name in messages */
  constructor(bytes: ByteReader, name: string) {
    this.#bytes = bytes;
    this.#name = name;
    this.#tar = new TarReader(bytes, name);
    this.#start = bytes.position;
  }

  /** @throws JamError JAM_BUNDLE_MALFORMED, JAM_BUNDLE_DAMAGED, JAM_BUNDLE_FORMAT */
  async readHead(): Promise<VolumeHead> {
    const label = parseLabel(await this.#small(LABEL_NAME, LABEL_BYTES), this.#name);
    const manifestBytes = await this.#small(MANIFEST_NAME, MAX_MANIFEST_BYTES);
    const manifest = parseManifest(manifestBytes, this.#name);
    if (manifest.id !== label.bundle) {
      throw malformedBundle(
        this.#name,
        `its label names bundle ${label.bundle}, its manifest ${manifest.id}`,
      );
    }
    const signature = await this.#signature();
    const plan = this.#plan(label, manifest, manifestBytes.length, signature?.length ?? 0);
    // An unsigned bundle is allowed; an unexpected file in the place of the signature is not.
    const [first] = plan.slices;
    if (this.#ahead !== undefined && first !== undefined) this.#requireSlice(this.#ahead.file, first);
    return { label, manifest, manifestBytes, signature, plan };
  }

  /**
   * Every slice of the volume in its order, then its end. Each slice's bytes must be read before the next slice.
   * @throws JamError JAM_BUNDLE_MALFORMED, JAM_BUNDLE_DAMAGED
   */
  async *slices({ label, plan }: VolumeHead): AsyncGenerator<ArrivingSlice> {
    for (const [position, slice] of plan.slices.entries()) {
      this.#requireSlice(await this.#next(), slice);
      yield {
        slice,
        sha256: this.#expectedHash(label, plan, position),
        bytes: this.#tar.body(),
        takePart: () => this.#tar.takeBody(),
      };
    }
    const more = await this.#next();
    if (more !== undefined)
      throw malformedBundle(this.#name, `it contains ${printable(more.name)}, which is unexpected there`);
    await this.#fillUp(plan);
  }

  #requireSlice(file: TarFile | undefined, slice: Slice): void {
    const name = sliceName(slice);
    if (file?.name !== name || file.size !== slice.length) throw this.#unexpected(file, name, slice.length);
  }

  async #next(): Promise<TarFile | undefined> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    return ahead === undefined ? this.#tar.next() : ahead.file;
  }

  async #small(name: string, most: number): Promise<Uint8Array> {
    const file = await this.#tar.next();
    if (file?.name !== name) throw this.#unexpected(file, name);
    if (file.size > most)
      throw malformedBundle(this.#name, `${name} has ${file.size} bytes; ${most} is the limit`);
    return this.#gather();
  }

  async #gather(): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.#tar.body()) pieces.push(Buffer.from(piece));
    return Buffer.concat(pieces);
  }

  async #signature(): Promise<string | undefined> {
    const file = await this.#tar.next();
    if (file?.name !== SIGNATURE_NAME) {
      this.#ahead = { file };
      return undefined;
    }
    if (file.size > MAX_SIGNATURE_BYTES)
      throw malformedBundle(this.#name, `${SIGNATURE_NAME} has ${file.size} bytes`);
    return Buffer.from(await this.#gather()).toString("latin1");
  }

  #plan(
    label: VolumeLabel,
    manifest: BundleManifest,
    manifestBytes: number,
    signatureBytes: number,
  ): VolumePlan {
    const volumeSize = label.volumeSize ?? undefined;
    const volumes = this.#layOut(() =>
      planVolumes({ contents: carriedContents(manifest), manifestBytes, signatureBytes, volumeSize }),
    );
    const plan = volumes[label.number - 1];
    if (plan === undefined || volumes.length !== label.count) {
      throw malformedBundle(
        this.#name,
        `its label says volume ${label.number} of ${label.count}; a bundle with this manifest has ${volumes.length}`,
      );
    }
    return plan;
  }

  #layOut(plan: () => VolumePlan[]): VolumePlan[] {
    try {
      return plan();
    } catch (error) {
      if (!isJamError(error, "JAM_USAGE_INVALID")) throw error;
      throw malformedBundle(this.#name, "its label contains an impossible volume size", error);
    }
  }

  #expectedHash(label: VolumeLabel, plan: VolumePlan, position: number): Sha256 {
    const slice = plan.slices[position] as Slice;
    if (!isPart(slice)) return slice.content.sha256;
    const hash = position === 0 ? label.firstPart : label.lastPart;
    if (hash === null)
      throw malformedBundle(this.#name, "its label does not contain the hash of the partial file in it");
    return hash;
  }

  /** Empty blocks fill a volume up to its exact size. */
  async #fillUp(plan: VolumePlan): Promise<void> {
    for (let left = this.#start + plan.bytes - this.#bytes.position; left > 0;) {
      const chunk = await this.#bytes.some(left);
      if (chunk === undefined)
        throw damagedBundle(
          this.#name,
          `it is truncated after ${this.#bytes.position - this.#start} of ${plan.bytes} bytes`,
        );
      if (chunk.some((byte) => byte !== 0))
        throw damagedBundle(this.#name, "there is unexpected data after its end");
      left -= chunk.length;
    }
  }

  #unexpected(file: TarFile | undefined, name: string, size?: number) {
    const found = file === undefined ? "ends" : `contains ${printable(file.name)} of ${file.size} bytes`;
    const wanted = size === undefined ? name : `${name} of ${size} bytes`;
    return malformedBundle(this.#name, `it ${found} where ${wanted} was expected`);
  }
}

import type { VolumeInput } from "../../medium/medium.ts";
import type { SyncObserver } from "../../mirror/run-events.ts";
import { isJamError, JamError } from "../../shared/errors.ts";
import { startSha256, type Sha256 } from "../../shared/sha256.ts";
import { VolumeFaultError } from "../format/bundle-faults.ts";
import type { BundleLayout, BundleLayouts } from "../format/bundle-layout.ts";
import { isPart } from "../format/volume-label.ts";
import type { Slice } from "../format/volume-plan.ts";
import { readVolumes } from "../read/read-volumes.ts";
import type { ArrivingSlice } from "../read/volume-reader.ts";

/** The result of reading one volume to its end. */
export interface VolumeCheck {
  readonly input: VolumeInput;
  /** Its name in messages. */
  readonly name: string;
  /** How many volumes come before it in its file or stream. */
  readonly position: number;
  /** Undefined when its head cannot be read. */
  readonly layout: BundleLayout | undefined;
  /** From its label; undefined with the layout. */
  readonly number: number | undefined;
  /** Positions of the slices whose bytes match their hash. */
  readonly proven: ReadonlySet<number>;
  /** The first fault in its structure, if any; nothing after it is proven. */
  readonly fault: JamError | undefined;
  /** Of the whole file; undefined when it was not read to its end. */
  readonly fileSha256: Sha256 | undefined;
}

/** What all checks of one run share. */
export interface CheckWork {
  readonly layouts: BundleLayouts;
  readonly parts: PartsFollower;
  readonly observe: SyncObserver;
  readonly signal: AbortSignal;
}

type Draft = { -readonly [Key in keyof VolumeCheck]: VolumeCheck[Key] } & { readonly proven: Set<number> };

/**
 * Reads an input once, and checks each volume in it. A read error of the medium counts as damage of the volume.
 * @throws JamError JAM_CANCELLED, JAM_BUNDLE_FORMAT for a bundle of a newer jam
 */
export async function checkVolumeInput(input: VolumeInput, work: CheckWork): Promise<VolumeCheck[]> {
  const checks: Draft[] = [];
  const hash = startSha256();
  try {
    for await (const volume of readVolumes(watched(input, work, (bytes) => hash.update(bytes)))) {
      const { head, name } = volume;
      const check = draft(input, name, checks.length);
      checks.push(check);
      check.layout = work.layouts.of({ ...head, volumeSize: head.label.volumeSize ?? undefined });
      check.number = head.label.number;
      let position = 0;
      for await (const arriving of volume.slices()) {
        if (await isRight(arriving, work.parts)) check.proven.add(position);
        position += 1;
      }
    }
    const fileSha256 = hash.digest("hex") as Sha256;
    for (const check of checks) check.fileSha256 = fileSha256;
  } catch (error) {
    const fault = asFault(error);
    blame(checks, fault, input).fault = fault;
  }
  return checks;
}

function draft(input: VolumeInput, name: string, position: number): Draft {
  const nothing = { layout: undefined, number: undefined, fault: undefined, fileSha256: undefined };
  return { input, name, position, proven: new Set(), ...nothing };
}

/** The volume that a fault is in: the one being read, or one whose head cannot be read. */
function blame(checks: Draft[], fault: JamError, input: VolumeInput): Draft {
  const last = checks.at(-1);
  const name = fault instanceof VolumeFaultError ? fault.volume : (last?.name ?? input.name);
  if (last?.name === name) return last;
  const added = draft(input, name, checks.length);
  checks.push(added);
  return added;
}

async function isRight({ slice, sha256, bytes }: ArrivingSlice, parts: PartsFollower): Promise<boolean> {
  const hash = startSha256();
  const follow = parts.follow(slice);
  for await (const piece of bytes) {
    hash.update(piece);
    follow?.(piece);
  }
  if (hash.digest("hex") === sha256) return true;
  parts.blame(slice);
  return false;
}

function asFault(error: unknown): JamError {
  if (isJamError(error, "JAM_BUNDLE_MALFORMED", "JAM_BUNDLE_DAMAGED", "JAM_MEDIUM_UNUSABLE")) return error;
  throw error;
}

function watched(
  input: VolumeInput,
  { observe, signal }: Pick<CheckWork, "observe" | "signal">,
  take: (bytes: Uint8Array) => void,
): VolumeInput {
  return {
    ...input,
    async *open() {
      for await (const piece of input.open()) {
        if (signal.aborted) throw new JamError("JAM_CANCELLED", "Cancelled; nothing was changed.");
        take(piece);
        observe({ kind: "item-bytes", path: input.name, bytes: piece.length });
        yield piece;
      }
    },
  };
}

type Hash = ReturnType<typeof startSha256>;

/**
 * Computes the hash of contents that span several volumes. The label of a volume contains the hash of a part, but is not
 * signed; the manifest contains only the hash of the whole content.
 */
export class PartsFollower {
  readonly #under = new Map<Sha256, { readonly hash: Hash; end: number }>();
  readonly #seen = new Set<Sha256>();
  readonly #done = new Set<Sha256>();
  readonly #wrong = new Set<Sha256>();
  readonly #damaged = new Set<Sha256>();

  /** A function for the bytes of a slice; undefined for a slice that need not or cannot be followed. */
  follow(slice: Slice): ((bytes: Uint8Array) => void) | undefined {
    const { content, offset, length } = slice;
    const { sha256 } = content;
    if (!isPart(slice) || this.#done.has(sha256)) return undefined;
    this.#seen.add(sha256);
    if (offset === 0) this.#under.set(sha256, { hash: startSha256(), end: 0 });
    const under = this.#under.get(sha256);
    if (under?.end !== offset) return undefined;
    let left = length;
    return (bytes) => {
      under.hash.update(bytes);
      under.end += bytes.length;
      left -= bytes.length;
      if (left === 0 && under.end === content.size) this.#close(sha256, under.hash);
    };
  }

  /** Records that a part is damaged: the hash of the whole then tells nothing about the other parts. */
  blame({ content }: Slice): void {
    this.#damaged.add(content.sha256);
  }

  #close(sha256: Sha256, hash: Hash): void {
    this.#under.delete(sha256);
    this.#done.add(sha256);
    if (hash.digest("hex") !== sha256) this.#wrong.add(sha256);
  }

  /** Contents whose parts all match their labels, but which do not match the manifest. */
  wrong(): ReadonlySet<Sha256> {
    return this.#wrong.difference(this.#damaged);
  }

  /** Contents of which some parts were missing or out of order. */
  unfinished(): ReadonlySet<Sha256> {
    return this.#seen.difference(this.#done);
  }
}

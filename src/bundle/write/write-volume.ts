import { defined } from "../../shared/collections.ts";
import { Header } from "tar";
import type { MediumWriter, WrittenFile } from "../../medium/medium.ts";
import type { SyncObserver } from "../../mirror/run-events.ts";
import { cancelled, isJamError, JamError } from "../../shared/errors.ts";
import { startSha256, type Sha256 } from "../../shared/sha256.ts";
import type { ContentReader, ContentSource } from "../contents.ts";
import type { BundleLayout } from "../format/bundle-layout.ts";
import type { BundledContent } from "../format/manifest.ts";
import {
  formatLabel,
  isPart,
  LABEL_NAME,
  MANIFEST_NAME,
  SIGNATURE_NAME,
  sliceName,
  VOLUME_FORMAT,
} from "../format/volume-label.ts";
import { TAR_BLOCK, toBlocks, type Slice, type VolumePlan } from "../format/volume-plan.ts";

/** What writing a volume works with. */
export interface VolumeWriting {
  readonly layout: BundleLayout;
  readonly medium: MediumWriter;
  readonly contents: ContentSource;
  readonly observe: SyncObserver;
  readonly signal: AbortSignal;
}

/**
 * Writes one volume under this name; it gets the name when it is complete and flushed.
 * @throws JamError JAM_MEDIUM_…, JAM_STORE_CORRUPT, JAM_CANCELLED
 */
export async function writeVolume(
  { layout, medium, contents, observe, signal }: VolumeWriting,
  plan: VolumePlan,
  name: string,
): Promise<WrittenFile> {
  const bytes = async function* () {
    for await (const piece of volumeBytes(layout, plan, contents)) {
      if (signal.aborted) throw cancelled("finished volumes are kept");
      yield piece;
      observe({ kind: "item-bytes", path: name, bytes: piece.length });
    }
  };
  return medium.write(name, bytes());
}

/**
 * The bytes of one volume; each content is verified while it is read. Pieces are valid until the next one is requested.
 * @throws JamError JAM_STORE_CORRUPT naming a content that is missing, truncated or changed; the pieces so far must then be discarded
 */
export async function* volumeBytes(
  layout: BundleLayout,
  plan: VolumePlan,
  contents: ContentSource,
): AsyncGenerator<Uint8Array> {
  const parts = await hashParts(plan, contents);
  const label = formatLabel({
    format: VOLUME_FORMAT,
    bundle: layout.id,
    number: plan.number,
    count: layout.volumes.length,
    volumeSize: layout.volumeSize ?? null,
    firstPart: parts.get(plan.slices[0]) ?? null,
    lastPart: parts.get(plan.slices.at(-1)) ?? null,
  });
  let written = 0;
  const head = function* (): Generator<Uint8Array> {
    yield* smallFile(LABEL_NAME, label, layout.createdAt);
    yield* smallFile(MANIFEST_NAME, layout.manifestBytes, layout.createdAt);
    if (layout.signature !== undefined) {
      yield* smallFile(SIGNATURE_NAME, Buffer.from(layout.signature, "latin1"), layout.createdAt);
    }
  };
  for (const piece of head()) {
    written += piece.length;
    yield piece;
  }
  for (const slice of plan.slices) {
    yield tarHeader(sliceName(slice), slice.length, layout.createdAt);
    yield* sliceBytes(slice, parts.get(slice) ?? slice.content.sha256, contents);
    yield padding(slice.length);
    written += TAR_BLOCK + toBlocks(slice.length);
  }
  yield Buffer.alloc(plan.bytes - written);
}

/** Parts of contents are at both ends of a volume; the label contains their hashes, so they are read twice. */
async function hashParts(
  plan: VolumePlan,
  contents: ContentSource,
): Promise<ReadonlyMap<Slice | undefined, Sha256>> {
  const hashes = new Map<Slice | undefined, Sha256>();
  for (const slice of new Set([plan.slices[0], plan.slices.at(-1)])) {
    if (slice === undefined || !isPart(slice)) continue;
    hashes.set(slice, await hashPart(slice, contents));
  }
  return hashes;
}

/** The hash of a part of a content; the whole content is read to verify it. */
async function hashPart({ content, offset, length }: Slice, contents: ContentSource): Promise<Sha256> {
  const [whole, part] = [startSha256(), startSha256()];
  let position = 0;
  for await (const chunk of readFrom(contents, content, { offset: 0, length: content.size })) {
    whole.update(chunk);
    const start = Math.max(0, offset - position);
    const end = Math.min(chunk.length, offset + length - position);
    if (start < end) part.update(chunk.subarray(start, end));
    position += chunk.length;
  }
  if (whole.digest("hex") !== content.sha256)
    throw new DamagedContentError(content, "its bytes have changed");
  return part.digest("hex") as Sha256;
}

async function* sliceBytes(
  slice: Slice,
  expected: Sha256,
  contents: ContentSource,
): AsyncGenerator<Uint8Array> {
  const hash = startSha256();
  for await (const chunk of readFrom(contents, slice.content, slice)) {
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest("hex") !== expected) throw new DamagedContentError(slice.content, "its bytes have changed");
}

async function* readFrom(
  contents: ContentSource,
  content: BundledContent,
  { offset, length }: Pick<Slice, "offset" | "length">,
): AsyncGenerator<Uint8Array> {
  const reader = await openWhole(contents, content);
  let done = 0;
  try {
    for await (const piece of reader.bytes({ start: offset, end: offset + length })) {
      done += piece.length;
      yield piece;
    }
  } catch (error) {
    if (isJamError(error, "JAM_STORE_CORRUPT"))
      throw new DamagedContentError(content, "it became shorter", error);
    throw error;
  } finally {
    await reader.close();
  }
  if (done !== length) throw new DamagedContentError(content, "it became shorter");
}

async function openWhole(contents: ContentSource, content: BundledContent): Promise<ContentReader> {
  const reader = await contents.open(content.sha256);
  if (reader === undefined) throw new DamagedContentError(content, "it is gone");
  if (reader.size === content.size) return reader;
  await reader.close();
  throw new DamagedContentError(content, `it has ${reader.size} bytes instead of ${content.size}`);
}

/** `JAM_STORE_CORRUPT` for a content that the bundle contains. */
export class DamagedContentError extends JamError {
  readonly sha256: Sha256;
  readonly kind: BundledContent["kind"];

  constructor({ kind, sha256 }: BundledContent, what: string, cause?: JamError) {
    super("JAM_STORE_CORRUPT", `The ${kind} ${sha256} of this mirror is damaged: ${what}.`, {
      hint: "The bundle is not complete. Delete the damaged file under blobs/sha256/, run `jam sync` to fetch it again, then make the bundle again.",
      details: { sha256, kind },
      ...defined({ cause }),
    });
    this.sha256 = sha256;
    this.kind = kind;
  }
}

function* smallFile(name: string, bytes: Uint8Array, mtime: Date): Generator<Uint8Array> {
  yield tarHeader(name, bytes.length, mtime);
  yield bytes;
  yield padding(bytes.length);
}

function tarHeader(path: string, size: number, mtime: Date): Buffer {
  const block = Buffer.alloc(TAR_BLOCK);
  const owner = { uid: 0, gid: 0, uname: "root", gname: "root" };
  new Header({ path, size, mode: 0o644, mtime, type: "File", ...owner }).encode(block);
  return block;
}

function padding(bytes: number): Buffer {
  return Buffer.alloc(toBlocks(bytes) - bytes);
}

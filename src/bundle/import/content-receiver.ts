import { isJamError } from "../../shared/errors.ts";
import { sha256Of, type Sha256 } from "../../shared/sha256.ts";
import type { DocumentStore, StagedBlob, Store } from "../../store/store.ts";
import type { BundledContent } from "../format/manifest.ts";
import { isPart } from "../format/volume-label.ts";
import type { ArchivePart } from "../read/file-source.ts";
import type { ArrivingSlice } from "../read/volume-reader.ts";
import { isHeld } from "./missing.ts";
import { deleteParts, readParts, writeParts, type KeptPart } from "./pending-bundles.ts";

/** The result for one slice. `damaged`: its bytes do not match their hash, and nothing of it was kept. */
export type SliceFate = "stored" | "held" | "kept-part" | "damaged";

/** A slice whose bytes were read. What becomes of it may take longer: the disk has to have it. */
export interface Received {
  readonly fate: SliceFate | Promise<SliceFate>;
}

/** What the receiver tells of bytes that threads copy. */
export type OnCopied = (bytes: number) => void;

/** Stores the contents of one bundle. Every content is verified before it counts. */
export class ContentReceiver {
  readonly #store: Store;
  readonly #bundle: string;
  readonly #named: ReadonlySet<Sha256>;
  #parts: KeptPart[] | undefined;

  /** @param named hashes that the manifest of the bundle names: these are never deleted */
  constructor(store: Store, bundle: string, named: ReadonlySet<Sha256>) {
    this.#store = store;
    this.#bundle = bundle;
    this.#named = named;
  }

  /** @throws JamError JAM_STORE_…, and what reading the slice throws */
  async receive(arriving: ArrivingSlice): Promise<SliceFate> {
    return (await this.read(arriving)).fate;
  }

  /**
   * As `receive`, but the next slice can be read before the disk has this one.
   * @param onCopied told of bytes that are not read through `arriving.bytes`; what it throws ends the import
   * @throws JamError JAM_STORE_…, and what reading the slice throws
   */
  async read(arriving: ArrivingSlice, onCopied: OnCopied = () => undefined): Promise<Received> {
    const { slice, sha256, bytes } = arriving;
    if (await isHeld(this.#store, slice.content)) {
      await drain(bytes);
      return { fate: "held" };
    }
    if (isPart(slice)) return { fate: await this.#receivePart(arriving) };
    if (slice.content.kind === "tarball") return this.#receiveTarball(arriving, onCopied);
    return { fate: await putDocument(this.#store.documents, sha256, bytes) };
  }

  async #receiveTarball(
    { slice, sha256, bytes, takePart }: ArrivingSlice,
    onCopied: OnCopied,
  ): Promise<Received> {
    const staged = await this.#store.blobs.stage(sha256);
    // Bytes of a part are not seen where the volume is read: they are taken only by a driver that copies.
    const part = staged.copy === undefined ? undefined : takePart?.();
    if (part !== undefined) return { fate: copyPart(staged, part, onCopied) };
    return fillStaged(staged, slice.content.size, bytes);
  }

  async #put(content: BundledContent, sha256: Sha256, bytes: AsyncIterable<Uint8Array>): Promise<Received> {
    if (content.kind === "tarball") return putBlob(this.#store, { sha256, size: content.size }, bytes);
    return { fate: await putDocument(this.#store.documents, sha256, bytes) };
  }

  /** A part is kept as a blob of its own until the other parts are here; volumes may arrive in any order. */
  async #receivePart({ slice, sha256, bytes }: ArrivingSlice): Promise<SliceFate> {
    const { content, offset, length } = slice;
    const parts = (this.#parts ??= await readParts(this.#store.documents, this.#bundle));
    const known = parts.find((part) => part.content === content.sha256 && part.offset === offset);
    const isHere = known?.sha256 === sha256 && (await this.#store.blobs.stat(sha256))?.size === length;
    if (isHere) await drain(bytes);
    else {
      // Recorded before it is stored, so that the next run knows what a killed one left.
      this.#parts = [
        ...parts.filter((part) => part !== known),
        { content: content.sha256, offset, length, sha256 },
      ];
      await writeParts(this.#store.documents, this.#bundle, this.#parts);
      const { fate } = await putBlob(this.#store, { sha256, size: length }, bytes);
      if ((await fate) === "damaged") return "damaged";
    }
    return this.#join(content);
  }

  /** Joins the parts of a content when all of them are here. */
  async #join(content: BundledContent): Promise<SliceFate> {
    const all = (this.#parts ?? []).filter((part) => part.content === content.sha256);
    const byOffset = new Map(all.map((part) => [part.offset, part]));
    const chain: KeptPart[] = [];
    // A bundle may be split again with another size: parts of both divisions are then mixed.
    for (let reached = 0; reached < content.size;) {
      const part = byOffset.get(reached);
      if (part === undefined || (await this.#store.blobs.stat(part.sha256))?.size !== part.length)
        return "kept-part";
      chain.push(part);
      reached += part.length;
    }
    const joint = await this.#put(content, content.sha256, joined(this.#store, chain));
    const fate = await joint.fate;
    await this.#forget(all);
    return fate;
  }

  async #forget(parts: readonly KeptPart[]): Promise<void> {
    this.#parts = (this.#parts ?? []).filter((part) => !parts.includes(part));
    const gone = parts.filter(({ sha256 }) => !this.#named.has(sha256));
    await deleteParts(this.#store, this.#bundle, { gone, kept: this.#parts });
  }
}

async function putBlob(
  store: Store,
  { sha256, size }: { readonly sha256: Sha256; readonly size: number },
  bytes: AsyncIterable<Uint8Array>,
): Promise<Received> {
  return fillStaged(await store.blobs.stage(sha256), size, bytes);
}

async function fillStaged(
  staged: StagedBlob,
  size: number,
  bytes: AsyncIterable<Uint8Array>,
): Promise<Received> {
  const fate = await unlessDamaged(staged, async () => {
    if (staged.received > 0) await staged.restart(undefined);
    await staged.append(bytes, size);
  });
  if (fate === "damaged") return { fate };
  return { fate: unlessDamaged(staged, () => staged.commit(size)) };
}

/** As `fillStaged`, from a part of an archive, while others are copied as well. */
async function copyPart(staged: StagedBlob, part: ArchivePart, onCopied: OnCopied): Promise<SliceFate> {
  const size = part.end - part.start;
  let told = 0;
  const tell = (bytes: number) => {
    told += bytes;
    onCopied(bytes);
  };
  return unlessDamaged(staged, async () => {
    if (staged.received > 0) await staged.restart(undefined);
    await staged.copy?.(part, tell);
    if (staged.received < size) {
      // The medium could not be read there: what reading throws is the reason.
      await staged.restart(undefined);
      await staged.append(telling(part.bytes(), told, onCopied), size);
    }
    await staged.commit(size);
  });
}

/** The same bytes, and `onCopied` is told of each piece: of what comes after the bytes that it was told of before. */
async function* telling(
  bytes: AsyncIterable<Uint8Array>,
  told: number,
  onCopied: OnCopied,
): AsyncGenerator<Uint8Array> {
  let read = 0;
  for await (const piece of bytes) {
    const before = Math.max(read, told);
    read += piece.length;
    // Also without a new byte: what it throws ends the import.
    onCopied(Math.max(0, read - before));
    yield piece;
  }
}

async function unlessDamaged(staged: StagedBlob, work: () => Promise<void>): Promise<SliceFate> {
  try {
    await work();
    return "stored";
  } catch (error) {
    await staged.close();
    if (isJamError(error, "JAM_ITEM_HASH_MISMATCH", "JAM_ITEM_SIZE_MISMATCH")) return "damaged";
    throw error;
  }
}

async function putDocument(
  documents: DocumentStore,
  sha256: Sha256,
  bytes: AsyncIterable<Uint8Array>,
): Promise<SliceFate> {
  const pieces: Buffer[] = [];
  for await (const piece of bytes) pieces.push(Buffer.from(piece));
  const document = Buffer.concat(pieces);
  if (sha256Of(document) !== sha256) return "damaged";
  await documents.put("upstream", sha256, document);
  return "stored";
}

async function* joined(store: Store, parts: readonly KeptPart[]): AsyncGenerator<Uint8Array> {
  for (const { sha256 } of parts) {
    const reader = await store.blobs.open(sha256);
    if (reader === undefined) return;
    try {
      yield* reader.bytes();
    } catch (error) {
      // The joined bytes are then too short, which counts as damage of the content.
      if (isJamError(error, "JAM_STORE_CORRUPT")) return;
      throw error;
    } finally {
      await reader.close();
    }
  }
}

async function drain(bytes: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const piece of bytes) void piece;
}

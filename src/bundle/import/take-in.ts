import type { DocumentStore } from "../../store/store.ts";
import { isJamError } from "../../shared/errors.ts";
import { sha256Of, type Sha256 } from "../../shared/sha256.ts";
import type { BundledContent } from "../format/manifest.ts";
import { isPart } from "../format/volume-label.ts";
import type { ArrivingSlice } from "../read/volume-reader.ts";
import { isHeld } from "./lacking.ts";
import { dropParts, readParts, writeParts, type KeptPart } from "./pending.ts";
import type { ImportStore } from "./ports.ts";

/** What became of one slice. `damaged`: its bytes are not what they must be, and nothing of them was kept. */
export type SliceFate = "taken" | "held" | "kept-part" | "damaged";

/** Takes what one bundle carries into the store. Every content is hashed before it counts. */
export class Intake {
  readonly #store: ImportStore;
  readonly #bundle: string;
  readonly #named: ReadonlySet<Sha256>;
  #parts: KeptPart[] | undefined;

  /** @param named what the manifest of the bundle names: the bytes of none of it are ever deleted */
  constructor(store: ImportStore, bundle: string, named: ReadonlySet<Sha256>) {
    this.#store = store;
    this.#bundle = bundle;
    this.#named = named;
  }

  /** @throws JamError JAM_STORE_…, and what reading the slice throws */
  async take(arriving: ArrivingSlice): Promise<SliceFate> {
    const { slice, sha256, bytes } = arriving;
    if (await isHeld(this.#store, slice.content)) {
      await drain(bytes);
      return "held";
    }
    if (isPart(slice)) return this.#takePart(arriving);
    return this.#put(slice.content, sha256, bytes);
  }

  async #put(content: BundledContent, sha256: Sha256, bytes: AsyncIterable<Uint8Array>): Promise<SliceFate> {
    if (content.kind === "tarball") return putBlob(this.#store, { sha256, size: content.size }, bytes);
    return putDocument(this.#store.documents, sha256, bytes);
  }

  /** A part waits as a blob of its own until all of its content is here; volumes may come in any order. */
  async #takePart({ slice, sha256, bytes }: ArrivingSlice): Promise<SliceFate> {
    const { content, offset, length } = slice;
    const parts = (this.#parts ??= await readParts(this.#store.documents, this.#bundle));
    const known = parts.find((part) => part.content === content.sha256 && part.offset === offset);
    const isHere = known?.sha256 === sha256 && (await this.#store.blobs.stat(sha256))?.size === length;
    if (isHere) await drain(bytes);
    else {
      // Noted before it is taken in, so that what a killed run leaves behind is known to somebody.
      this.#parts = [
        ...parts.filter((part) => part !== known),
        { content: content.sha256, offset, length, sha256 },
      ];
      await writeParts(this.#store.documents, this.#bundle, this.#parts);
      if ((await putBlob(this.#store, { sha256, size: length }, bytes)) === "damaged") return "damaged";
    }
    return this.#join(content);
  }

  /** Puts a content together when all of its parts are here. */
  async #join(content: BundledContent): Promise<SliceFate> {
    const all = (this.#parts ?? []).filter((part) => part.content === content.sha256);
    const byOffset = new Map(all.map((part) => [part.offset, part]));
    const chain: KeptPart[] = [];
    // A bundle may be split again in another way: parts of the first split then lie between those of the second.
    for (let reached = 0; reached < content.size;) {
      const part = byOffset.get(reached);
      if (part === undefined || (await this.#store.blobs.stat(part.sha256))?.size !== part.length)
        return "kept-part";
      chain.push(part);
      reached += part.length;
    }
    const fate = await this.#put(content, content.sha256, joined(this.#store, chain));
    await this.#forget(all);
    return fate;
  }

  async #forget(parts: readonly KeptPart[]): Promise<void> {
    this.#parts = (this.#parts ?? []).filter((part) => !parts.includes(part));
    const gone = parts.filter(({ sha256 }) => !this.#named.has(sha256));
    await dropParts(this.#store, this.#bundle, { gone, kept: this.#parts });
  }
}

async function putBlob(
  store: ImportStore,
  { sha256, size }: { readonly sha256: Sha256; readonly size: number },
  bytes: AsyncIterable<Uint8Array>,
): Promise<SliceFate> {
  const staged = await store.blobs.stage(sha256);
  try {
    if (staged.received > 0) await staged.restart(undefined);
    await staged.append(bytes, size);
    await staged.commit(size);
    return "taken";
  } catch (error) {
    if (isJamError(error, "JAM_ITEM_HASH_MISMATCH", "JAM_ITEM_SIZE_MISMATCH")) return "damaged";
    throw error;
  } finally {
    await staged.close();
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
  return "taken";
}

async function* joined(store: ImportStore, parts: readonly KeptPart[]): AsyncGenerator<Uint8Array> {
  for (const { sha256 } of parts) {
    const reader = await store.blobs.open(sha256);
    if (reader === undefined) return;
    try {
      yield* reader.bytes();
    } catch (error) {
      // What is joined so far is too short then, which counts as damage of the content.
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

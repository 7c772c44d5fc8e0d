import { sha256Of, type Sha256 } from "../../src/shared/sha256.ts";
import type { BlobStore } from "../../src/store/store.ts";

/** Bytes that differ at every position and for every seed, with their hash. */
export function someBytes(size: number, seed = 1): { readonly bytes: Buffer; readonly sha256: Sha256 } {
  const bytes = Buffer.alloc(size);
  let state = seed;
  for (let at = 0; at < size; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return { bytes, sha256: sha256Of(bytes) };
}

/** `bytes` as a source delivers them; `failAfter` cuts it off with an error. */
export async function* inChunks(
  bytes: Uint8Array,
  options: { readonly chunk?: number; readonly failAfter?: number } = {},
): AsyncGenerator<Uint8Array> {
  const end = options.failAfter ?? bytes.length;
  const chunk = options.chunk ?? 65_536;
  for (let at = 0; at < end; at += chunk) yield bytes.subarray(at, Math.min(end, at + chunk));
  if (options.failAfter !== undefined) throw new Error("connection lost");
}

/** Puts a blob into the store as a download does, going on where an earlier one stopped. */
export async function putBlob(
  blobs: BlobStore,
  size: number,
  seed = 1,
): Promise<{ bytes: Buffer; sha256: Sha256 }> {
  const blob = someBytes(size, seed);
  const staged = await blobs.stage(blob.sha256);
  await staged.append(inChunks(blob.bytes.subarray(staged.received)), size);
  await staged.commit(size);
  await staged.close();
  return blob;
}

/** All of a blob, or undefined when it is not there. */
export async function readBlob(blobs: BlobStore, sha256: Sha256): Promise<Buffer | undefined> {
  const reader = await blobs.open(sha256);
  if (reader === undefined) return undefined;
  const bytes = await collect(reader.bytes());
  await reader.close();
  return bytes;
}

/** What a stream delivers, copied piece by piece. */
export async function collect(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of bytes) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

/** Every blob as `<sha256> <size>`, ascending. */
export async function listBlobs(blobs: BlobStore): Promise<string[]> {
  const all: string[] = [];
  for await (const { sha256, size } of blobs.list()) all.push(`${sha256} ${size}`);
  return all.sort();
}

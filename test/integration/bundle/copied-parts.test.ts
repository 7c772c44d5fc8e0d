/** A tarball that is a part of an open archive: who is told of its bytes, whatever way they take. */
import { open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ContentReceiver } from "../../../src/bundle/import/content-receiver.ts";
import type { ArchivePart } from "../../../src/bundle/read/file-source.ts";
import type { ArrivingSlice } from "../../../src/bundle/read/volume-reader.ts";
import { sha256Of } from "../../../src/shared/sha256.ts";
import { openMemoryStore } from "../../helpers/memory-store/memory-store.ts";
import { inChunks, listBlobs, someBytes } from "../../helpers/store-content.ts";
import { type TemporaryStore, temporaryStore } from "../../helpers/temporary-store.ts";

const SIZE = 200_000;
const { bytes } = someBytes(SIZE, 7);
const sha256 = sha256Of(bytes);
const content = { kind: "tarball", sha256, size: SIZE } as const;

/** The tarball, in a file of which only a part can be copied; `taken` counts who takes the part. */
async function arrivingFrom(store: TemporaryStore, copied: number) {
  const path = join(store.path, "archive");
  await writeFile(path, bytes.subarray(0, copied));
  const file = await open(path);
  const part: ArchivePart = { fd: file.fd, start: 0, end: SIZE, bytes: () => inChunks(bytes) };
  const arriving: ArrivingSlice = {
    slice: { content, offset: 0, length: SIZE },
    sha256,
    bytes: inChunks(bytes),
    takePart: () => part,
  };
  return { arriving, [Symbol.asyncDispose]: () => file.close() };
}

function receiver(store: TemporaryStore): ContentReceiver {
  return new ContentReceiver(store, "20261127T000000Z-000000000000", new Set([sha256]));
}

test.for([0, 50_000, SIZE])("of which %i bytes can be copied: every byte is told once", async (copied) => {
  await using store = await temporaryStore();
  await using source = await arrivingFrom(store, copied);
  let told = 0;
  const received = await receiver(store).read(source.arriving, (count) => (told += count));
  expect([await received.fate, told]).toEqual(["stored", SIZE]);
  expect(await listBlobs(store.blobs)).toEqual([`${sha256} ${SIZE}`]);
});

test("that cannot be copied can be cancelled while it is read", async () => {
  await using store = await temporaryStore();
  await using source = await arrivingFrom(store, 0);
  const received = await receiver(store).read(source.arriving, () => {
    throw new Error("cancelled");
  });
  await expect(received.fate).rejects.toThrow("cancelled");
  expect(await listBlobs(store.blobs)).toEqual([]);
});

test("that the store cannot copy is read where the volume is read", async () => {
  const store = openMemoryStore();
  let taken = 0;
  const arriving: ArrivingSlice = {
    slice: { content, offset: 0, length: SIZE },
    sha256,
    bytes: inChunks(bytes),
    takePart: () => void (taken += 1),
  };
  const contents = new ContentReceiver(store, "20261127T000000Z-000000000000", new Set([sha256]));
  const received = await contents.read(arriving);
  expect([await received.fate, taken]).toEqual(["stored", 0]);
});

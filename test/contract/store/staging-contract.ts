import { mkdtemp, open as openFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sha256Of } from "../../../src/shared/sha256.ts";
import { inChunks, listBlobs, putBlob, readBlob, someBytes } from "../../helpers/store-content.ts";
import type { StoreUnderTest } from "./store-contract.ts";

/** How blobs come in, whatever interrupts them. */
export function describeStaging(driver: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${driver} staged blobs`, () => describeStages(open));
}

function describeStages(open: () => Promise<StoreUnderTest>): void {
  it("keeps what came before the source broke off, and completes it in another run", async () => {
    await using store = await open();
    const { bytes, sha256 } = someBytes(1_000_000);
    const first = await store.blobs.stage(sha256);
    await first.restart('"v1"');
    const cut = first.append(inChunks(bytes, { failAfter: 700_001 }), bytes.length);
    await expect(cut).rejects.toThrow("connection lost");
    await first.close();

    const other = await store.reopen();
    const staged = await Array.fromAsync(other.blobs.listStaged?.() ?? []);
    const second = await other.blobs.stage(sha256);
    expect(second.received).toBeLessThanOrEqual(700_001);
    if (other.blobs.listStaged !== undefined)
      expect(staged).toMatchObject(second.received === 0 ? [] : [{ sha256, received: second.received }]);
    expect(second.validator).toBe(second.received > 0 ? '"v1"' : undefined);
    await second.append(inChunks(bytes.subarray(second.received)), bytes.length);
    await second.commit(bytes.length);

    expect(await readBlob(store.blobs, sha256)).toEqual(bytes);
    expect(await Array.fromAsync(other.blobs.listStaged?.() ?? [])).toEqual([]);
  });

  it.for([0, 1, 600_000, 9_000_001])(
    "copies %i bytes from the middle of a file, and commits them",
    async (size, context) => {
      await using store = await open();
      const { bytes, sha256 } = someBytes(size);
      await using file = await temporaryFile(
        Buffer.concat([Buffer.alloc(1000, 7), bytes, Buffer.alloc(1000, 7)]),
      );
      const staged = await store.blobs.stage(sha256);
      if (staged.copy === undefined) return context.skip("this driver cannot copy");
      let counted = 0;
      await staged.copy({ fd: file.fd, start: 1000, end: 1000 + size }, (count) => void (counted += count));
      await staged.commit(size);
      expect(counted).toBe(size);
      expect(await readBlob(store.blobs, sha256)).toEqual(bytes);
    },
  );

  it("copies several at the same time, and mixes none up", async (context) => {
    await using store = await open();
    const all = [1, 2, 3, 4, 5].map((seed) => someBytes(5_000_000 + seed, seed));
    await using file = await temporaryFile(Buffer.concat(all.map(({ bytes }) => bytes)));
    let end = 0;
    const copies = all.map(async ({ bytes, sha256 }) => {
      const start = end;
      end += bytes.length;
      const part = { fd: file.fd, start, end };
      const staged = await store.blobs.stage(sha256);
      if (staged.copy === undefined) return context.skip("this driver cannot copy");
      await staged.copy(part, () => undefined);
      await staged.commit(bytes.length);
    });
    await Promise.all(copies);
    for (const { bytes, sha256 } of all) expect(await readBlob(store.blobs, sha256)).toEqual(bytes);
  });

  it.for([700_000, 6_000_000])(
    "copies %i bytes of a file that ends before, and completes them otherwise",
    async (size, context) => {
      await using store = await open();
      const { bytes, sha256 } = someBytes(size + 1_000_000);
      await using file = await temporaryFile(bytes.subarray(0, size));
      const staged = await store.blobs.stage(sha256);
      if (staged.copy === undefined) return context.skip("this driver cannot copy");
      await staged.copy({ fd: file.fd, start: 0, end: bytes.length }, () => undefined);
      expect(staged.received).toBe(size);
      await staged.append(inChunks(bytes.subarray(size)), bytes.length);
      await staged.commit(bytes.length);
      expect(await readBlob(store.blobs, sha256)).toEqual(bytes);
    },
  );

  it("copies nothing of a file that cannot be read, and no blob has another hash than its name", async (context) => {
    await using store = await open();
    const { bytes, sha256 } = someBytes(3_000_000);
    await using file = await temporaryFile(bytes.with(2_500_000, (bytes[2_500_000] ?? 0) ^ 1));
    const staged = await store.blobs.stage(sha256);
    if (staged.copy === undefined) return context.skip("this driver cannot copy");
    // A folder is open, but it has no bytes.
    await using folder = await openFolder();
    await staged.copy({ fd: folder.fd, start: 0, end: bytes.length }, () => undefined);
    expect(staged.received).toBe(0);
    await staged.copy({ fd: file.fd, start: 0, end: bytes.length }, () => undefined);
    await expect(staged.commit(bytes.length)).rejects.toMatchObject({ code: "JAM_ITEM_HASH_MISMATCH" });
    expect(await listBlobs(store.blobs)).toEqual([]);
  });

  it("ends a copy where the caller cancels it, and keeps what came", async (context) => {
    await using store = await open();
    const { bytes, sha256 } = someBytes(9_000_000);
    await using file = await temporaryFile(bytes);
    const staged = await store.blobs.stage(sha256);
    if (staged.copy === undefined) return context.skip("this driver cannot copy");
    await expect(staged.copy({ fd: file.fd, start: 0, end: bytes.length }, cancel)).rejects.toThrow(
      "cancelled",
    );
    expect(staged.received).toBeGreaterThan(0);
    await staged.append(inChunks(bytes.subarray(staged.received)), bytes.length);
    await staged.commit(bytes.length);
    expect(await readBlob(store.blobs, sha256)).toEqual(bytes);
  });

  it("drops what is staged and has not grown for long, and nothing younger", async (context) => {
    await using store = await open();
    const { blobs } = store;
    if (blobs.discardStaged === undefined) return context.skip("nothing stays staged with this driver");
    const listStaged = () => Array.fromAsync(blobs.listStaged?.() ?? []);
    const { bytes, sha256 } = someBytes(400_000);
    const first = await store.blobs.stage(sha256);
    const cut = first.append(inChunks(bytes, { failAfter: 300_000 }), bytes.length);
    await expect(cut).rejects.toThrow("connection lost");
    await first.close();
    const lease = await store.lease.acquire("test");
    await blobs.discardStaged(new Date(Date.now() - 60_000));
    expect(await listStaged()).toHaveLength(1);
    await blobs.discardStaged(new Date(Date.now() + 60_000));
    expect(await listStaged()).toEqual([]);
    await lease.release();
    const again = await store.blobs.stage(sha256);
    expect(again.received).toBe(0);
    await again.close();
  });

  it("goes on in the same run after the source broke off", async () => {
    await using store = await open();
    const { bytes, sha256 } = someBytes(600_000);
    const staged = await store.blobs.stage(sha256);
    await expect(staged.append(inChunks(bytes, { failAfter: 100 }), bytes.length)).rejects.toThrow();
    expect(staged.received).toBeLessThanOrEqual(100);
    await staged.append(inChunks(bytes.subarray(staged.received)), bytes.length);
    await staged.commit(bytes.length);

    expect(await readBlob(store.blobs, sha256)).toEqual(bytes);
  });

  it("commits what an earlier run had received completely", async () => {
    await using store = await open();
    const { bytes, sha256 } = someBytes(400_000);
    const first = await store.blobs.stage(sha256);
    await first.append(inChunks(bytes), bytes.length);
    await first.close();

    const second = await (await store.reopen()).blobs.stage(sha256);
    await second.append(inChunks(bytes.subarray(second.received)), bytes.length);
    await second.commit(bytes.length);

    expect(await store.blobs.stat(sha256)).toMatchObject({ size: bytes.length });
  });

  it("drops what is here when it restarts", async () => {
    await using store = await open();
    const { bytes, sha256 } = someBytes(300_000);
    const staged = await store.blobs.stage(sha256);
    await staged.append(inChunks(someBytes(1000, 2).bytes), bytes.length);

    await staged.restart('"v2"');

    expect(staged).toMatchObject({ received: 0, validator: '"v2"' });
    await staged.append(inChunks(bytes), bytes.length);
    await staged.commit(bytes.length);
    expect(await readBlob(store.blobs, sha256)).toEqual(bytes);
  });

  it("is no blob before it is committed", async () => {
    await using store = await open();
    const { bytes, sha256 } = someBytes(1000);
    const staged = await store.blobs.stage(sha256);
    await staged.append(inChunks(bytes), bytes.length);

    expect(await store.blobs.stat(sha256)).toBeUndefined();
    expect(await listBlobs(store.blobs)).toEqual([]);
    await staged.close();
  });

  it("refuses other bytes of the right size, and takes the right ones afterwards", async () => {
    await using store = await open();
    const { bytes, sha256 } = someBytes(200_000);
    const wrong = Buffer.from(bytes);
    wrong[123_456]! ^= 1;
    const staged = await store.blobs.stage(sha256);
    await staged.append(inChunks(wrong), bytes.length);

    await expect(staged.commit(bytes.length)).rejects.toMatchObject({
      code: "JAM_ITEM_HASH_MISMATCH",
      details: { sha256, expected: sha256, actual: sha256Of(wrong) },
    });

    expect(await store.blobs.stat(sha256)).toBeUndefined();
    expect(staged).toMatchObject({ received: 0, validator: undefined });
    await staged.append(inChunks(bytes), bytes.length);
    await staged.commit(bytes.length);
    expect(await readBlob(store.blobs, sha256)).toEqual(bytes);
  });

  it("refuses to commit a part", async () => {
    await using store = await open();
    const { bytes, sha256 } = someBytes(1000);
    const staged = await store.blobs.stage(sha256);
    await staged.append(inChunks(bytes.subarray(0, 999)), 1000);

    await expect(staged.commit(1000)).rejects.toMatchObject({
      code: "JAM_ITEM_SIZE_MISMATCH",
      details: { expected: 1000, actual: 999 },
    });
    await staged.close();
  });

  it("stops an endless source at the size that was promised", async () => {
    await using store = await open();
    const { sha256 } = someBytes(1000);
    let sent = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        sent += 65_536;
        yield new Uint8Array(65_536);
      }
    }
    const staged = await store.blobs.stage(sha256);

    await expect(staged.append(endless(), 1_000_000)).rejects.toMatchObject({
      code: "JAM_ITEM_SIZE_MISMATCH",
      details: { expected: 1_000_000 },
    });

    expect(sent).toBeLessThan(1_000_000 + 2 * 65_536);
    expect(staged.received).toBe(0);
    await staged.close();
    expect((await store.blobs.stage(sha256)).received).toBe(0);
  });

  it("lets the source reuse its memory between chunks", async () => {
    await using store = await open();
    const { bytes, sha256 } = someBytes(1_300_000);
    async function* reusing(): AsyncGenerator<Uint8Array> {
      const memory = Buffer.alloc(100_000);
      for (let at = 0; at < bytes.length; at += memory.length) {
        bytes.copy(memory, 0, at);
        yield memory;
      }
    }
    const staged = await store.blobs.stage(sha256);
    await staged.append(reusing(), bytes.length);
    await staged.commit(bytes.length);

    expect(await readBlob(store.blobs, sha256)).toEqual(bytes);
  });

  it("can be closed after commit, and staged again", async () => {
    await using store = await open();
    const { bytes, sha256 } = await putBlob(store.blobs, 5000);

    const again = await store.blobs.stage(sha256);
    expect(again.received).toBe(0);
    await again.append(inChunks(bytes), bytes.length);
    await again.commit(bytes.length);
    await again.close();
    await again.close();

    expect(await readBlob(store.blobs, sha256)).toEqual(bytes);
  });
}

async function temporaryFile(bytes: Uint8Array) {
  const folder = await mkdtemp(join(tmpdir(), "jam-copied-"));
  await writeFile(join(folder, "file"), bytes);
  return opened(join(folder, "file"), folder);
}

async function openFolder() {
  const folder = await mkdtemp(join(tmpdir(), "jam-copied-"));
  return opened(folder, folder);
}

async function opened(path: string, folder: string) {
  const file = await openFile(path, "r");
  return {
    fd: file.fd,
    async [Symbol.asyncDispose]() {
      await file.close();
      await rm(folder, { recursive: true });
    },
  };
}

function cancel(): never {
  throw new Error("cancelled");
}

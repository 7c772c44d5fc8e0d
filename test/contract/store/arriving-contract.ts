import { describe, expect, it } from "vitest";
import type { ArrivingBytes } from "../../../src/store/store.ts";
import { collect, inChunks, readBlob, someBytes } from "../../helpers/store-content.ts";
import type { StoreUnderTest } from "./store-contract.ts";

/** What every driver promises to a server that gives tarballs out while they arrive. */
export function describeArriving(
  driver: string,
  open: () => Promise<StoreUnderTest>,
  { hasArriving }: { readonly hasArriving: boolean },
): void {
  describe(`${driver} blobs that are read while they arrive`, () => {
    it("keeps what a cache server receives apart from what a run receives", async () => {
      await using store = await open();
      const { bytes, sha256 } = someBytes(400_000);
      const run = await store.blobs.stage(sha256);
      const cache = await store.blobs.stage(sha256, { onReadable: () => undefined });
      await run.append(inChunks(bytes.subarray(0, 200_000)), bytes.length);
      await cache.append(inChunks(someBytes(300_000, 2).bytes), bytes.length);
      await cache.restart(undefined);
      await cache.append(inChunks(bytes), bytes.length);
      await cache.commit(bytes.length);

      expect(run.received).toBe(200_000);
      expect(await readBlob(store.blobs, sha256)).toEqual(bytes);
      await run.append(inChunks(bytes.subarray(200_000)), bytes.length);
      await run.commit(bytes.length);
      expect(await readBlob(store.blobs, sha256)).toEqual(bytes);
    });

    it("resumes what an earlier cache server received", async () => {
      await using store = await open();
      const { bytes, sha256 } = someBytes(400_000);
      const first = await store.blobs.stage(sha256, { onReadable: () => undefined });
      await first.restart('"v1"');
      await first.append(inChunks(bytes.subarray(0, 300_000)), bytes.length);
      await first.close();
      const server = await (await store.reopen()).cacheLease.acquire("jam serve");
      const second = await store.blobs.stage(sha256, { onReadable: () => undefined });

      expect(second).toMatchObject({ received: first.received, validator: '"v1"' });
      await second.append(inChunks(bytes.subarray(second.received)), bytes.length);
      await second.commit(bytes.length);
      await server.release();
      expect(await readBlob(store.blobs, sha256)).toEqual(bytes);
    });

    it("gives the place of the cache server to one, whoever writes", async () => {
      await using store = await open();
      const other = await store.reopen();
      const writer = await other.lease.acquire("jam sync");
      const cache = await store.cacheLease.acquire("jam serve");

      await expect(other.cacheLease.acquire("jam serve")).rejects.toMatchObject({
        code: "JAM_STORE_LOCKED",
        message: expect.stringMatching(/^Another cache server uses this data directory: `jam serve`/),
      });
      expect(await other.cacheLease.holder()).toMatchObject({ command: "jam serve" });

      await cache.release();
      await (await other.cacheLease.acquire("jam serve")).release();
      await writer.release();
    });

    it("leaves what is arriving alone when somebody else begins to write", async () => {
      await using store = await open();
      const { bytes, sha256 } = someBytes(300_000);
      const cache = await store.cacheLease.acquire("jam serve");
      const staged = await store.blobs.stage(sha256, { onReadable: () => undefined });
      await staged.restart('"v1"');

      // The file is there, and empty or short: that is what recovery removes when nobody has it.
      await staged.append(inChunks(bytes.subarray(0, 0)), bytes.length);
      await (await (await store.reopen()).lease.acquire("jam sync")).release();
      await staged.append(inChunks(bytes), bytes.length);
      await (await (await store.reopen()).lease.acquire("jam sync")).release();
      await staged.commit(bytes.length);

      expect(await readBlob(store.blobs, sha256)).toEqual(bytes);
      await cache.release();
    });

    it.runIf(hasArriving)("can be read up to what it has told, and as a blob afterwards", async () => {
      await using store = await open();
      const { bytes, sha256 } = someBytes(1_200_000);
      const told: number[] = [];
      const seen: Promise<void>[] = [];
      let reader: ArrivingBytes | undefined;
      const staged = await store.blobs.stage(sha256, {
        onReadable(end) {
          told.push(end);
          seen.push(
            (async () => {
              if (end === 0) return;
              reader ??= await staged.openArriving?.();
              expect((await read(reader, end)).equals(bytes.subarray(0, end))).toBe(true);
            })(),
          );
        },
      });
      await staged.append(inChunks(bytes, { chunk: 70_000 }), bytes.length);
      await Promise.all(seen);

      expect(told.at(-1)).toBe(bytes.length);
      expect(told).toEqual(told.toSorted((a, b) => a - b));
      await staged.commit(bytes.length);
      expect((await read(reader, bytes.length)).equals(bytes)).toBe(true);
      await store.blobs.delete(sha256);
      expect((await read(reader, bytes.length)).equals(bytes)).toBe(true);
      await reader?.close();
    });

    it.runIf(hasArriving)("tells when it starts over, and leaves earlier readers their bytes", async () => {
      await using store = await open();
      const { bytes, sha256 } = someBytes(300_000);
      const wrong = someBytes(100_000, 2).bytes;
      const told: number[] = [];
      const staged = await store.blobs.stage(sha256, { onReadable: (end) => told.push(end) });
      await staged.append(inChunks(wrong), bytes.length);
      const early = await staged.openArriving?.();
      await staged.restart('"v2"');

      expect(told.at(-1)).toBe(0);
      await staged.append(inChunks(bytes), bytes.length);
      const late = await staged.openArriving?.();
      expect((await read(early, wrong.length)).equals(wrong)).toBe(true);
      expect((await read(late, bytes.length)).equals(bytes)).toBe(true);
      await Promise.all([early?.close(), late?.close(), staged.close()]);
    });

    it("does what a proven blob needs before the blob is there, and only for a proven one", async () => {
      await using store = await open();
      const { bytes, sha256 } = someBytes(300_000);
      const isHere = async () => (await store.blobs.stat(sha256)) !== undefined;
      const seen: boolean[] = [];
      const onProven = async () => void seen.push(await isHere());
      const staged = await store.blobs.stage(sha256, { onReadable: () => undefined, onProven });

      await staged.append(inChunks(someBytes(300_000, 2).bytes), bytes.length);
      await expect(staged.commit(bytes.length)).rejects.toMatchObject({ code: "JAM_ITEM_HASH_MISMATCH" });
      expect(seen).toEqual([]);

      await staged.append(inChunks(bytes), bytes.length);
      await staged.commit(bytes.length);
      expect([seen, await isHere()]).toEqual([[false], true]);
    });

    it("commits nothing when that fails", async () => {
      await using store = await open();
      const { bytes, sha256 } = someBytes(300_000);
      const staged = await store.blobs.stage(sha256, {
        onReadable: () => undefined,
        onProven: () => Promise.reject(new Error("no note")),
      });
      await staged.append(inChunks(bytes), bytes.length);

      await expect(staged.commit(bytes.length)).rejects.toThrow("no note");

      expect(await store.blobs.stat(sha256)).toBeUndefined();
      await staged.close();
    });

    it.runIf(!hasArriving)("says that what arrives cannot be read", async () => {
      await using store = await open();
      const staged = await store.blobs.stage(someBytes(10).sha256, { onReadable: () => undefined });
      expect("openArriving" in staged).toBe(false);
      await staged.close();
    });
  });
}

function read(reader: ArrivingBytes | undefined, end: number): Promise<Buffer> {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let position = 0; position < end;) {
      const buffer = Buffer.alloc(Math.min(65_536, end - position));
      const count = (await reader?.readAt(buffer, position)) ?? 0;
      if (count === 0) return;
      position += count;
      yield buffer.subarray(0, count);
    }
  }
  return collect(pieces());
}

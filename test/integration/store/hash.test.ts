import { mkdir, rename, rm, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { blobPath } from "../../../src/store/layout.ts";
import { flipByteQuietly, makeWritable } from "../../helpers/damage-file.ts";
import { putBlob } from "../../helpers/store-content.ts";
import { temporaryStore } from "../../helpers/temporary-store.ts";

async function openOne(size: number) {
  const store = await temporaryStore();
  const { sha256, bytes } = await putBlob(store.blobs, size);
  const path = join(store.path, blobPath(sha256));
  await makeWritable(path);
  const blob = await store.blobs.open(sha256);
  if (blob === undefined) throw new Error("not there");
  return {
    blob,
    sha256,
    bytes,
    path,
    async [Symbol.asyncDispose]() {
      await blob.close();
      await store[Symbol.asyncDispose]();
    },
  };
}

describe("hashing a blob", () => {
  it.for([0, 1, 1 << 17, (1 << 17) + 1, 1 << 20, 4 << 20, (4 << 20) + 1, 9_000_001])(
    "of %i bytes gives its name and counts its bytes",
    async (size) => {
      await using one = await openOne(size);
      let counted = 0;
      const found = await one.blob.hash?.({ onBytes: (bytes) => void (counted += bytes) });
      expect([found, counted]).toEqual([one.sha256, size]);
    },
  );

  it("several at the same time are not mixed up, and one that is cancelled disturbs no other", async () => {
    await using one = await openOne(9_000_000);
    await using two = await openOne(8_500_000);
    const stop = new AbortController();
    const cancelled = one.blob.hash?.({ onBytes: () => stop.abort(), signal: stop.signal });
    const all = [one, two, one].map(async ({ blob }) => blob.hash?.());
    await expect(cancelled).rejects.toMatchObject({ name: "AbortError" });
    expect(await Promise.all(all)).toEqual([one.sha256, two.sha256, one.sha256]);
  });

  it.for([500_000, 3_000_000, 4 << 20])("that was cut at byte %i is an error, not a hash", async (end) => {
    await using one = await openOne(5_000_000);
    await truncate(one.path, end);
    await expect(one.blob.hash?.()).rejects.toMatchObject({
      code: "JAM_STORE_CORRUPT",
      details: { position: end },
    });
  });
});

/** Later than that, every further change of a file shows in its date. */
const SETTLED_MS = 2_200;

describe("hashing blobs in one go", () => {
  it("names those that are whole, and none that is damaged, in the way, missing or still changing", async () => {
    await using store = await temporaryStore();
    const put = async (seed: number, size: number) => {
      const { sha256 } = await putBlob(store.blobs, size, seed);
      const path = join(store.path, blobPath(sha256));
      await makeWritable(path);
      return { sha256, size, path };
    };
    const whole = await Promise.all([put(1, 0), put(2, 1), put(3, 262_144), put(4, 700_001)]);
    const flipped = await put(5, 90_000);
    await flipByteQuietly(flipped.path, 80_000);
    const cut = await put(6, 90_000);
    await truncate(cut.path, 40_000);
    const longer = await put(7, 90_000);
    await writeFile(longer.path, "more", { flag: "a" });
    const linked = await put(8, 90_000);
    await rename(linked.path, join(store.path, "elsewhere"));
    await symlink(join(store.path, "elsewhere"), linked.path);
    const inTheWay = await put(9, 90_000);
    await rm(inTheWay.path);
    await mkdir(inTheWay.path);
    const missing = await put(10, 90_000);
    await rm(missing.path);
    await sleep(SETTLED_MS);
    const fresh = await put(11, 90_000);

    const all = [flipped, ...whole, cut, longer, linked, inTheWay, missing, fresh];
    const found = await store.blobs.findWhole?.(all);

    expect([...(found ?? [])].sort()).toEqual(whole.map(({ sha256 }) => sha256).sort());
    expect(await store.blobs.findWhole?.([])).toEqual(new Set());
  });
});

describe("the identity of an open blob", () => {
  it("stays while it is only read", async () => {
    await using one = await openOne(1000);
    const before = one.blob.identity?.();
    await one.blob.readAt?.(Buffer.alloc(1000), 0);
    expect(one.blob.identity?.().key).toBe(before?.key);
  });

  it.for([
    ["a byte is written and the date put back", (path: string) => flipByteQuietly(path, 5)],
    ["the same bytes are written", (path: string, bytes: Buffer) => writeFile(path, bytes)],
    ["the dates alone are set", (path: string) => utimes(path, new Date(), statSync(path).mtime)],
    ["it grows", (path: string) => truncate(path, 2000)],
  ] as const)("is another one when %s", async ([, change]) => {
    await using one = await openOne(1000);
    const before = one.blob.identity?.();
    await new Promise((resolve) => setTimeout(resolve, before?.settleMs));
    await change(one.path, one.bytes);
    expect(one.blob.identity?.().key).not.toBe(before?.key);
  });
});

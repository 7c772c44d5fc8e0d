import { expect, test } from "vitest";
import { CHUNK_BYTES, HotChunks } from "../../../src/server/hot-chunks.ts";

test("reads a chunk once for all who ask while it comes", async () => {
  const chunks = new HotChunks();
  const first = chunks.load("a 0", 4, async (buffer) => {
    buffer.fill(7);
  });
  expect(chunks.find("a 0")).toBe(first);
  expect(await first).toEqual(Buffer.from([7, 7, 7, 7]));
  expect(chunks.find("a 0")).toEqual(Buffer.from([7, 7, 7, 7]));
});

test("keeps nothing of a chunk that could not be read", async () => {
  const chunks = new HotChunks();
  const failing = chunks.load("a 0", 4, () => Promise.reject(new Error("no disk")));
  await expect(failing).rejects.toThrow("no disk");
  expect(chunks.find("a 0")).toBeUndefined();
});

test("does not let a scan of other tarballs drive out what is in use", async () => {
  const chunks = new HotChunks();
  const load = (key: string) => chunks.load(key, CHUNK_BYTES, () => Promise.resolve());
  let count = 0;
  while ((await load(`hot ${count}`)) !== undefined) count += 1;
  expect(load("other 0")).toBeUndefined();
  expect(chunks.find("hot 0")).toBeInstanceOf(Uint8Array);
  expect(count * CHUNK_BYTES).toBeLessThanOrEqual(100 << 20);
});

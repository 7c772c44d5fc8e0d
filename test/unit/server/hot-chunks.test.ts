import { setTimeout } from "node:timers/promises";
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

test("is worth its memory when several fetch the same content", () => {
  const chunks = new HotChunks();
  chunks.enter("a", 100);
  expect(chunks.isHot("a")).toBe(false);
  chunks.enter("a", 100);
  chunks.enter("b", 100);
  expect([chunks.isHot("a"), chunks.isHot("b")]).toEqual([true, false]);
});

test("is worth its memory when the next one comes soon after the one before, not when it comes late", async () => {
  const chunks = new HotChunks(40);
  chunks.enter("a", 100);
  chunks.leave("a");
  chunks.enter("a", 100);
  expect(chunks.isHot("a")).toBe(true);
  chunks.leave("a");
  await setTimeout(60);
  chunks.enter("a", 100);
  expect(chunks.isHot("a")).toBe(false);
});

test("what several fetch now is not driven out by what others fetch one after the other", () => {
  const chunks = new HotChunks();
  for (let reader = 0; reader < 2; reader++) chunks.enter("now", 60 << 20);
  for (const name of ["b", "c"]) {
    chunks.enter(name, 20 << 20);
    chunks.leave(name);
    chunks.enter(name, 20 << 20);
  }
  expect([chunks.isHot("now"), chunks.isHot("b"), chunks.isHot("c")]).toEqual([true, false, false]);
  for (let reader = 0; reader < 2; reader++) chunks.leave("now");
  chunks.leave("b");
  expect(chunks.isHot("c")).toBe(false);
});

test("is not worth its memory while more is fetched by several than fits", () => {
  const chunks = new HotChunks();
  for (const name of ["a", "b", "c", "d"])
    for (let reader = 0; reader < 3; reader++) chunks.enter(name, 20 << 20);
  expect(chunks.isHot("a")).toBe(false);
  for (let reader = 0; reader < 2; reader++) chunks.leave("b");
  expect([chunks.isHot("a"), chunks.isHot("b"), chunks.isHot("c")]).toEqual([true, false, true]);
});

test("keeps nothing of a chunk that cannot be read without waiting", () => {
  const chunks = new HotChunks();
  expect(chunks.loadNow("a 0", 4, () => false)).toBeUndefined();
  expect(chunks.get("a 0")).toBeUndefined();
  expect(chunks.loadNow("a 0", 4, () => true)).toBe(chunks.get("a 0"));
});

test("counts what stopped readers hold, also when it is not kept any more", async () => {
  const chunks = new HotChunks(20);
  const fill = (name: string) => {
    const releases: (() => void)[] = [];
    for (let at = 0; ; at++) {
      const chunk = chunks.loadNow(`${name} ${at}`, CHUNK_BYTES, () => true);
      if (chunk === undefined) return releases;
      releases.push(chunks.hold(chunk), chunks.hold(chunk));
    }
  };
  const releases = fill("first");
  await setTimeout(100);
  expect(chunks.get("first 0") === undefined).toBe(true);
  expect(fill("second")).toHaveLength(0);
  for (const release of releases) release();
  await setTimeout(5);
  expect(fill("third")).toHaveLength(releases.length);
});

test("gives the memory of a chunk back when it is over, and not before its last reader has it", async () => {
  const chunks = new HotChunks(20);
  const [held, free] = ["a 0", "a 1"].map((key) => chunks.loadNow(key, CHUNK_BYTES, () => true));
  const release = held === undefined ? () => undefined : chunks.hold(held);
  await expect.poll(() => free?.length).toBe(0);
  expect(held?.length).toBe(CHUNK_BYTES);
  release();
  await expect.poll(() => held?.length).toBe(0);
});

test("gives all of it back as soon as more is fetched by several than fits", async () => {
  const chunks = new HotChunks();
  for (let reader = 0; reader < 2; reader++) chunks.enter("a", 20 << 20);
  const chunk = chunks.loadNow("a 0", CHUNK_BYTES, () => true);
  for (let reader = 0; reader < 2; reader++) chunks.enter("b", 60 << 20);
  expect(chunks.get("a 0")).toBeUndefined();
  await expect.poll(() => chunk?.length).toBe(0);
});

test("whoever waited for a chunk can hold it, also when it is over by then", async () => {
  const chunks = new HotChunks();
  const loading = chunks.load("a 0", CHUNK_BYTES, async (buffer) => void buffer.fill(7));
  const waiting = loading?.then((chunk) => ({ chunk, release: chunks.hold(chunk) }));
  for (const name of ["b", "c"]) for (let reader = 0; reader < 2; reader++) chunks.enter(name, 60 << 20);
  const { chunk, release } = (await waiting) ?? {};
  await setTimeout(5);
  expect(chunk?.at(-1)).toBe(7);
  release?.();
});

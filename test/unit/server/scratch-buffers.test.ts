import { expect, test, vi } from "vitest";
import { ScratchBuffers } from "../../../src/server/scratch-buffers.ts";

test("gives the same buffer again to the next one who needs that size", () => {
  const buffers = new ScratchBuffers();
  const first = buffers.take(256 << 10);
  expect(buffers.take(256 << 10)).not.toBe(first);
  buffers.give(first);
  expect(buffers.take(256 << 10)).toBe(first);
});

test("never gives more than is asked for, down to the smallest size", () => {
  const buffers = new ScratchBuffers();
  const sizes = [5 << 20, 512 << 10, 256 << 10, 200_000, 128 << 10, 100_000, 64 << 10, 40_000, 10];
  expect(sizes.map((bytes) => buffers.take(bytes).length >> 10)).toEqual([
    512, 512, 256, 128, 128, 64, 64, 32, 16,
  ]);
});

test.for([64 << 10, 128 << 10, 256 << 10])(
  "whoever doubles what it asks for after %d bytes gets twice as many",
  (bytes) => {
    const buffers = new ScratchBuffers();
    expect(buffers.take(2 * buffers.take(bytes).length).length).toBe(2 * bytes);
  },
);

test("a thousand buffers that nobody gives back need 48 MiB, and few of them are large", () => {
  const buffers = new ScratchBuffers();
  const sizes = Array.from({ length: 1000 }, () => buffers.take(1 << 20).length >> 10);
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThanOrEqual(48 << 10);
  expect([sizes[0], sizes.at(-1)]).toEqual([512, 16]);
});

test("buffers are large again when what was in use has been given back", () => {
  const buffers = new ScratchBuffers();
  const taken = Array.from({ length: 1000 }, () => buffers.take(1 << 20));
  for (const buffer of taken) buffers.give(buffer);
  expect(buffers.take(1 << 20).length).toBe(512 << 10);
});

test("buffers that are in use at the same time share no byte, whatever their sizes", () => {
  const buffers = new ScratchBuffers();
  const marked: { readonly buffer: Buffer; readonly mark: number }[] = [];
  for (let step = 0; step < 600; step++) {
    const buffer = buffers.take((16 << 10) << (step % 6));
    buffer.fill(step % 251);
    marked.push({ buffer, mark: step % 251 });
    if (step % 3 === 0) {
      const [given] = marked.splice((step * 7) % marked.length, 1);
      if (given !== undefined) buffers.give(given.buffer);
    }
  }
  const isIntact = ({ buffer, mark }: (typeof marked)[number]) => buffer.every((byte) => byte === mark);
  expect(marked.every(isIntact)).toBe(true);
});

test("keeps a bounded number of spare bytes, and gives them back when nobody uses them", () => {
  vi.useFakeTimers();
  try {
    const buffers = new ScratchBuffers();
    const inUse = buffers.take(16 << 10);
    const taken = Array.from({ length: 60 }, () => buffers.take(512 << 10));
    for (const buffer of taken) buffers.give(buffer);
    const kept = () => taken.filter(({ length }) => length > 0).reduce((sum, { length }) => sum + length, 0);
    expect(kept()).toBeLessThanOrEqual(34 << 20);
    expect(kept()).toBeGreaterThan(8 << 20);
    vi.advanceTimersByTime(10_000);
    expect(kept()).toBe(0);
    expect(inUse.length).toBe(16 << 10);
  } finally {
    vi.useRealTimers();
  }
});

import { expect, test, vi } from "vitest";
import { ScratchBuffers } from "../../../src/server/scratch-buffers.ts";

test("gives the same buffer again to the next one who needs that size", () => {
  const buffers = new ScratchBuffers();
  const first = buffers.take(1 << 20);
  expect(buffers.take(1 << 20)).not.toBe(first);
  buffers.give(first);
  expect(buffers.take(1 << 20)).toBe(first);
});

test("never gives more than is asked for, down to the smallest size", () => {
  const buffers = new ScratchBuffers();
  const sizes = [5 << 20, 1 << 20, 700_000, 256 << 10, 100_000, 64 << 10, 10];
  expect(sizes.map((bytes) => buffers.take(bytes).length >> 10)).toEqual([1024, 1024, 256, 256, 64, 64, 64]);
});

test("keeps a bounded number of spare bytes, and none of them for long", () => {
  vi.useFakeTimers();
  try {
    const buffers = new ScratchBuffers();
    const taken = Array.from({ length: 64 }, () => buffers.take(1 << 20));
    for (const buffer of taken) buffers.give(buffer);
    const spare = Array.from({ length: 64 }, () => buffers.take(1 << 20)).filter((one) =>
      taken.includes(one),
    );
    expect(spare).toHaveLength(32);
    for (const buffer of spare) buffers.give(buffer);
    vi.advanceTimersByTime(10_000);
    expect(spare).not.toContain(buffers.take(1 << 20));
  } finally {
    vi.useRealTimers();
  }
});

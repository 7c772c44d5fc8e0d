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
  const sizes = [5 << 20, 256 << 10, 200_000, 128 << 10, 100_000, 64 << 10, 10];
  expect(sizes.map((bytes) => buffers.take(bytes).length >> 10)).toEqual([256, 256, 128, 128, 64, 64, 64]);
});

test.for([64 << 10, 128 << 10])(
  "whoever doubles what it asks for after %d bytes gets twice as many",
  (bytes) => {
    const buffers = new ScratchBuffers();
    expect(buffers.take(2 * buffers.take(bytes).length).length).toBe(2 * bytes);
  },
);

test("keeps a bounded number of spare bytes, and none of them for long", () => {
  vi.useFakeTimers();
  try {
    const buffers = new ScratchBuffers();
    const taken = Array.from({ length: 128 }, () => buffers.take(256 << 10));
    for (const buffer of taken) buffers.give(buffer);
    const spare = Array.from({ length: 128 }, () => buffers.take(256 << 10)).filter((one) =>
      taken.includes(one),
    );
    expect(spare).toHaveLength(64);
    for (const buffer of spare) buffers.give(buffer);
    vi.advanceTimersByTime(10_000);
    expect(spare).not.toContain(buffers.take(256 << 10));
  } finally {
    vi.useRealTimers();
  }
});

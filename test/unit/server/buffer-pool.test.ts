import { expect, test, vi } from "vitest";
import { BufferPool } from "../../../src/server/buffer-pool.ts";

test("gives the same buffer again instead of a new one", () => {
  const pool = new BufferPool();
  const first = pool.take("normal");
  pool.release(first);
  expect(pool.take("normal")).toBe(first);
});

test("gives small buffers to slow readers", () => {
  expect(new BufferPool().take("slow").length).toBe(65_536);
});

test("stays below 128 MiB for a thousand transfers at the same time", () => {
  const pool = new BufferPool();
  const total = Array.from({ length: 1000 }, () => pool.take("normal").length).reduce((a, b) => a + b, 0);
  expect(total).toBeLessThan(128 << 20);
  expect(pool.take("normal").length).toBe(65_536);
  expect(pool.take("ahead")).toBeUndefined();
});

test("gives the memory back when nobody uses it, but not what is in use", () => {
  vi.useFakeTimers();
  try {
    const pool = new BufferPool();
    const [inUse, spare] = [pool.take("normal"), pool.take("slow")];
    pool.release(spare);
    vi.advanceTimersByTime(10_000);
    expect([inUse.length > 0, spare.length]).toEqual([true, 0]);
  } finally {
    vi.useRealTimers();
  }
});

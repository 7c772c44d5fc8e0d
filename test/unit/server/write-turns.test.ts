import { setImmediate as nextRound } from "node:timers/promises";
import { expect, test } from "vitest";
import { WriteTurns } from "../../../src/server/write-turns.ts";

/** A write that keeps the thread busy for a millisecond, as one of some megabytes does. */
function busyWrite(): void {
  const end = performance.now() + 1;
  while (performance.now() < end);
}

/** A transfer to a reader that takes everything at once: each write is followed by the next one without a pause. */
function endlessTransfer(turns: WriteTurns) {
  const transfer = { writes: 0, isOver: false };
  const next = () => {
    if (transfer.isOver) return;
    turns.run(() => {
      transfer.writes++;
      busyWrite();
      queueMicrotask(next);
    });
  };
  next();
  return transfer;
}

test("a transfer without an end lets everything else have its turn", async () => {
  const turns = new WriteTurns();
  const transfer = endlessTransfer(turns);
  for (let round = 1; round <= 5; round++) {
    await nextRound();
    expect(transfer.writes).toBeLessThanOrEqual(5 * (round + 1));
  }
  transfer.isOver = true;
});

test("transfers take turns, none is left out", async () => {
  const turns = new WriteTurns();
  const transfers = Array.from({ length: 20 }, () => endlessTransfer(turns));
  for (let round = 0; round < 60; round++) await nextRound();
  const writes = transfers.map((transfer) => transfer.writes);
  expect(Math.max(...writes) - Math.min(...writes)).toBeLessThanOrEqual(3);
  expect(Math.min(...writes)).toBeGreaterThan(2);
  for (const transfer of transfers) transfer.isOver = true;
});

test("writes wait while connections keep coming, and go on all the same after a while", async () => {
  const turns = new WriteTurns();
  const transfers = Array.from({ length: 4 }, () => endlessTransfer(turns));
  const written = () => transfers.reduce((sum, { writes }) => sum + writes, 0);
  let rounds = 0;
  let idle = 0;
  for (const end = performance.now() + 200; performance.now() < end; rounds++) {
    const before = written();
    turns.hurry();
    await nextRound();
    if (written() === before) idle++;
  }
  expect(idle / rounds).toBeGreaterThan(0.8);
  expect(written()).toBeGreaterThan(3);
  for (const transfer of transfers) transfer.isOver = true;
});

test("pieces become smaller when many answers are written at a time, down to a bound", () => {
  const turns = new WriteTurns();
  const sizes: number[] = [];
  for (let writers = 1; writers <= 512; writers++) {
    turns.enter();
    if ([1, 16, 64, 512].includes(writers)) sizes.push(turns.pieceBytes >> 10);
  }
  expect(sizes).toEqual([1024, 1024, 512, 64]);
  for (let writers = 512; writers > 1; writers--) turns.leave();
  expect(turns.pieceBytes >> 10).toBe(1024);
});

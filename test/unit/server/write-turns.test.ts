import { setImmediate as nextRound } from "node:timers/promises";
import { expect, test } from "vitest";
import { WriteTurns } from "../../../src/server/write-turns.ts";

/** Writes that share a clock of their own: each takes a millisecond of it, as one of some megabytes does. */
function startWriting(transferCount: number) {
  const clock = { ms: 0 };
  const turns = new WriteTurns(() => clock.ms);
  const transfers = Array.from({ length: transferCount }, () => endlessTransfer(turns, clock));
  const written = () => transfers.reduce((sum, { writes }) => sum + writes, 0);
  const end = () => {
    for (const transfer of transfers) transfer.isOver = true;
  };
  return { turns, clock, transfers, written, [Symbol.dispose]: end };
}

/** A transfer to a reader that takes everything at once: each write is followed by the next one without a pause. */
function endlessTransfer(turns: WriteTurns, clock: { ms: number }) {
  const transfer = { writes: 0, isOver: false };
  const next = () => {
    if (transfer.isOver) return;
    turns.run(() => {
      transfer.writes++;
      clock.ms += 1;
      queueMicrotask(next);
    });
  };
  next();
  return transfer;
}

test("a transfer without an end lets everything else have its turn after three milliseconds", async () => {
  using writing = startWriting(1);
  const { written } = writing;
  for (let round = 1; round <= 5; round++) {
    await nextRound();
    expect(written()).toBeLessThanOrEqual(3 * (round + 1));
    expect(written()).toBeGreaterThanOrEqual(round);
  }
});

test("transfers take turns, none is left out", async () => {
  using writing = startWriting(20);
  for (let round = 0; round < 60; round++) await nextRound();
  const writes = writing.transfers.map((transfer) => transfer.writes);
  expect(Math.max(...writes) - Math.min(...writes)).toBeLessThanOrEqual(1);
  expect(Math.min(...writes)).toBeGreaterThan(5);
});

test("writes wait while connections keep coming, and go on all the same after 25 ms", async () => {
  using writing = startWriting(4);
  const { turns, clock, written } = writing;
  const pauses: number[] = [];
  let waitingSince = clock.ms;
  for (let round = 0; round < 300; round++) {
    const before = written();
    turns.hurry();
    clock.ms += 1;
    const roundedAt = clock.ms;
    await nextRound();
    if (written() === before) continue;
    pauses.push(roundedAt - waitingSince);
    waitingSince = clock.ms;
  }
  const [, ...later] = pauses;
  expect(later.length).toBeGreaterThan(8);
  expect(later.every((ms) => ms >= 20 && ms <= 30)).toBe(true);
});

test("writes begin at once when nobody has come any more", async () => {
  using writing = startWriting(1);
  const { turns, written } = writing;
  await nextRound();
  turns.hurry();
  await nextRound();
  const before = written();
  for (let round = 0; round < 2; round++) await nextRound();
  expect(written()).toBeGreaterThan(before);
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

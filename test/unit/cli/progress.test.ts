import { expect, test } from "vitest";
import { drawing } from "../../../src/cli/progress/bars.ts";
import { limitTroubles } from "../../../src/cli/progress/lines.ts";
import { createTransferState } from "../../../src/cli/progress/transfer-state.ts";
import { describeEvent, describeTotals } from "../../../src/cli/progress/view.ts";
import type { SyncEvent } from "../../../src/mirror/run-events.ts";

function clock() {
  let now = 0;
  return {
    now: () => now,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

test("sums up what is done, how fast, and how long it will take", () => {
  const { now, pass } = clock();
  const state = createTransferState(now);
  state.apply({ kind: "planned", items: 2, bytes: 1000 });
  state.apply({ kind: "item-started", path: "a.tgz", size: 500, received: 0 });
  for (let second = 0; second < 4; second++) {
    state.apply({ kind: "item-bytes", path: "a.tgz", bytes: 100 });
    pass(1000);
  }
  expect(state.totals()).toMatchObject({ doneBytes: 400, bytesPerSecond: 100, remainingMs: 6000 });
  expect(state.running()).toEqual([{ path: "a.tgz", size: 500, received: 400 }]);
  state.apply({ kind: "item-done", path: "a.tgz", size: 500 });
  expect(state.totals()).toMatchObject({ doneItems: 1, failedItems: 0 });
  expect(state.running()).toEqual([]);
});

test("counts each phase in which bytes move by itself", () => {
  const state = createTransferState(clock().now);
  for (const items of [3, 2]) {
    state.apply({ kind: "planned", items, bytes: 1000 });
    state.apply({ kind: "item-bytes", path: "a.tar", bytes: 1000 });
    for (let done = 0; done < items; done++) state.apply({ kind: "item-done", path: "a.tar", size: 500 });
  }
  expect(state.totals()).toMatchObject({ items: 2, doneItems: 2, doneBytes: 1000, bytes: 1000 });
});

test("forgets the speed of long ago", () => {
  const { now, pass } = clock();
  const state = createTransferState(now);
  state.apply({ kind: "planned", items: 1, bytes: 1000 });
  state.apply({ kind: "item-bytes", path: "a.tgz", bytes: 900 });
  pass(10_000);
  expect(state.totals()).toMatchObject({ bytesPerSecond: 0, remainingMs: undefined });
});

test("takes back the bytes that a restart throws away, and never goes below nothing", () => {
  const state = createTransferState(() => 0);
  state.apply({ kind: "planned", items: 1, bytes: 1000 });
  state.apply({ kind: "item-started", path: "a.tgz", size: 1000, received: 300 });
  state.apply({ kind: "item-bytes", path: "a.tgz", bytes: 100 });
  state.apply({ kind: "item-bytes", path: "a.tgz", bytes: -400 });
  expect(state.running()[0]?.received).toBe(0);
  expect(state.totals().doneBytes).toBe(0);
  expect(state.totals().bytesPerSecond).toBe(0);
});

test("counts what an earlier run left as done, and not into the speed", () => {
  const { now, pass } = clock();
  const state = createTransferState(now);
  state.apply({ kind: "planned", items: 2, bytes: 1000, received: { "a.tgz": 300, "b.tgz": 200 } });
  expect(state.totals()).toMatchObject({ doneBytes: 500, bytesPerSecond: 0 });
  state.apply({ kind: "item-started", path: "a.tgz", size: 500, received: 300 });
  state.apply({ kind: "item-bytes", path: "a.tgz", bytes: 100 });
  pass(1000);
  expect(state.totals()).toMatchObject({ doneBytes: 600, bytesPerSecond: 100, remainingMs: 4000 });
  // What was kept is not used after all; then the second attempt begins.
  state.apply({ kind: "item-started", path: "b.tgz", size: 500, received: 0 });
  expect(state.totals().doneBytes).toBe(400);
  state.apply({ kind: "item-bytes", path: "b.tgz", bytes: 500 });
  state.apply({ kind: "item-bytes", path: "a.tgz", bytes: 100 });
  expect(state.totals()).toMatchObject({ doneBytes: 1000, bytes: 1000 });
  expect(describeTotals(state.totals(), "fetch", true)).toMatch(/^0\/2 tarballs, 1000 B of 1000 B, [^,]*$/);
});

test("draws a bar for each transfer and a line for the whole", () => {
  const { now, pass } = clock();
  const state = createTransferState(now);
  state.apply({ kind: "phase", phase: "fetch" });
  state.apply({ kind: "planned", items: 3, bytes: 2_097_152 });
  state.apply({
    kind: "item-started",
    path: "agent/3.6.5/juju-3.6.5-linux-amd64.tgz",
    size: 2_097_152,
    received: 0,
  });
  state.apply({ kind: "item-bytes", path: "agent/3.6.5/juju-3.6.5-linux-amd64.tgz", bytes: 1_048_576 });
  pass(1000);
  expect(drawing(state)).toEqual([
    "  [##########----------]  50%   2.0 MiB  juju-3.6.5-linux-amd64.tgz",
    "0/3 tarballs, 1.0 MiB of 2.0 MiB, 1.0 MiB/s, 1.0 s left",
  ]);
});

test("draws no more bars than a screen takes", () => {
  const state = createTransferState(() => 0);
  state.apply({ kind: "phase", phase: "fetch" });
  state.apply({ kind: "planned", items: 20, bytes: 20 });
  for (let n = 0; n < 20; n++) state.apply({ kind: "item-started", path: `${n}.tgz`, size: 1, received: 0 });
  const lines = drawing(state);
  expect(lines).toHaveLength(10);
  expect(lines[8]).toBe("  … and 12 more");
});

test("says which phase runs while nothing is fetched", () => {
  const state = createTransferState(() => 0);
  state.apply({ kind: "phase", phase: "metadata" });
  expect(drawing(state)).toEqual(["Reading upstream's metadata …"]);
});

test("shows what steers a terminal as text", () => {
  const line = describeEvent({
    kind: "item-failed",
    path: "a\u001B[2J.tgz",
    code: "JAM_ITEM_HASH_MISMATCH",
    message: "x",
  });
  expect(line).toBe(String.raw`failed: a\u{1b}[2J.tgz: x [JAM_ITEM_HASH_MISMATCH]`);
});

test("names failures among the totals", () => {
  const totals = {
    items: 3,
    doneItems: 1,
    failedItems: 1,
    bytes: 0,
    doneBytes: 0,
    bytesPerSecond: 0,
    remainingMs: undefined,
  };
  expect(describeTotals(totals)).toBe("1/3 tarballs (1 failed), 0 B of 0 B, 0 B/s");
});

test("promises no end of what comes over standard input", () => {
  const totals = {
    items: 1,
    doneItems: 0,
    failedItems: 0,
    bytes: 0,
    doneBytes: 1024,
    bytesPerSecond: 512,
    remainingMs: 0,
  };
  expect(describeTotals(totals, "read")).toBe("0/1 volumes, 1.0 KiB, 512 B/s");
});

test("shows a thousand failures and a thousand warnings as they happen, and counts the others at the end", async () => {
  const shown: SyncEvent[] = [];
  const { observe, close } = limitTroubles({
    observe: (event) => shown.push(event),
    close: () => Promise.resolve(),
  });
  for (let index = 0; index < 2500; index++) {
    observe({ kind: "item-failed", path: `${index}`, code: "JAM_UPSTREAM_NOT_FOUND", message: "404" });
    if (index < 1001) observe({ kind: "warning", message: `${index}` });
    observe({ kind: "item-done", path: `${index}`, size: 1 });
  }
  await close();
  const counts = Object.fromEntries(
    [...Map.groupBy(shown, ({ kind }) => kind)].map(([kind, events]) => [kind, events.length]),
  );
  expect(counts).toEqual({ "item-failed": 1000, warning: 1002, "item-done": 2500 });
  expect(shown.slice(-2)).toEqual([
    { kind: "warning", message: "1500 more of item-failed were not shown" },
    { kind: "warning", message: "1 more of warning were not shown" },
  ]);
  await close();
  expect(shown).toHaveLength(4502);
});

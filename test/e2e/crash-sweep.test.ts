import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import type { KillPoint } from "../../scripts/crash-sweep/kill-points.ts";
import { SCENARIOS } from "../../scripts/crash-sweep/scenario.ts";
import { sweep } from "../../scripts/crash-sweep/sweep.ts";

/** Programs cannot be traced everywhere: containers may forbid it. */
const canTrace = spawnSync("strace", ["-qq", "-o", "/dev/null", "true"]).status === 0;
if (!canTrace) console.warn("strace is not here or not allowed: no kill at a system call is tried.");

/** The steps that move names; each is tried, and of the many others a few. `node scripts/crash-sweep/main.ts` tries all. */
const MOVES = new Set(["link", "symlink", "rmdir"]);
const ONE_IN: Readonly<Record<string, number>> = { rename: 2, unlink: 5, fsync: 9 };

function chooseSample({ call, ordinal }: KillPoint): boolean {
  return MOVES.has(call) ? ordinal % 3 === 1 : ordinal % (ONE_IN[call] ?? 30) === 0;
}

describe.runIf(canTrace)("killed at a system call", () => {
  test.for(SCENARIOS)(
    "a %s sync leaves the old mirror or the new one, and the next run ends it",
    async (scenario) => {
      const { trials } = await sweep(scenario, { choose: chooseSample, lanes: 2 });
      expect(trials.filter(({ faults }) => faults.length > 0)).toEqual([]);
      expect(trials.filter(({ wasKilled }) => wasKilled).length).toBeGreaterThan(10);
      expect(new Set(trials.map(({ shown }) => shown))).toEqual(new Set(["old", "new"]));
    },
  );
});

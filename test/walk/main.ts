import { parseArgs } from "node:util";
import { parseReplay } from "./replay.ts";
import { replay, walk } from "./walk.ts";

const USAGE = `Usage: npm run walk -- [options]

Changes mirrors with channels at random, one step after the other: syncs, imports, promotions, rollbacks, holds, withdrawals,
switches, pins, deletions, prunes, other rules for channels, damage, repairs, kills in the middle of a command, and pairs of
commands at the same time.
After each step compares what clients find with a model: every listed path has its bytes, an index and its product files are of
one snapshot, no tarball that a snapshot needs is lost, and the command ended as it had to. A walk that fails is shortened; the
exit status is 1 then.

  --steps N      number of steps (20000)
  --seed N       seed of the random choices (from the clock)
  --length N     steps of one walk, at most (120)
  --replay WORD  only this walk, as it was printed when it failed
  --help         print this text
`;

const { values } = parseArgs({
  options: {
    steps: { type: "string", default: "20000" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    replay: { type: "string" },
    length: { type: "string", default: "120" },
    help: { type: "boolean", default: false },
  },
});

if (values.help) process.stdout.write(USAGE);
else {
  const started = performance.now();
  const seconds = () => Math.round((performance.now() - started) / 1000);
  if (values.replay === undefined) console.log(`seed ${values.seed}`);
  const report =
    values.replay === undefined
      ? await walk({
          steps: Number(values.steps),
          seed: Number(values.seed),
          length: Number(values.length),
          onBatch: ({ steps, walks }) => console.log(`${steps} steps, ${walks} walks, ${seconds()} s`),
        })
      : await replay(parseReplay(values.replay));
  const { steps, walks, kinds, failure } = report;
  console.log(JSON.stringify(kinds));
  if (failure === undefined) console.log(`${steps} steps, ${walks} walks, nothing is wrong`);
  else {
    if (failure.whole !== undefined)
      console.log(`FAILED; before it was shortened: npm run walk -- --replay ${failure.whole}`);
    console.log(`FAILED; again: npm run walk -- --replay ${failure.replay}\n${failure.message}`);
    process.exitCode = 1;
  }
}

import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { printTally, runLanes, runShare, sumTallies } from "../lanes.ts";
import { RUN_LIMIT_MS, runCampaign, type CampaignReport } from "./campaign.ts";
import { readFailure, replay, writeFailure } from "./saved-mutant.ts";

const USAGE = `Usage: npm run fuzz -- [options]

Makes mutants of small valid bundles, at the level of bytes, headers, labels and signed manifests, and brings them to the
reader of volumes or to a whole import. None may break it, hang, fill the memory, touch anything outside the store, leave
a wrong blob or publish what upstream never signed. A mutant that does is saved. Ends with status 1 when one did.

  --runs N          mutants (10000)
  --seed N          of the random choices (of the clock)
  --lanes N         processes (2)
  --import-every N  imports every N-th mutant and reads the others (4)
  --save FOLDER     where failing mutants go (the current folder)
  --replay FILE     instead: imports a saved mutant and says what comes of it
  --help            prints this

TMPDIR=/dev/shm spares the disk.
`;

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "10000" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    lanes: { type: "string", default: "2" },
    "import-every": { type: "string", default: "4" },
    save: { type: "string", default: "." },
    replay: { type: "string" },
    lane: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

/** One process of several: its share of the runs. */
function runLane(share: string): Promise<void> {
  const seed = Number(values.seed);
  return runShare(share, (from, to, onRun) =>
    runCampaign({
      seed,
      from,
      to,
      importEvery: Number(values["import-every"]),
      onRun,
      onFailure: async (failure) => {
        const file = `${values.save}/mutant-${seed}-${failure.run}.json`;
        console.log(`run ${failure.run} (${failure.mutant.kind}): ${failure.faults.join("; ")}\n  ${file}`);
        await writeFile(file, writeFailure(failure));
      },
    }),
  );
}

async function runAll(): Promise<boolean> {
  const [runs, lanes] = [Number(values.runs), Number(values.lanes)];
  console.log(`seed ${values.seed}`);
  const started = performance.now();
  const reports = await runLanes<CampaignReport>({
    script: import.meta.filename,
    words: ["--seed", values.seed, "--save", values.save, "--import-every", values["import-every"]],
    runs,
    lanes,
    limitMs: 4 * RUN_LIMIT_MS,
  });
  const seconds = (performance.now() - started) / 1000;
  const whole = reports.filter((report) => report !== undefined);
  printTally(sumTallies(whole.map(({ tally }) => tally)));
  const failures = whole.reduce((total, report) => total + report.failures, 0);
  const peak = Math.max(...whole.map(({ peakRss }) => peakRss)) / 2 ** 20;
  console.log(
    `${runs} mutants in ${seconds.toFixed(0)} s, ${(runs / seconds).toFixed(0)} a second; ` +
      `at most ${peak.toFixed(0)} MiB a process; ${failures} failures, ${lanes - whole.length} lanes lost`,
  );
  return failures === 0 && whole.length === lanes;
}

async function main(): Promise<boolean> {
  if (values.help) {
    console.log(USAGE);
    return true;
  }
  if (values.replay !== undefined) {
    const { code, faults } = await replay(readFailure(await readFile(values.replay, "utf8")));
    console.log([code, ...faults].join("\n"));
    return faults.length === 0;
  }
  if (values.lane === undefined) return runAll();
  await runLane(values.lane);
  return true;
}

process.exitCode = (await main()) ? 0 : 1;

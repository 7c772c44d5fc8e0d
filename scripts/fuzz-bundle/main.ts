import { fork } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { RUN_LIMIT_MS, runCampaign, type CampaignReport, type Tally } from "./campaign.ts";
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

type LaneMessage = { readonly run: number } | { readonly report: CampaignReport };

function tell(message: LaneMessage): void {
  process.send?.(message);
}

/** One process of several: its share of the runs. */
async function runLane(share: string): Promise<void> {
  const [from = 0, to = 0] = share.split("-").map(Number);
  const seed = Number(values.seed);
  const report = await runCampaign({
    seed,
    from,
    to,
    importEvery: Number(values["import-every"]),
    onRun: (run) => tell({ run }),
    onFailure: async (failure) => {
      const file = `${values.save}/mutant-${seed}-${failure.run}.json`;
      console.log(`run ${failure.run} (${failure.mutant.kind}): ${failure.faults.join("; ")}\n  ${file}`);
      await writeFile(file, writeFailure(failure));
    },
  });
  tell({ report });
  process.disconnect?.();
}

/** The lane's report; undefined when it was stuck or died. */
function startLane(from: number, to: number): Promise<CampaignReport | undefined> {
  const words = ["--lane", `${from}-${to}`, "--seed", values.seed, "--save", values.save];
  const child = fork(import.meta.filename, [...words, "--import-every", values["import-every"]]);
  let [run, since] = [from, performance.now()];
  let report: CampaignReport | undefined;
  child.on("message", (message: LaneMessage) => {
    if ("report" in message) report = message.report;
    else [run, since] = [message.run, performance.now()];
  });
  // What never gives way to a timer in its own process is seen from here; the first run waits for keys.
  const watch = setInterval(() => {
    if (report !== undefined || performance.now() - since < 4 * RUN_LIMIT_MS) return;
    console.log(`run ${run}: it hangs`);
    child.kill("SIGKILL");
  }, 1000);
  return new Promise((done) => {
    child.once("close", () => {
      clearInterval(watch);
      done(report);
    });
  });
}

async function runLanes(): Promise<boolean> {
  const [runs, lanes] = [Number(values.runs), Number(values.lanes)];
  console.log(`seed ${values.seed}`);
  const started = performance.now();
  const size = Math.ceil(runs / lanes);
  const reports = await Promise.all(
    Array.from({ length: lanes }, (_, lane) => startLane(lane * size, Math.min(runs, (lane + 1) * size))),
  );
  const seconds = (performance.now() - started) / 1000;
  const whole = reports.filter((report) => report !== undefined);
  printTally(sum(whole.map(({ tally }) => tally)));
  const failures = whole.reduce((total, report) => total + report.failures, 0);
  const peak = Math.max(...whole.map(({ peakRss }) => peakRss)) / 2 ** 20;
  console.log(
    `${runs} mutants in ${seconds.toFixed(0)} s, ${(runs / seconds).toFixed(0)} a second; ` +
      `at most ${peak.toFixed(0)} MiB a process; ${failures} failures, ${lanes - whole.length} lanes lost`,
  );
  return failures === 0 && whole.length === lanes;
}

function sum(tallies: readonly Tally[]): Tally {
  const total: Record<string, number> = {};
  for (const tally of tallies)
    for (const [name, count] of Object.entries(tally)) total[name] = (total[name] ?? 0) + count;
  return total;
}

function printTally(tally: Tally): void {
  for (const [name, count] of Object.entries(tally).sort(([a], [b]) => (a < b ? -1 : 1)))
    console.log(`  ${String(count).padStart(7)} ${name}`);
  for (const target of ["import", "read"]) {
    const counts = Object.entries(tally).filter(([name]) => name.startsWith(`${target} `));
    console.log(
      `  ${String(counts.reduce((total, [, count]) => total + count, 0)).padStart(7)} ${target} in all`,
    );
  }
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
  if (values.lane === undefined) return runLanes();
  await runLane(values.lane);
  return true;
}

process.exitCode = (await main()) ? 0 : 1;

import { parseArgs } from "node:util";
import { killCacheAtRandom, sweepCache } from "./cache-sweep.ts";
import { randomKills, seededRandom, type Round } from "./random-kills.ts";
import { SCENARIOS, SYNC_SCENARIOS, type ScenarioName } from "./stage.ts";
import { sweep, type SweepReport } from "./sweep.ts";

const USAGE = `Usage: npm run crash-sweep -- [options]

Kills \`jam sync\`, \`repair\`, \`channel promote\`, \`rollback\` and \`withdraw\`, \`serve\` in cache mode, \`snapshot switch\`, \`prune\`,
\`bundle create\` and \`bundle import\` at every system call that writes (needs strace), or at random instants, and examines
each time what clients see, what is left, and what the next run makes of it. Ends with status 1 when anything is wrong.

  --scenario LIST    fresh, incremental, removals, rollback, prune, repair, promote, channel-rollback, withdraw, channel-prune,
                     create, create-again, create-over, import-full, import-volumes, import-delta, cache (all)
  --every N          only each N-th system call (1)
  --lanes N          trials at the same time (2)
  --random N         instead: N kills at random instants, with a client reading on disk and over HTTP
  --seed N           of the random instants (of the clock)
  --help             prints this
`;

const { values } = parseArgs({
  options: {
    scenario: { type: "string", default: [...SCENARIOS, "cache"].join() },
    every: { type: "string", default: "1" },
    lanes: { type: "string", default: "2" },
    random: { type: "string" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    help: { type: "boolean", default: false },
  },
});

async function runSweeps(scenarios: readonly ScenarioName[]): Promise<boolean> {
  let isGood = true;
  for (const scenario of scenarios) {
    const started = performance.now();
    const every = Number(values.every);
    const report = await sweep(scenario, {
      lanes: Number(values.lanes),
      choose: (_point, position) => position % every === 0,
      onTrial({ point, run, faults }) {
        const place = run === undefined ? "" : ` of ${run}`;
        for (const fault of faults) console.log(`  ${point.call} ${point.ordinal}${place}: ${fault}`);
      },
    });
    console.log(describeSweep(report, (performance.now() - started) / 1000));
    isGood &&= report.trials.every(({ faults }) => faults.length === 0);
  }
  return isGood;
}

function describeSweep({ scenario, plan, trials }: SweepReport, seconds: number): string {
  const count = (shown: string) => trials.filter((trial) => trial.shown === shown).length;
  const bad = trials.filter(({ faults }) => faults.length > 0).length;
  const killed = trials.filter(({ wasKilled }) => wasKilled).length;
  return (
    `${scenario}: ${trials.length} of ${plan.points.length} points, ${killed} killed, ` +
    `${count("old")} old, ${count("new")} new, ${bad} bad; ` +
    `${plan.reached} of ${plan.states} disk states reached; ${seconds.toFixed(0)} s`
  );
}

async function runRandom(scenarios: readonly ScenarioName[], kills: number): Promise<boolean> {
  const seed = Number(values.seed);
  console.log(`seed ${seed}`);
  const rounds = await randomKills({
    kills,
    seed,
    scenarios,
    onRound({ scenario, faults }) {
      for (const fault of faults) console.log(`  ${scenario}: ${fault}`);
    },
  });
  for (const scenario of scenarios) {
    console.log(
      describeRounds(
        scenario,
        rounds.filter((round) => round.scenario === scenario),
      ),
    );
  }
  return rounds.every(({ faults }) => faults.length === 0);
}

function describeRounds(scenario: ScenarioName, rounds: readonly Round[]): string {
  const sum = (of: (round: Round) => number) => rounds.reduce((total, round) => total + of(round), 0);
  return (
    `${scenario}: ${sum(({ kills }) => kills)} kills in ${rounds.length} rounds ` +
    `(${sum(({ late }) => late)} came too late), ${sum(({ resumed }) => resumed)} ${whatIsResumed(scenario)}, ` +
    `${sum(({ walks }) => walks)} walks (${sum(({ overtaken }) => overtaken)} overtaken), ` +
    `${sum(({ faults }) => faults.length)} bad`
  );
}

function whatIsResumed(scenario: ScenarioName): string {
  if ((SYNC_SCENARIOS as readonly string[]).includes(scenario)) return "downloads resumed";
  return scenario.startsWith("create") ? "volumes kept" : "files kept";
}

/** The cache server is killed under its clients, at system calls or at random instants. */
async function runCache(kills: number | undefined): Promise<boolean> {
  if (kills !== undefined) {
    const random = seededRandom(Number(values.seed));
    let [done, whole] = [0, 0];
    const rounds = await killCacheAtRandom({
      rounds: Math.ceil(kills / 4),
      kills: 4,
      random,
      lanes: Number(values.lanes),
      onRound({ answers, faults }) {
        done += 4;
        whole += answers;
        for (const fault of faults) console.log(`  cache: ${fault}`);
        if (done % 40 === 0) console.log(`  cache: ${done} kills, ${whole} whole answers so far`);
      },
    });
    const faults = rounds.flatMap((round) => round.faults);
    const answers = rounds.reduce((sum, round) => sum + round.answers, 0);
    console.log(`cache: ${rounds.length * 4} kills, ${answers} whole answers, ${faults.length} bad`);
    return faults.length === 0;
  }
  const every = Number(values.every);
  const { plan, trials } = await sweepCache({
    choose: (_point, position) => position % every === 0,
    onTrial({ point, faults }) {
      for (const fault of faults) console.log(`  cache, ${point.call} ${point.ordinal}: ${fault}`);
    },
  });
  const bad = trials.filter(({ faults }) => faults.length > 0).length;
  console.log(
    `cache: ${trials.length} of ${plan.points.length} points, ${bad} bad; ${plan.reached} of ${plan.states} disk states reached`,
  );
  return bad === 0;
}

if (values.help) process.stdout.write(USAGE);
else {
  const scenarios = SCENARIOS.filter((name) => values.scenario.split(",").includes(name));
  const runAll = () =>
    values.random === undefined ? runSweeps(scenarios) : runRandom(scenarios, Number(values.random));
  const isGood = scenarios.length === 0 || (await runAll());
  const hasCache = values.scenario.split(",").includes("cache");
  const isCacheGood =
    !hasCache || (await runCache(values.random === undefined ? undefined : Number(values.random)));
  process.exitCode = isGood && isCacheGood ? 0 : 1;
}

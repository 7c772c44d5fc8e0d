import { parseArgs } from "node:util";
import type { CampaignReport, RunRange } from "./campaign.ts";
import { printTally, runLanes, runShare, sumTallies } from "./lanes.ts";

/** The share of one process, and where it saves mutants that fail. */
export interface LaneShare extends RunRange {
  readonly save: string;
  /** Values of the command's own options. */
  readonly values: Readonly<Record<string, string | undefined>>;
}

/** A fuzzing command: its campaign, and what is special about its command line. */
export interface FuzzCommand<Report extends CampaignReport> {
  /** The file of the command itself, which is started once for each lane. */
  readonly script: string;
  readonly usage: string;
  readonly defaults: { readonly runs: number; readonly lanes: number };
  /** Options in addition to the common ones, with their defaults. */
  readonly options: Readonly<Record<string, string | undefined>>;
  /** Milliseconds after which a run counts as hanging. */
  readonly limitMs: number;
  readonly runLane: (share: LaneShare) => Promise<Report>;
  /** Tries a saved mutant again; the lines to print, and whether it was good. */
  readonly replay: (file: string) => Promise<{ readonly lines: readonly string[]; readonly isGood: boolean }>;
  /** Further lines about all reports together. */
  readonly summarize?: (reports: readonly Report[]) => readonly string[];
}

/** Runs a fuzzing command from the arguments of the process; the exit status is 1 if a mutant failed. */
export async function runFuzzCommand<Report extends CampaignReport>(
  command: FuzzCommand<Report>,
): Promise<void> {
  process.exitCode = (await runCommand(command)) ? 0 : 1;
}

async function runCommand<Report extends CampaignReport>(command: FuzzCommand<Report>): Promise<boolean> {
  const { lane, replay, help, seed, save, values, ...all } = readArguments(command);
  if (help) {
    console.log(command.usage);
    return true;
  }
  if (replay !== undefined) {
    const { lines, isGood } = await command.replay(replay);
    console.log(lines.join("\n"));
    return isGood;
  }
  if (lane === undefined) return runAll(command, { seed, save, values, ...all });
  await runShare(lane, (from, to, onRun) =>
    command.runLane({ seed: Number(seed), from, to, onRun, save, values }),
  );
  return true;
}

interface Arguments {
  readonly runs: number;
  readonly lanes: number;
  readonly seed: string;
  readonly save: string;
  readonly values: LaneShare["values"];
}

function readArguments<Report extends CampaignReport>({ defaults, options }: FuzzCommand<Report>) {
  const own = Object.entries(options).map(
    ([name, value]) =>
      [name, value === undefined ? { type: "string" } : { type: "string", default: value }] as const,
  );
  const { values } = parseArgs({
    options: {
      runs: { type: "string", default: String(defaults.runs) },
      seed: { type: "string", default: String(Date.now() % 2 ** 31) },
      lanes: { type: "string", default: String(defaults.lanes) },
      save: { type: "string", default: "." },
      replay: { type: "string" },
      lane: { type: "string" },
      help: { type: "boolean", default: false },
      ...(Object.fromEntries(own) as Record<string, { type: "string"; default?: string }>),
    },
  });
  const given: Readonly<Record<string, unknown>> = values;
  return {
    ...values,
    runs: Number(values.runs),
    lanes: Number(values.lanes),
    values: Object.fromEntries(Object.keys(options).map((name) => [name, given[name] as string | undefined])),
  };
}

async function runAll<Report extends CampaignReport>(
  { script, limitMs, summarize }: FuzzCommand<Report>,
  { runs, lanes, seed, save, values }: Arguments,
): Promise<boolean> {
  console.log(`seed ${seed}`);
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const own = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, value],
  );
  const reports = await runLanes<Report>({
    script,
    words: ["--seed", seed, "--save", save, ...own],
    runs,
    lanes,
    limitMs,
    onProgress: (begun) => console.log(`${begun} of ${runs}, ${(begun / seconds()).toFixed(0)} a second`),
  });
  const whole = reports.filter((report) => report !== undefined);
  printTally(sumTallies(whole.map(({ tally }) => tally)));
  for (const line of summarize?.(whole) ?? []) console.log(line);
  const failures = whole.reduce((total, report) => total + report.failures, 0);
  const peak = Math.max(0, ...whole.map(({ peakRss }) => peakRss)) / 2 ** 20;
  console.log(
    `${runs} mutants in ${seconds().toFixed(0)} s, ${(runs / seconds()).toFixed(0)} a second; ` +
      `at most ${peak.toFixed(0)} MiB a process; ${failures} failures, ${lanes - whole.length} lanes lost`,
  );
  return failures === 0 && whole.length === lanes;
}

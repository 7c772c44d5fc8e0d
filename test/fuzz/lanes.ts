import { fork } from "node:child_process";

/** What a lane tells whoever started it: the run that begins, and its report at the end. */
type LaneMessage<Report> = { readonly run: number } | { readonly report: Report };

export interface LaneOptions {
  /** The file that runs a lane when it is given `--lane FROM-TO`. */
  readonly script: string;
  /** Its other words. */
  readonly words: readonly string[];
  readonly runs: number;
  readonly lanes: number;
  /** A run that takes longer than this hangs. */
  readonly limitMs: number;
  /** Told now and then how many runs have begun. Default: nobody. */
  readonly onProgress?: (runs: number) => void;
}

const PROGRESS_MS = 60_000;

/** The runs divided among processes; undefined is the report of one that was stuck or died. */
export async function runLanes<Report>(options: LaneOptions): Promise<(Report | undefined)[]> {
  const { runs, lanes, onProgress } = options;
  const size = Math.ceil(runs / lanes);
  const begun = Array.from({ length: lanes }, () => 0);
  const timer = setInterval(() => onProgress?.(begun.reduce((sum, count) => sum + count, 0)), PROGRESS_MS);
  const started = begun.map((_, lane) => {
    const from = lane * size;
    const onRun = (run: number) => (begun[lane] = run - from);
    return startLane<Report>(options, { from, to: Math.min(runs, from + size), onRun });
  });
  const reports = await Promise.all(started);
  clearInterval(timer);
  return reports;
}

function startLane<Report>(
  { script, words, limitMs }: LaneOptions,
  { from, to, onRun }: { readonly from: number; readonly to: number; readonly onRun: (run: number) => void },
): Promise<Report | undefined> {
  const child = fork(script, ["--lane", `${from}-${to}`, ...words]);
  let [run, since] = [from, performance.now()];
  let report: Report | undefined;
  child.on("message", (message: LaneMessage<Report>) => {
    if ("report" in message) report = message.report;
    else [run, since] = [message.run, performance.now()];
    onRun(run);
  });
  // What never gives way to a timer in its own process is seen from here; the first run waits for keys.
  const watch = setInterval(() => {
    if (report !== undefined || performance.now() - since < limitMs) return;
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

/** Runs a lane's share and tells its report. */
export async function runShare<Report>(
  share: string,
  work: (from: number, to: number, onRun: (run: number) => void) => Promise<Report>,
): Promise<void> {
  const [from = 0, to = 0] = share.split("-").map(Number);
  const report = await work(from, to, (run) => process.send?.({ run } satisfies LaneMessage<Report>));
  process.send?.({ report } satisfies LaneMessage<Report>);
  process.disconnect?.();
}

/** How many runs ended how. */
export type Tally = Readonly<Record<string, number>>;

/** The tallies of all lanes together. */
export function sumTallies(tallies: readonly Tally[]): Tally {
  const total: Record<string, number> = {};
  for (const tally of tallies)
    for (const [name, count] of Object.entries(tally)) total[name] = (total[name] ?? 0) + count;
  return total;
}

function line(count: number, name: string): void {
  console.log(`  ${String(count).padStart(7)} ${name}`);
}

/** Prints a tally, and for each first word of its names how many there are in all. */
export function printTally(tally: Tally): void {
  const sums = new Map<string, number>();
  for (const [name, count] of Object.entries(tally).sort(([a], [b]) => (a < b ? -1 : 1))) {
    line(count, name);
    const [target = ""] = name.split(" ", 1);
    sums.set(target, (sums.get(target) ?? 0) + count);
  }
  for (const [target, count] of sums) line(count, `${target} in all`);
}

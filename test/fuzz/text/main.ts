import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { printTally, runLanes, runShare, sumTallies } from "../lanes.ts";
import { readMutant, RUN_LIMIT_MS, runCampaign, type CampaignReport } from "./campaign.ts";
import { makeReaders } from "./readers.ts";
import { makeSeeds } from "./seeds.ts";

const USAGE = `Usage: npm run fuzz:text -- [options]

Makes mutants of valid documents, at the level of bytes, lines, tokens, keys, numbers, depth and width, and hands each to
the reader of its kind: signed texts, JSON, indexes, product files, fleets, settings, labels, manifests, inventories and
receipts, questions, plans, advice, checksums, keys, single words. A reader may only take it or refuse it by a code of its
own, within ${RUN_LIMIT_MS} ms of processor time and bounded memory. A text that does something else is saved. Ends with
status 1 when one did.

  --runs N          mutants (100000)
  --seed N          of the random choices (of the clock)
  --lanes N         processes (1)
  --only LIST       readers, separated by commas (all)
  --save FOLDER     where failing texts go (the current folder)
  --replay FILE     instead: reads a saved text once more; its name says by which reader
  --help            prints this
`;

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "100000" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    lanes: { type: "string", default: "1" },
    only: { type: "string" },
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
      ...(values.only === undefined ? {} : { only: values.only.split(",") }),
      // A message for each would take longer than most runs do.
      onRun: (run) => run % 10 === 0 && onRun(run),
      onFailure: async ({ run, reader, text, faults }) => {
        const file = `${values.save}/${reader}-${seed}-${run}.txt`;
        console.log(`run ${run}: ${faults.join("; ")}\n  ${file}`);
        // As UTF-16, for half surrogates have no other form.
        await writeFile(file, text, "utf16le");
      },
    }),
  );
}

async function runAll(): Promise<boolean> {
  const [runs, lanes] = [Number(values.runs), Number(values.lanes)];
  console.log(`seed ${values.seed}`);
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const reports = await runLanes<CampaignReport>({
    script: import.meta.filename,
    words: [
      "--seed",
      values.seed,
      "--save",
      values.save,
      ...(values.only === undefined ? [] : ["--only", values.only]),
    ],
    runs,
    lanes,
    limitMs: 60_000,
    onProgress: (begun) => console.log(`${begun} of ${runs}, ${(begun / seconds()).toFixed(0)} a second`),
  });
  const whole = reports.filter((report) => report !== undefined);
  printTally(sumTallies(whole.map(({ tally }) => tally)));
  const slowest: Record<string, number> = {};
  for (const report of whole)
    for (const [name, ms] of Object.entries(report.slowest)) slowest[name] = Math.max(slowest[name] ?? 0, ms);
  console.log(
    `slowest, in ms: ${Object.entries(slowest)
      .map((pair) => pair.join(" "))
      .join(", ")}`,
  );
  const failures = whole.reduce((total, report) => total + report.failures, 0);
  const peak = Math.max(0, ...whole.map(({ peakRss }) => peakRss)) / 2 ** 20;
  console.log(
    `${runs} mutants in ${seconds().toFixed(0)} s, ${(runs / seconds()).toFixed(0)} a second; ` +
      `at most ${peak.toFixed(0)} MiB a process; ${failures} failures, ${lanes - whole.length} lanes lost`,
  );
  return failures === 0 && whole.length === lanes;
}

async function replay(file: string): Promise<boolean> {
  const name = /([a-z]+)-\d+-\d+\.txt$/.exec(file)?.[1];
  const now = new Date();
  const reader = (await makeReaders(await makeSeeds(now), now)).find((one) => one.name === name);
  if (reader === undefined) throw new Error(`${file} does not name a reader`);
  const { code, faults, ms } = await readMutant(reader, await readFile(file, "utf16le"));
  console.log([`${name} ${code}, ${Math.round(ms)} ms`, ...faults].join("\n"));
  return faults.length === 0;
}

async function main(): Promise<boolean> {
  if (values.help) {
    console.log(USAGE);
    return true;
  }
  if (values.replay !== undefined) return replay(values.replay);
  if (values.lane === undefined) return runAll();
  await runLane(values.lane);
  return true;
}

process.exitCode = (await main()) ? 0 : 1;

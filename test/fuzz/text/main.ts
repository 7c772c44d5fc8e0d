import { readFile, writeFile } from "node:fs/promises";
import { runFuzzCommand } from "../command.ts";
import { readMutant, RUN_LIMIT_MS, runCampaign, type TextCampaignReport } from "./campaign.ts";
import { makeReaders } from "./readers.ts";
import { makeSeeds } from "./seeds.ts";

const USAGE = `Usage: npm run fuzz:text -- [options]

Makes mutants of valid documents, at the level of bytes, lines, tokens, keys, numbers, depth and width, and passes each to
the reader of its kind: signed texts, JSON, indexes, product files, fleets, settings, labels, manifests, inventories and
receipts, questions, plans, advice, checksums, keys, single words. A reader may only accept it or refuse it with an error
code, within ${RUN_LIMIT_MS} ms of processor time and bounded memory. A text that causes anything else is saved, and the exit
status is 1.

  --runs N          number of mutants (100000)
  --seed N          seed of the random choices (from the clock)
  --lanes N         number of processes (1)
  --only LIST       readers, separated by commas (all)
  --save FOLDER     where failing texts are saved (the current folder)
  --replay FILE     read a saved text again; its name contains the reader
  --help            print this text
`;

async function replay(file: string) {
  const name = /([a-z]+)-\d+-\d+\.txt$/.exec(file)?.[1];
  const now = new Date();
  const reader = (await makeReaders(await makeSeeds(now), now)).find((one) => one.name === name);
  if (reader === undefined) throw new Error(`${file} does not name a reader`);
  const { code, faults, ms } = await readMutant(reader, await readFile(file, "utf16le"));
  return { lines: [`${name} ${code}, ${Math.round(ms)} ms`, ...faults], isGood: faults.length === 0 };
}

function slowestLine(reports: readonly TextCampaignReport[]): string[] {
  const slowest: Record<string, number> = {};
  for (const report of reports)
    for (const [name, ms] of Object.entries(report.slowest)) slowest[name] = Math.max(slowest[name] ?? 0, ms);
  const pairs = Object.entries(slowest).map((pair) => pair.join(" "));
  return [`slowest, in ms: ${pairs.join(", ")}`];
}

await runFuzzCommand({
  script: import.meta.filename,
  usage: USAGE,
  defaults: { runs: 100_000, lanes: 1 },
  options: { only: undefined },
  limitMs: 60_000,
  runLane: ({ save, values, onRun, ...runs }) =>
    runCampaign({
      ...runs,
      ...(values["only"] === undefined ? {} : { only: values["only"].split(",") }),
      // A message for each run would take longer than most runs do.
      onRun: (run) => run % 10 === 0 && onRun?.(run),
      onFailure: async ({ run, reader, text, faults }) => {
        const file = `${save}/${reader}-${runs.seed}-${run}.txt`;
        console.log(`run ${run}: ${faults.join("; ")}\n  ${file}`);
        // As UTF-16, because half surrogates have no other form.
        await writeFile(file, text, "utf16le");
      },
    }),
  replay,
  summarize: slowestLine,
});

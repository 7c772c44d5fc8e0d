import { readFile, writeFile } from "node:fs/promises";
import { runFuzzCommand } from "../command.ts";
import { RUN_LIMIT_MS, runCampaign } from "./campaign.ts";
import { readFailure, replay, writeFailure } from "./saved-mutant.ts";

const USAGE = `Usage: npm run fuzz -- [options]

Makes mutants of small valid bundles, at the level of bytes, headers, labels and signed manifests, and passes them to the
reader of volumes or to a whole import. None may break it, hang, fill the memory, touch anything outside the store, leave
a wrong blob or publish what upstream never signed. A mutant that does is saved, and the exit status is 1.

  --runs N          number of mutants (10000)
  --seed N          seed of the random choices (from the clock)
  --lanes N         number of processes (2)
  --import-every N  import every N-th mutant and only read the others (4)
  --save FOLDER     where failing mutants are saved (the current folder)
  --replay FILE     import a saved mutant and print the result
  --help            print this text

TMPDIR=/dev/shm reduces disk writes.
`;

await runFuzzCommand({
  script: import.meta.filename,
  usage: USAGE,
  defaults: { runs: 10_000, lanes: 2 },
  options: { "import-every": "4" },
  limitMs: 4 * RUN_LIMIT_MS,
  runLane: ({ save, values, ...runs }) =>
    runCampaign({
      ...runs,
      importEvery: Number(values["import-every"]),
      onFailure: async (failure) => {
        const file = `${save}/mutant-${runs.seed}-${failure.run}.json`;
        console.log(`run ${failure.run} (${failure.mutant.kind}): ${failure.faults.join("; ")}\n  ${file}`);
        await writeFile(file, writeFailure(failure));
      },
    }),
  replay: async (file) => {
    const { code, faults } = await replay(readFailure(await readFile(file, "utf8")));
    return { lines: [code, ...faults], isGood: faults.length === 0 };
  },
});

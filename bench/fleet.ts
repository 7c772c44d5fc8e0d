import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FleetReader } from "../src/upgrade/fleet/read-fleet.ts";
import type { Figure } from "./figure.ts";
import { measure, median, type ProcessFigures } from "./process.ts";
import { JAM } from "./program.ts";
import { startUpstream, sync, writeSettings } from "./sample-mirror.ts";

const STATUS = new URL("../test/fixtures/fleets/22-large/status.json", import.meta.url);
const AIM_MS = 300;
const AIM_BYTES = 100e6;
const AIM_COMMANDS_MS = 2_000;
const AIM_COMMANDS_BYTES = 200e6;

/** Reading a large fleet in process, then planning for it and judging it with the commands. */
export async function benchFleet(): Promise<Figure[]> {
  return [...(await benchReading()), ...(await benchCommands())];
}

/** Reading a status of 1,000 machines and 3,000 units into a fleet, the median of what a warm process takes. */
async function benchReading(rounds = 9): Promise<Figure[]> {
  const text = await readFile(STATUS, "utf8");
  const before = process.memoryUsage().rss;
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    const reader = new FleetReader();
    reader.add({ name: "status.json", content: { text }, isNamed: true });
    reader.fleet();
    times.push(performance.now() - started);
  }
  const [first = 0] = times;
  const grown = process.memoryUsage().rss - before;
  return [
    {
      what: "Reading a status of 1,000 machines, 3,000 units",
      value: `${first.toFixed(0)} ms, then ${median(times).toFixed(0)} ms`,
      peer: "–",
      result: `${first.toFixed(0)} ms`,
      aim: `< ${AIM_MS} ms`,
      isMet: first < AIM_MS,
    },
    {
      what: "… memory",
      value: `${(grown / 1e6).toFixed(0)} MB`,
      peer: "–",
      result: `${(grown / 1e6).toFixed(0)} MB in ${rounds} rounds`,
      aim: "< 100 MB",
      isMet: grown < AIM_BYTES,
    },
  ];
}

/** `jam plan` and then `jam ready --plan` for that fleet, with a mirror that holds every release of the sample upstream. */
async function benchCommands(rounds = 5): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), "jam-bench-fleet-"));
  try {
    await using upstream = await startUpstream(folder, ["--releases", "all", "--size", "1K"]);
    await writeSettings(folder, upstream.url);
    await sync(folder);
    await mkdir(join(folder, "fleet"));
    await copyFile(STATUS, join(folder, "fleet", "status.json"));
    const runs: ProcessFigures[] = [];
    const sums: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const plan = await measure(
        process.execPath,
        [JAM, ..."plan --fleet fleet --to 4.0 --held -o json".split(" ")],
        {
          cwd: folder,
        },
      );
      if (plan.status !== 0) throw new Error(plan.stderr);
      await writeFile(join(folder, "plan.json"), plan.stdout);
      const ready = await measure(process.execPath, [JAM, ..."ready --plan plan.json".split(" ")], {
        cwd: folder,
      });
      if (ready.status !== 5) throw new Error(`this fleet is not ready: ${ready.status} ${ready.stderr}`);
      runs.push(plan, ready);
      sums.push(plan.wallMs + ready.wallMs);
    }
    const peak = Math.max(...runs.map(({ peakRss }) => peakRss));
    const ms = median(sums);
    return [
      {
        what: "`jam plan` and `jam ready`, 1,000 machines, 3,000 units",
        value: `${(ms / 1000).toFixed(2)} s`,
        peer: "–",
        result: `${(ms / 1000).toFixed(2)} s`,
        aim: `< ${AIM_COMMANDS_MS / 1000} s`,
        isMet: ms < AIM_COMMANDS_MS,
      },
      {
        what: "… peak memory",
        value: `${(peak / 1e6).toFixed(0)} MB`,
        peer: "–",
        result: `${(peak / 1e6).toFixed(0)} MB`,
        aim: `< ${AIM_COMMANDS_BYTES / 1e6} MB`,
        isMet: peak < AIM_COMMANDS_BYTES,
      },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

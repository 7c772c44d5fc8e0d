import { readFile } from "node:fs/promises";
import { FleetReader } from "../src/upgrade/fleet/fleet-reader.ts";
import type { Figure } from "./figure.ts";
import { median } from "./process.ts";

const STATUS = new URL("../test/fixtures/fleets/22-large/status.json", import.meta.url);
const AIM_MS = 300;
const AIM_BYTES = 100e6;

/** Reading a status of 1,000 machines and 3,000 units into a fleet, the median of what a warm process takes. */
export async function benchFleet(rounds = 9): Promise<Figure[]> {
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

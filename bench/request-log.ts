import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { publisher } from "../test/helpers/served-mirror.ts";
import { temporaryFolder } from "../test/helpers/jam-process.ts";
import { temporaryStore } from "../test/helpers/temporary-store.ts";
import { type Contender, runSeconds, startJam } from "./contenders.ts";
import type { Figure } from "./figure.ts";
import { median } from "./process.ts";

const ROUNDS = 15;
const MS = 500;
const CONNECTIONS = 64;
const CLIENT = join(import.meta.dirname, "storm-client.ts");

/** What one server did in a round. */
interface Run {
  readonly perSecond: number;
  /** The server's CPU time for a request, in µs. */
  readonly cpuUs: number;
}

/**
 * What the request log costs: the same small answers from two servers over the same mirror, one of which writes its log to a
 * file and one of which has none, in turns. Where the clients are slower than the servers, only the CPU time tells.
 */
export async function benchRequestLog(): Promise<Figure[]> {
  await using folder = await temporaryFolder();
  await using store = await temporaryStore();
  await publisher(store)({ agents: [{ version: "3.6.5", size: 1000 }] });
  await using logging = await startJam(store.path, join(folder.path, "jam.log"));
  await using silent = await startJam(store.path);
  for (const server of [logging, silent]) await ask(server);
  const rounds: (readonly [logging: Run, silent: Run])[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const first = await ask(round % 2 === 0 ? logging : silent);
    const second = await ask(round % 2 === 0 ? silent : logging);
    rounds.push(round % 2 === 0 ? [first, second] : [second, first]);
  }
  const costOf = (ratio: (run: readonly [Run, Run]) => number) => 100 * (median(rounds.map(ratio)) - 1);
  const slower = costOf(([log, none]) => none.perSecond / log.perSecond);
  const dearer = costOf(([log, none]) => log.cpuUs / none.cpuUs);
  const of = (pick: (run: readonly [Run, Run]) => number) => median(rounds.map(pick));
  return [
    {
      what: "Requests for `index2.json`, gzip, with the request log",
      value: `${of(([log]) => log.perSecond).toFixed(0)}/s`,
      peer: `without it, ${of(([, none]) => none.perSecond).toFixed(0)}/s`,
      result: `${Math.abs(slower).toFixed(1)} % ${slower < 0 ? "faster" : "slower"}`,
      aim: "< 5 %",
      isMet: slower < 5,
    },
    {
      what: "… CPU per request",
      value: `${of(([log]) => log.cpuUs).toFixed(1)} µs`,
      peer: `without it, ${of(([, none]) => none.cpuUs).toFixed(1)} µs`,
      result: `${dearer.toFixed(1)} % more`,
      aim: "< 5 %",
      isMet: dearer < 5,
    },
  ];
}

async function ask({ pid, port }: Contender): Promise<Run> {
  const before = runSeconds(pid);
  const parameters = [port, CONNECTIONS, MS, "/tools/streams/v1/index2.json", "Accept-Encoding: gzip"];
  const argv = [CLIENT, "busy", ...parameters.map(String)];
  const { stdout } = await promisify(execFile)(process.execPath, argv);
  const seen = JSON.parse(stdout) as { requests: number; seconds: number; statuses: object };
  if (Object.keys(seen.statuses).join() !== "200") throw new Error(stdout);
  return {
    perSecond: seen.requests / seen.seconds,
    cpuUs: (1e6 * (runSeconds(pid) - before)) / seen.requests,
  };
}

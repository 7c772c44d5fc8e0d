import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism, cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { compareFigures } from "./compare.ts";
import { formatFigures, type Figure } from "./figure.ts";
import { measure } from "./process.ts";
import type { ServeRow } from "./serve-row.ts";

const USAGE = `Usage: npm run bench [-- OPTIONS]

Measures jam against peers in the same run and prints a table. Peers that are not installed are skipped and named.

  --only LIST    comma-separated parts: start, serve, storm, log, proven, verify, which, fleet, cache, hostile, sync,
                 channels, growth, bundle (all)
  --compare      fails when a ratio to a peer is 15 % worse than in docs/reference/performance.md, or nothing can be compared
  --write        also writes the table to docs/reference/performance.md
`;

const SERVE = fileURLToPath(new URL("serve.ts", import.meta.url));
const PAGE = new URL("../docs/reference/performance.md", import.meta.url);
const TABLE = /(<!-- figures -->\n)[\s\S]*(<!-- \/figures -->)/;

const PARTS: Readonly<Record<string, () => Promise<Figure[]>>> = {
  start: async () => (await import("./start.ts")).benchStart(),
  serve: benchServe,
  storm: async () => (await import("./storm.ts")).benchStorm(),
  log: async () => (await import("./request-log.ts")).benchRequestLog(),
  proven: async () => (await import("./proven.ts")).benchProven(),
  verify: async () => (await import("./verify.ts")).benchVerify(),
  which: async () => (await import("./which.ts")).benchWhich(),
  fleet: async () => (await import("./fleet.ts")).benchFleet(),
  cache: async () => (await import("./cache.ts")).benchCache(),
  hostile: async () => (await import("./hostile.ts")).benchHostile(),
  // Last: what they leave to be written to disk would slow the others.
  sync: async () => (await import("./sync.ts")).benchSync(),
  channels: async () => (await import("./channels.ts")).benchChannels(),
  growth: async () => (await import("./growth.ts")).benchGrowth(),
  bundle: async () => (await import("./bundle.ts")).benchBundle(),
};

async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      write: { type: "boolean", default: false },
      compare: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const names = values.only?.split(",") ?? Object.keys(PARTS);
  const figures: Figure[] = [];
  for (const name of names) {
    const part = PARTS[name];
    if (part === undefined) throw new Error(`Unknown part "${name}"; see --help.`);
    process.stderr.write(`measuring ${name} …\n`);
    figures.push(...(await part()));
  }
  const table = formatFigures(figures);
  process.stdout.write(`${describeMachine()}\n\n${table}\n`);
  if (values.compare) {
    const { worse, compared, missing } = compareFigures(figures, await readFile(PAGE, "utf8"));
    for (const line of worse) process.stderr.write(`worse: ${line}\n`);
    if (values.only === undefined)
      for (const name of missing) process.stderr.write(`not compared: ${name}\n`);
    process.stderr.write(`compared ${compared} rows\n`);
    if (worse.length > 0 || compared === 0) process.exitCode = 1;
  }
  if (values.write) await writePage(table);
}

/** Serving runs in processes of its own; see `serve.ts`. */
async function benchServe(): Promise<Figure[]> {
  const { stdout, stderr, status } = await measure(process.execPath, [SERVE, "--json"]);
  if (status === 3) {
    process.stderr.write(stderr);
    return [];
  }
  if (status !== 0) throw new Error(stderr);
  const { rows } = JSON.parse(stdout) as { rows: readonly ServeRow[] };
  return rows.flatMap((row) => [
    {
      what: `Serving 60 MB, connections: ${row.connections}`,
      value: `${row.jamMBps.toFixed(0)} MB/s`,
      peer: `nginx, ${row.nginxMBps.toFixed(0)} MB/s`,
      result: `${row.speedRatio.toFixed(2)} × its speed`,
      aim: "≥ 1.2 ×",
      isMet: row.speedRatio >= 1.2,
    },
    {
      what: `… CPU per GB`,
      value: `${row.jamCpuPerGb.toFixed(2)} s`,
      peer: `nginx, ${row.nginxCpuPerGb.toFixed(2)} s`,
      result: `${row.cpuRatio.toFixed(1)} × its CPU`,
      aim: "≤ 4 ×",
      isMet: row.cpuRatio <= 4,
    },
    {
      what: `… peak memory`,
      value: `${row.jamPeakRssMiB.toFixed(0)} MiB`,
      peer: "–",
      result: `${(row.jamPeakRssMiB * 1.048576).toFixed(0)} MB`,
      aim: "≤ 200 MB",
      isMet: row.jamPeakRssMiB * 1.048576 <= 200,
    },
  ]);
}

function describeMachine(): string {
  const [cpu] = cpus();
  return `Node ${process.version}, ${availableParallelism()} × ${cpu?.model.trim() ?? "unknown CPU"}, ${new Date().toISOString().slice(0, 10)}.`;
}

async function writePage(table: string): Promise<void> {
  const page = await readFile(PAGE, "utf8");
  const figures = `${describeMachine()}\n\n${table}\n`;
  await writeFile(
    PAGE,
    page.replace(TABLE, (_all, open: string, close: string) => open + figures + close),
  );
}

await run().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});

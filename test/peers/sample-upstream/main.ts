import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { parseByteSize } from "../../../src/shared/byte-size.ts";
import { startSampleUpstream } from "./server.ts";
import { generateSampleKey } from "./sign.ts";
import { buildSampleTree, type SampleTreeOptions } from "./tree.ts";

const USAGE = `Usage: npm run sample-upstream -- [options]

Publishes a sample of what https://streams.canonical.com/juju/tools/ does. Writes its URL on the first line
of standard output and ends on SIGINT, SIGTERM or after a while.

  --listen HOST:PORT     where to listen (127.0.0.1:0, a free port)
  --size SIZE            about how large each tarball is, as 600, 64K, 20MB (64K)
  --releases LIST        small, all, or versions separated by commas (small)
  --arch LIST            architectures separated by commas (all four)
  --write-key FILE       writes the armoured public key there, for --keyring
  --latency-ms N         waits before each answer (0)
  --rate SIZE            bytes per second of each connection (no limit)
  --for TIME             ends by itself after 90s, 30m, 2h (30m)
  --help                 prints this
`;

const OPTIONS = {
  listen: { type: "string", default: "127.0.0.1:0" },
  size: { type: "string", default: "64K" },
  releases: { type: "string", default: "small" },
  arch: { type: "string" },
  "write-key": { type: "string" },
  "latency-ms": { type: "string", default: "0" },
  rate: { type: "string" },
  for: { type: "string", default: "30m" },
  help: { type: "boolean", default: false },
} as const;

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

async function run(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const { host, port } = parseListen(values.listen);
  const lifeMs = parseTime(values.for);
  const rate = values.rate === undefined ? {} : { bytesPerSecondPerConnection: parseSize(values.rate) };
  const key = await generateSampleKey();
  const tree = await buildSampleTree({
    key,
    tarballBytes: parseSize(values.size),
    releases: parseReleases(values.releases),
    ...(values.arch === undefined ? {} : { arches: values.arch.split(",") }),
  });
  if (values["write-key"] !== undefined) await writeFile(values["write-key"], key.publicKeyArmored);
  const latencyMs = Number(values["latency-ms"]);
  await using upstream = await startSampleUpstream({ tree, host, port, latencyMs, ...rate });
  process.stdout.write(`${upstream.url}\n`);
  await ending(lifeMs);
}

/** Resolves on SIGINT, SIGTERM or after `lifeMs`. */
function ending(lifeMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, lifeMs);
  process.once("SIGINT", resolve).once("SIGTERM", resolve);
  return promise.finally(() => clearTimeout(timer));
}

function parseListen(text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined) throw new Error(`--listen ${text}: expected HOST:PORT, as 127.0.0.1:0.`);
  return { host, port: Number(match?.[3]) };
}

function parseSize(text: string): number {
  const bytes = parseByteSize(text);
  if (bytes === undefined) throw new Error(`${text}: expected a size, as 600, 64K, 20MB.`);
  return bytes;
}

function parseTime(text: string): number {
  const match = /^(\d+)([smh])$/.exec(text);
  const unitMs = UNIT_MS[match?.[2] ?? ""];
  if (unitMs === undefined) throw new Error(`--for ${text}: expected a time, as 90s, 30m, 2h.`);
  return Number(match?.[1]) * unitMs;
}

function parseReleases(text: string): NonNullable<SampleTreeOptions["releases"]> {
  return text === "small" || text === "all" ? text : text.split(",");
}

try {
  await run();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  process.exitCode = 2;
}

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryFigure, type Figure } from "./figure.ts";
import { HASH } from "./openssl.ts";
import { measure, median, type ProcessFigures } from "./process.ts";
import { JAM } from "./program.ts";
import { startUpstream, sync, writeSettings } from "./sample-mirror.ts";

/** Forty tarballs: ten versions of one minor on four architectures. */
const FORTY = "3.6.10,3.6.11,3.6.12,3.6.13,3.6.14,3.6.15,3.6.16,3.6.17,3.6.18,3.6.19";

/** Enough tarballs that fetching them, not starting, is what takes the time. */
const MANY = Array.from({ length: 90 }, (_, patch) => `3.6.${patch}`).join(",");

/** The sync: throughput against curl, gain from parallel connections, and a run that finds nothing new. */
export async function benchSync(rounds = 3): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), "jam-bench-sync-"));
  try {
    return [
      ...(await firstSync(folder, rounds, { what: "40 × 20 MB", releases: FORTY, size: "20MB" })),
      ...(await firstSync(folder, rounds, { what: "4 × 500 MB", releases: "3.6.10", size: "500MB" })),
      await parallelGain(folder, {
        what: `20 ms latency, ${4 * MANY.split(",").length} × 64 KiB`,
        size: "64K",
        releases: MANY,
        flags: ["--latency-ms", "20"],
      }),
      await parallelGain(folder, {
        what: "20 MB/s per connection, 40 × 4 MB",
        size: "4MB",
        releases: FORTY,
        flags: ["--rate", "20MB"],
      }),
      ...(await nothingNew(folder)),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function firstSync(
  folder: string,
  rounds: number,
  test: { readonly what: string; readonly releases: string; readonly size: string },
): Promise<Figure[]> {
  await using upstream = await startUpstream(folder, ["--releases", test.releases, "--size", test.size]);
  await writeSettings(folder, upstream.url);
  const list = join(folder, "curl.list");
  await sync(folder);
  await writeCurlList(folder, upstream.url, list);
  const ours: ProcessFigures[] = [];
  const ratios = { time: [] as number[], cpu: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    await rm(join(folder, "mirror-data"), { recursive: true });
    const jam = await sync(folder);
    const peer = await fetchWithCurl(folder, list);
    ours.push(jam);
    ratios.time.push(jam.wallMs / peer.wallMs);
    ratios.cpu.push(jam.cpuMs / peer.cpuMs);
  }
  await rm(join(folder, "mirror-data"), { recursive: true });
  const [time, cpu] = [median(ratios.time), median(ratios.cpu)];
  const wallMs = median(ours.map((figures) => figures.wallMs));
  const cpuMs = median(ours.map((figures) => figures.cpuMs));
  const peak = Math.max(...ours.map(({ peakRss }) => peakRss));
  const peer = "`curl --parallel` + `openssl dgst -sha256`";
  return [
    {
      what: `First sync, ${test.what} over loopback`,
      value: `${(wallMs / 1000).toFixed(2)} s`,
      peer,
      result: `${time.toFixed(2)} × its time`,
      aim: "≤ 1.1 ×",
      isMet: time <= 1.1,
    },
    {
      what: "… CPU time",
      value: `${(cpuMs / 1000).toFixed(2)} s`,
      peer,
      result: `${cpu.toFixed(2)} × its CPU`,
      aim: "≤ 1.5 ×",
      isMet: cpu <= 1.5,
    },
    memoryFigure(peak),
  ];
}

async function writeCurlList(folder: string, url: string, list: string): Promise<void> {
  const { stdout } = await measure(process.execPath, [JAM, "list", "-o", "json"], { cwd: folder });
  const { agents } = JSON.parse(stdout) as { agents: readonly { path: string }[] };
  const paths = [...new Set(agents.map(({ path }) => path))];
  const lines = paths.map((path, position) => `url = "${url}${path}"\noutput = "${position}.tgz"`);
  await writeFile(list, `${lines.join("\n")}\n`);
}

async function fetchWithCurl(folder: string, list: string): Promise<ProcessFigures> {
  const target = join(folder, "curl");
  await rm(target, { recursive: true, force: true });
  await mkdir(target);
  const fetch = `curl -sS --parallel --parallel-max 8 --config ${list} && ${HASH} *.tgz > sums`;
  const figures = await measure("sh", ["-c", fetch], { cwd: target });
  if (figures.status !== 0) throw new Error(figures.stderr);
  await rm(target, { recursive: true });
  return figures;
}

async function parallelGain(
  folder: string,
  test: {
    readonly what: string;
    readonly size: string;
    readonly releases: string;
    readonly flags: readonly string[];
  },
): Promise<Figure> {
  await using upstream = await startUpstream(folder, [
    "--releases",
    test.releases,
    "--size",
    test.size,
    ...test.flags,
  ]);
  await writeSettings(folder, upstream.url);
  const run = async (...flags: string[]) => {
    await rm(join(folder, "mirror-data"), { recursive: true, force: true });
    return (await sync(folder, ...flags)).wallMs;
  };
  const parallel = await run();
  const single = await run("--jobs", "1");
  const gain = single / parallel;
  return {
    what: test.what,
    value: `${(parallel / 1000).toFixed(2)} s`,
    peer: `one connection, ${(single / 1000).toFixed(2)} s`,
    result: `${gain.toFixed(1)} × faster`,
    aim: "≥ 4 ×",
    isMet: gain >= 4,
  };
}

async function nothingNew(folder: string): Promise<Figure[]> {
  await using upstream = await startUpstream(folder, ["--releases", "all", "--size", "600"]);
  await writeSettings(folder, upstream.url, ', arch: [amd64], versions: ">=2"');
  await rm(join(folder, "mirror-data"), { recursive: true, force: true });
  await sync(folder);
  const runs: ProcessFigures[] = [];
  for (let round = 0; round < 5; round += 1) runs.push(await sync(folder));
  const { stdout } = await measure(process.execPath, [JAM, "list", "-o", "json"], { cwd: folder });
  const held = (JSON.parse(stdout) as { agents: readonly unknown[] }).agents.length;
  const wallMs = median(runs.map((figures) => figures.wallMs));
  return [
    {
      what: `Sync without changes, ${held} agents`,
      value: `${wallMs.toFixed(0)} ms`,
      peer: "–",
      result: `${(wallMs / 1000).toFixed(2)} s`,
      aim: "< 1 s",
      isMet: wallMs < 1000,
    },
  ];
}

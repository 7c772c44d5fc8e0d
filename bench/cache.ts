import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSampleUpstream, type SampleUpstream } from "../test/peers/sample-upstream/server.ts";
import { buildSampleTree } from "../test/peers/sample-upstream/tree.ts";
import { startServe } from "../test/helpers/running-jam.ts";
import { formatByteSize } from "../src/shared/byte-size.ts";
import type { Figure } from "./figure.ts";

/** Each is missed once, in turn with a direct download of it. */
const ROUNDS = 11;
const SIZE = 4_000_000;
/** A way out with some delay: what a cache is for. */
const LATENCY_MS = 20;
const CLIENTS = 500;

/**
 * What a client waits for when its tarball is not held yet, against a download straight from the same upstream, and
 * what 500 clients at once cause there.
 */
export async function benchCache(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), "jam-bench-cache-"));
  const releases = Array.from({ length: ROUNDS + 2 }, (_, patch) => `3.6.${patch + 10}`);
  const options = {
    arches: ["amd64"],
    oses: ["ubuntu"],
    streams: ["released"],
    families: ["agents"],
  } as const;
  const tree = await buildSampleTree({ ...options, releases, tarballBytes: SIZE });
  const upstream = await startSampleUpstream({ tree, latencyMs: LATENCY_MS });
  try {
    await writeFile(join(folder, "key.asc"), tree.key.publicKeyArmored);
    await writeFile(join(folder, "jam.yaml"), settings(upstream.url));
    await using server = await startServe(folder);
    const paths = [...new Set(tree.listings.map(({ item }) => item.path))];
    const [warm = "", storm = "", ...rounds] = paths;
    await download(`${server.url}/tools/${warm}`);
    const place = { url: server.url, pid: server.pid };
    return [...(await firstBytes(place, upstream, rounds)), ...(await stormOf(place, upstream, storm))];
  } finally {
    await upstream.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Place {
  readonly url: string;
  readonly pid: number;
}

async function firstBytes(
  { url }: Place,
  upstream: SampleUpstream,
  paths: readonly string[],
): Promise<Figure[]> {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (const [at, path] of paths.entries()) {
    const [here, there] = [`${url}/tools/${path}`, new URL(path, upstream.url).href];
    const turns = at % 2 === 0 ? [here, there] : [there, here];
    for (const turn of turns) (turn === here ? ours : theirs).push(await download(turn));
  }
  const ratio = quarter(ours) / quarter(theirs);
  return [
    {
      what: `First byte of a tarball that is not held, ${LATENCY_MS} ms to the upstream`,
      value: `${quarter(ours).toFixed(1)} ms`,
      peer: `the same upstream directly, ${quarter(theirs).toFixed(1)} ms`,
      result: `${ratio.toFixed(2)} × its time`,
      aim: "≤ 1.2 ×",
      isMet: ratio <= 1.2,
    },
  ];
}

async function stormOf(place: Place, upstream: SampleUpstream, path: string): Promise<Figure[]> {
  upstream.clearRequests();
  const peakBefore = peakOf(place.pid);
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: CLIENTS }, () => download(`${place.url}/tools/${path}`)));
  const stormMs = performance.now() - startedAt;
  const added = peakOf(place.pid) - peakBefore;
  const asked = upstream.requests.filter((request) => request.includes(path)).length;
  return [
    {
      what: `${CLIENTS} clients at once for a tarball that is not held`,
      value: `${(stormMs / 1000).toFixed(1)} s`,
      peer: "–",
      result: `${asked} request${asked === 1 ? "" : "s"} to the upstream`,
      aim: "1",
      isMet: asked === 1,
    },
    {
      what: "… memory that they add to the server's peak",
      value: formatByteSize(added),
      peer: "–",
      result: `${(added / 1e6).toFixed(0)} MB`,
      aim: "≤ 100 MB",
      isMet: added <= 100e6,
    },
  ];
}

function settings(url: string): string {
  return JSON.stringify({
    version: 1,
    mode: "cache",
    data: "./data",
    upstreams: [{ name: "sample", url, keyring: "key.asc" }],
    select: [{ stream: "released" }],
  });
}

/** Milliseconds to the first byte; on a connection of its own, as a controller that comes for one tarball. */
function download(url: string): Promise<number> {
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (answer) => {
      let firstMs: number | undefined;
      let received = 0;
      answer.on("data", (piece: Buffer) => {
        firstMs ??= performance.now() - startedAt;
        received += piece.length;
      });
      answer.once("end", () => {
        if (answer.statusCode !== 200 || received !== Number(answer.headers["content-length"]))
          reject(new Error(`${url} was answered with ${answer.statusCode}, ${received} bytes`));
        else resolve(firstMs ?? NaN);
      });
      answer.once("error", reject);
    }).once("error", reject);
  });
}

/** Peak resident memory of a process, in bytes. */
function peakOf(pid: number): number {
  const [, kib = "0"] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib) * 1024;
}

/** What a quarter of the values does not exceed: other work of the machine shows less in it than in the middle one. */
function quarter(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 4)] ?? NaN;
}

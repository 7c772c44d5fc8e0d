import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { publisher, tarballPath } from "../test/helpers/served-mirror.ts";
import { temporaryFolder } from "../test/helpers/jam-process.ts";
import { temporaryStore } from "../test/helpers/temporary-store.ts";
import {
  type Contender,
  NGINX_BINARY,
  cpuSeconds,
  residentBytes,
  resetPeak,
  startJam,
  startNginx,
} from "./contenders.ts";
import type { Figure } from "./figure.ts";
import { median } from "./process.ts";

const ROUNDS = 5;
const MS = 1000;
/** The default limit of connections, with some to spare for whoever measures. */
const HELD = 9_990;
const TARBALLS = 40;
const TARBALL_BYTES = 20_000_000;
/** What a rush of clients fetches: its answers are about connections, not about bytes. */
const SMALL = "2.9.50";
const INDEX = "/tools/streams/v1/index2.json";
const CLIENT = join(import.meta.dirname, "storm-client.ts");

/** Two servers over the same mirror, and the paths of its tarballs. */
interface Ring {
  readonly jam: Contender;
  readonly nginx: Contender;
  readonly tarballs: readonly string[];
}

/**
 * A fleet that upgrades at once: metadata, tarballs beyond what a server keeps in memory, new connections beside busy ones,
 * and memory. The request log is on, as by default; nginx has none.
 */
export async function benchStorm(): Promise<Figure[]> {
  if (NGINX_BINARY === undefined) {
    process.stderr.write(
      "nginx is not installed, so there is nothing to compare with: apt-get install nginx\n",
    );
    return [];
  }
  await using folder = await temporaryFolder();
  await using store = await temporaryStore();
  const versions = Array.from({ length: TARBALLS }, (_, at) => `3.6.${at}`);
  const agents = versions.map((version) => ({ version, size: TARBALL_BYTES }));
  await publisher(store)({ agents: [...agents, { version: SMALL, size: 1_000_000 }] });
  await using jam = await startJam(store.path, join(folder.path, "jam.log"));
  await using nginx = await startNginx(NGINX_BINARY, store.path);
  const idle = residentBytes(jam.pid, "now");
  const ring = { jam, nginx, tarballs: versions.map((version) => `/tools/${tarballPath(version)}`) };
  // Everything is hashed and in the page cache before anything is measured.
  for (const path of ring.tarballs)
    for (const server of [jam, nginx]) await client(server, "busy", 1, 400, path);
  return [
    ...(await benchMetadata(ring, store.path)),
    ...(await benchSet(ring)),
    await benchNewcomers(ring),
    await benchRush(ring),
    await benchPaced(ring),
    memoryRow("Idle memory of `jam serve`", idle, 80e6),
    await benchDownloads(ring),
    await benchHeld(ring),
  ];
}

async function benchMetadata(ring: Ring, data: string): Promise<Figure[]> {
  const base = `http://127.0.0.1:${ring.jam.port}`;
  const index = await fetch(base + INDEX);
  const text = await index.text();
  const { path } = Object.values(
    (JSON.parse(text) as { index: Record<string, { path: string }> }).index,
  )[0] ?? {
    path: "",
  };
  // The same compressed files for nginx, made before it is asked: it never compresses.
  for (const name of ["streams/v1/index2.json", path]) {
    const body = Buffer.from(await (await fetch(`${base}/tools/${name}`)).arrayBuffer());
    await writeFile(join(data, "tools", `${name}.gz`), gzipSync(body, { level: 9 }));
  }
  const etags = new Map<Contender, string>();
  for (const server of [ring.jam, ring.nginx]) {
    const { headers } = await fetch(`http://127.0.0.1:${server.port}${INDEX}`, {
      headers: { "accept-encoding": "" },
    });
    etags.set(server, headers.get("etag") ?? "");
  }
  const gzip = ["Accept-Encoding: gzip"];
  const rows: [what: string, path: string, headers: (server: Contender) => string[], status: string][] = [
    ["`index2.json`, gzip", INDEX, () => gzip, "200"],
    ["`index2.json`, unchanged", INDEX, (server) => [`If-None-Match: ${etags.get(server)}`], "304"],
    ["`index2.sjson`, missing", INDEX.replace(".json", ".sjson"), () => gzip, "404"],
    ["product file, gzip", `/tools/${path}`, () => gzip, "200"],
  ];
  const figures: Figure[] = [];
  for (const [what, target, headersOf, status] of rows) {
    const { jam, nginx, ratio } = await alternate(ring, async (server) => {
      const seen = await client(server, "busy", 64, MS, target, ...headersOf(server));
      if (Object.keys(seen["statuses"] as object).join() !== status) throw new Error(JSON.stringify(seen));
      return Number(seen["requests"]) / Number(seen["seconds"]);
    });
    figures.push({
      what: `Requests for ${what}`,
      value: `${jam.toFixed(0)}/s`,
      peer: `nginx, ${nginx.toFixed(0)}/s`,
      result: `${ratio.toFixed(2)} × its speed`,
      aim: "≥ 0.6 ×",
      isMet: ratio >= 0.6,
    });
  }
  return figures;
}

async function benchSet(ring: Ring): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const connections of [1, 16, 64, 256]) {
    const cpu = { jam: [] as number[], nginx: [] as number[] };
    const { jam, nginx, ratio } = await alternate(ring, async (server) => {
      const before = cpuSeconds(server.pid);
      const seen = await client(server, "busy", connections, MS, ring.tarballs.join(","));
      const gigabytes = Number(seen["bytes"]) / 1e9;
      cpu[server.name].push((cpuSeconds(server.pid) - before) / gigabytes);
      return (gigabytes * 1e3) / Number(seen["seconds"]);
    });
    const cpuRatio = median(cpu.jam) / median(cpu.nginx);
    figures.push(
      {
        what: `Serving ${TARBALLS} × 20 MB by turns, connections: ${connections}`,
        value: `${jam.toFixed(0)} MB/s`,
        peer: `nginx, ${nginx.toFixed(0)} MB/s`,
        result: `${ratio.toFixed(2)} × its speed`,
        aim: "≥ 0.9 ×",
        isMet: ratio >= 0.9,
      },
      {
        what: "… CPU per GB",
        value: `${median(cpu.jam).toFixed(2)} s`,
        peer: `nginx, ${median(cpu.nginx).toFixed(2)} s`,
        result: `${cpuRatio.toFixed(1)} × its CPU`,
        aim: "≤ 2 ×",
        isMet: cpuRatio <= 2,
      },
    );
  }
  return figures;
}

async function benchNewcomers(ring: Ring): Promise<Figure> {
  const { jam, nginx, ratio } = await alternate(ring, async (server) => {
    const busy = client(server, "busy", 256, 3 * MS, ring.tarballs.join(","));
    await new Promise((resolve) => setTimeout(resolve, MS));
    const seen = await client(server, "probe", MS, INDEX.replace(".json", ".sjson"));
    await busy;
    return Number(seen["p99"]);
  });
  return {
    what: "A new connection during 256 downloads, 99 of 100 answered within",
    value: `${jam.toFixed(0)} ms`,
    peer: `nginx, ${nginx.toFixed(0)} ms`,
    result: `${jam.toFixed(0)} ms, ${ratio.toFixed(2)} × its time`,
    aim: "≤ 250 ms",
    isMet: jam <= 250,
  };
}

async function benchRush(ring: Ring): Promise<Figure> {
  let failed = 0;
  const { jam, nginx, ratio } = await alternate(ring, async (server) => {
    const seen = await client(server, "storm", 2000, INDEX, `/tools/${tarballPath(SMALL)}`);
    if (server.name === "jam") failed += Number(seen["failed"]);
    return Number(seen["p99"]);
  });
  return {
    what: "2000 clients at once, first answer of 99 of 100 within",
    value: `${jam.toFixed(0)} ms, ${failed} failed`,
    peer: `nginx, ${nginx.toFixed(0)} ms`,
    result: `${ratio.toFixed(2)} × its time`,
    aim: "≤ 3 ×, none fails",
    isMet: ratio <= 3 && failed === 0,
  };
}

async function benchPaced(ring: Ring): Promise<Figure> {
  let failed = 0;
  const { jam, nginx, ratio } = await alternate(ring, async (server) => {
    const seen = await client(server, "paced", 2000, 700_000, INDEX, `/tools/${tarballPath(SMALL)}`);
    if (server.name === "jam") failed += Number(seen["failed"]);
    return Number(seen["p99"]);
  });
  return {
    what: "2000 clients at 700 kB/s, first answer of 99 of 100 within",
    value: `${jam.toFixed(0)} ms, ${failed} failed`,
    peer: `nginx, ${nginx.toFixed(0)} ms`,
    result: `${ratio.toFixed(2)} × its time`,
    aim: "≤ 3 ×, none fails",
    isMet: ratio <= 3 && failed === 0,
  };
}

/** Last: what so many connections need stays with the process for a while. */
async function benchHeld({ jam }: Ring): Promise<Figure> {
  resetPeak(jam.pid);
  const { failed } = await client(jam, "hold", HELD, 2 * MS, INDEX);
  const peak = residentBytes(jam.pid, "peak");
  return {
    what: "10,000 idle connections",
    value: `${(peak / 1e6).toFixed(0)} MB`,
    peer: "–",
    result: `${String(failed)} failed`,
    aim: "none fails",
    isMet: failed === 0,
  };
}

async function benchDownloads({ jam, tarballs }: Ring): Promise<Figure> {
  resetPeak(jam.pid);
  await client(jam, "busy", 1000, 3 * MS, tarballs.join(","));
  return memoryRow("… with 1000 downloads", residentBytes(jam.pid, "peak"), 200e6);
}

function memoryRow(what: string, bytes: number, aim: number): Figure {
  return {
    what,
    value: `${(bytes / 1e6).toFixed(0)} MB`,
    peer: "–",
    result: `${(bytes / 1e6).toFixed(0)} MB`,
    aim: `≤ ${aim / 1e6} MB`,
    isMet: bytes <= aim,
  };
}

/** Medians of both, and of the ratios within a round: a busy machine slows both sides of it. */
async function alternate(
  { jam, nginx }: Ring,
  run: (server: Contender) => Promise<number>,
): Promise<{ readonly jam: number; readonly nginx: number; readonly ratio: number }> {
  const rounds: { readonly jam: number; readonly nginx: number }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const order = round % 2 === 0 ? [jam, nginx] : [nginx, jam];
    const seen = { jam: 0, nginx: 0 };
    for (const server of order) seen[server.name] = await run(server);
    rounds.push(seen);
  }
  return {
    jam: median(rounds.map((round) => round.jam)),
    nginx: median(rounds.map((round) => round.nginx)),
    ratio: median(rounds.map((round) => round.jam / round.nginx)),
  };
}

/** Runs clients in a process of their own. */
async function client(
  server: Contender,
  mode: string,
  ...parameters: (string | number)[]
): Promise<Readonly<Record<string, unknown>>> {
  const child = spawn(process.execPath, [CLIENT, mode, String(server.port), ...parameters.map(String)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  await once(child, "close");
  return JSON.parse(text) as Record<string, unknown>;
}

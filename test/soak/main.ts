/**
 * A cache under load for as long as is wanted: upstream comes and goes, the quota evicts, and many clients look up and download.
 *
 * ```sh
 * npm run soak -- 10         # minutes; default 3
 * ```
 *
 * Ends with 1 when a client received wrong bytes or an answer that it must not get, or when memory or open files grow.
 */
import { readdir, readFile, readlink } from "node:fs/promises";
import { Agent, get, type IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { createHash } from "node:crypto";
import { temporaryMirror } from "../helpers/mirror.ts";
import { startServe } from "../helpers/running-jam.ts";
import { startUpstream } from "../helpers/upstream.ts";

const CLIENTS = 200;
const TARBALL_BYTES = 400_000;
const UP_MS = 15_000;
const DOWN_MS = 8_000;
const SAMPLE_MS = 15_000;

const minutes = Number(process.argv[2] ?? 3);
if (!(minutes > 0)) throw new Error("usage: npm run soak -- MINUTES");

const releases = Array.from({ length: 30 }, (_, patch) => `3.6.${patch + 1}`);
await using upstream = await startUpstream({
  releases,
  arches: ["amd64"],
  oses: ["ubuntu"],
  streams: ["released"],
  tarballBytes: TARBALL_BYTES,
});
await using mirror = await temporaryMirror(upstream, {
  mode: "cache",
  cache: { refresh: "PT2S", quota: 8 * TARBALL_BYTES },
  fetch: { retries: 1, idleTimeout: "PT5S" },
});
await using server = await startServe(mirror.folder);

const tarballs = upstream.tree.listings.map(({ item }) => item);
const counts: Record<string, number> = {};
const faults: string[] = [];
const count = (what: string) => (counts[what] = (counts[what] ?? 0) + 1);

interface Received {
  readonly status: number;
  /** Why it is an error, as the body says. */
  readonly code: string;
  readonly sha256: string;
  readonly isWhole: boolean;
}

/** Never rejects: a connection that breaks is an answer, too. */
function request(path: string, agent: Agent): Promise<Received> {
  return new Promise((resolve) => {
    const broken = () => resolve({ status: 0, code: "broken", sha256: "", isWhole: false });
    const sent = get(`${server.url}${path}`, { agent }, (response: IncomingMessage) => {
      const hash = createHash("sha256");
      let problem = "";
      response.on("data", (piece: Buffer) => {
        hash.update(piece);
        if (response.statusCode !== 200) problem += piece.toString();
      });
      response.on("error", broken);
      response.on("close", () =>
        resolve({
          status: response.statusCode ?? 0,
          code: /"code":"(\w+)"/.exec(problem)?.[1] ?? "",
          sha256: hash.digest("hex"),
          isWhole: response.complete,
        }),
      );
    });
    sent.setTimeout(60_000, () => sent.destroy());
    sent.on("error", broken);
  });
}

async function client(end: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  while (Date.now() < end) {
    const index = await request("/tools/streams/v1/index2.json", agent);
    count(`index ${index.status} ${index.code}`.trimEnd());
    if (![0, 200, 503].includes(index.status)) faults.push(`the index answered ${index.status}`);
    // Few versions are in use, and each of the others now and then.
    const item = tarballs[Math.floor(Math.random() ** 3 * tarballs.length)];
    if (item === undefined) return;
    const { status, code, sha256, isWhole } = await request(`/tools/${item.path}`, agent);
    count(isWhole || status !== 200 ? `tarball ${status} ${code}`.trimEnd() : "tarball cut off");
    if (status === 200 && isWhole && sha256 !== item.sha256) faults.push(`${item.path} has wrong bytes`);
    if (![0, 200, 503].includes(status)) faults.push(`${item.path} answered ${status}`);
    await sleep(200 + Math.random() * 800);
  }
  agent.destroy();
}

async function flap(end: number): Promise<void> {
  while (Date.now() < end) {
    await sleep(UP_MS);
    upstream.fault(
      /^/,
      Math.random() < 0.5 ? { kind: "status", status: 503 } : { kind: "cut", at: 0, how: "rst" },
    );
    await sleep(DOWN_MS);
    upstream.clearFaults();
    upstream.clearRequests();
    count("times that the line was down");
  }
}

interface Sample {
  readonly rss: number;
  readonly files: number;
}

async function sample(): Promise<Sample> {
  const status = await readFile(`/proc/${server.pid}/status`, "utf8");
  const rss = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024;
  return { rss, files: (await readdir(`/proc/${server.pid}/fd`)).length };
}

/** What the server has open, by kind. */
async function openFiles(): Promise<Record<string, number>> {
  const kinds: Record<string, number> = {};
  for (const name of await readdir(`/proc/${server.pid}/fd`)) {
    const target = await readlink(`/proc/${server.pid}/fd/${name}`).catch(() => "gone");
    const kind = target.startsWith(mirror.folder) ? "files of the mirror" : target.replace(/[[(\d].*/, "");
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  return kinds;
}

const mib = (bytes: number) => Math.round(bytes / 2 ** 20);
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

const start = Date.now();
const end = start + minutes * 60_000;
const samples: Sample[] = [];
const idle = await sample();
const running = Promise.all([flap(end), ...Array.from({ length: CLIENTS }, () => client(end))]);
while (Date.now() < end) {
  await sleep(Math.min(SAMPLE_MS, Math.max(0, end - Date.now())));
  const one = await sample();
  samples.push(one);
  const seconds = Math.round((Date.now() - start) / 1000);
  process.stdout.write(`${seconds} s  ${mib(one.rss)} MiB  ${one.files} files  ${JSON.stringify(counts)}\n`);
}
await running;
upstream.clearFaults();
await sleep(7_000);
const after = await sample();
const metrics = await (await fetch(`${server.url}/metrics`)).text();
const third = Math.ceil(samples.length / 3);
const [middle, last] = [samples.slice(third, 2 * third), samples.slice(2 * third)].map((part) =>
  median(part.map(({ rss }) => rss)),
);
process.stdout.write(
  `${metrics
    .split("\n")
    .filter((line) => /^jam_(?:cache|http_conn)/.test(line))
    .join(
      "\n",
    )}\nmemory: ${mib(idle.rss)} MiB before, ${mib(middle ?? 0)} MiB in the middle, ${mib(last ?? 0)} MiB at the end, ${mib(after.rss)} MiB after\nopen files: ${idle.files} before, ${Math.max(...samples.map(({ files }) => files))} at most, ${after.files} after: ${JSON.stringify(await openFiles())}\n`,
);
if ((last ?? 0) > 1.25 * (middle ?? 0) && samples.length >= 9) faults.push("memory grows");
if (after.files > idle.files + 30) faults.push(`${after.files - idle.files} files stay open`);
for (const fault of new Set(faults)) process.stdout.write(`FAULT: ${fault}\n`);
process.exitCode = faults.length > 0 ? 1 : 0;

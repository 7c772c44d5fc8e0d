/**
 * A cache under load for as long as is wanted: upstream comes and goes, the quota evicts, and many clients look up and download.
 *
 * ```sh
 * npm run soak -- 10         # minutes; default 3
 * ```
 *
 * Ends with 1 when a client received wrong bytes or an answer that it must not get, when a connection broke for another
 * reason than that upstream broke off, or when memory or open files grow. Memory is judged from 15 minutes on.
 */
import { readdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { temporaryMirror } from "../helpers/mirror.ts";
import { startServe } from "../helpers/running-jam.ts";
import { startUpstream, type Fault } from "../helpers/upstream.ts";
import { Client, type Received } from "./client.ts";
import { growthOf, meanOf, openFiles, takeSample, thirdsOf, type Sample } from "./memory.ts";
import { ServerLog } from "./server-log.ts";

const CLIENTS = 200;
const TARBALL_BYTES = 400_000;
/** Tarballs that the quota has room for. */
const ROOM = 8;
const UP_MS = 15_000;
const DOWN_MS = 8_000;
const SAMPLE_MS = 5_000;
/** A line is printed for each so many samples. */
const PRINTED = 6;
/** Idle connections to upstream are closed after 5 s; those of the refresh, every 2 s, remain. */
const AFTER_MS = 7_000;
const MAX_KEPT = 8;
/** SQLite keeps one more descriptor of a file that it has locked, when something asks who has the lock. Source: os_unix.c, unixClose */
const MAX_LOCK = 1;

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
  cache: { refresh: "PT2S", quota: ROOM * TARBALL_BYTES },
  fetch: { retries: 1, idleTimeout: "PT5S" },
});
const log = new ServerLog();
await using server = await startServe(mirror.folder, [], log.take);

const tarballs = upstream.tree.listings.map(({ item }) => item);
const counts: Record<string, number> = {};
const faults: string[] = [];
const breaks: { readonly client: string; readonly received: Received }[] = [];
const count = (what: string, by = 1) => (counts[what] = (counts[what] ?? 0) + by);

/** Counts an answer, and keeps one that broke to be explained when the log of the server has come. */
function take(client: Client, what: string, received: Received): void {
  const { path, status, code, isWhole } = received;
  if (status !== 0 && isWhole) count(`${what} ${status} ${code}`.trimEnd());
  else breaks.push({ client: client.name, received });
  if (![0, 200, 503].includes(status)) faults.push(`${path} answered ${status}`);
}

async function work(name: string, end: number): Promise<void> {
  const client = new Client(server.url, name);
  while (Date.now() < end) {
    const index = await client.get("/tools/streams/v1/index2.json");
    take(client, "index", index);
    // Something is held from the first seconds on.
    if (index.status === 503)
      faults.push(`the index answered 503 ${index.code} after ${secondsSince(start)} s`);
    // Few versions are in use, and each of the others now and then.
    const item = tarballs[Math.floor(Math.random() ** 3 * tarballs.length)];
    if (item === undefined) return;
    const tarball = await client.get(`/tools/${item.path}`);
    take(client, "tarball", tarball);
    if (tarball.isWhole && tarball.status === 200 && tarball.sha256 !== item.sha256)
      faults.push(`${item.path} has wrong bytes`);
    await sleep(200 + Math.random() * 800);
  }
  count("sent again, as Go does", client.retries);
  client.close();
}

/** How upstream is away: answers with an error, breaks off at the start, or in the middle of tarballs. */
const OUTAGES: readonly Fault[] = [
  { kind: "status", status: 503 },
  { kind: "cut", at: 0, how: "rst" },
  { kind: "cut", at: 150_000, how: "rst" },
];

async function flap(end: number): Promise<void> {
  for (let outages = 0; Date.now() < end; outages += 1) {
    await sleep(UP_MS);
    upstream.fault(/^/, OUTAGES[outages % OUTAGES.length] as Fault);
    await sleep(DOWN_MS);
    upstream.clearFaults();
    upstream.clearRequests();
    count("times that the line was down");
  }
}

/** A connection that broke is right where upstream broke off: nobody may get a whole answer then. Everything else is a fault. */
function explain(client: string, received: Received): void {
  const { path, status, bytes, broke, isReused } = received;
  const cut = log.cutOf(client, received);
  const reason = cut?.error?.details?.reason ?? cut?.error?.code ?? "";
  if (reason.startsWith("JAM_UPSTREAM_")) {
    count(`cut off: ${reason}`);
    return;
  }
  const how = `${status === 0 ? "no headers" : `${status} and ${bytes} bytes`}, ${isReused ? "kept" : "new"} connection, ${broke || "ended early"}`;
  count(`cut off: ${reason || "unexplained"}`);
  faults.push(
    `${path} broke for ${client} (${how}): ${cut === undefined ? "not in the log" : JSON.stringify(cut)}`,
  );
}

const mib = (bytes: number) => Math.round(bytes / 2 ** 20);
const print = (text: string) => void process.stdout.write(`${text}\n`);
const secondsSince = (time: number) => Math.round((Date.now() - time) / 1000);
const readMetrics = async () => (await fetch(`${server.url}/metrics`)).text();
const measure = async () => takeSample(server.pid, await readMetrics(), secondsSince(start));

function describe({ seconds, rss, mappings, heap, external, files }: Sample): string {
  const { heap: brk, arenas, anonymous } = mappings;
  return `${seconds} s  ${mib(rss)} MiB (malloc ${mib(brk)}, its threads ${mib(arenas)}, anonymous ${mib(anonymous)}; V8 ${mib(heap)}, external ${mib(external)})  ${files} files`;
}

const countHeld = async () =>
  (await readdir(`${mirror.data}/blobs/sha256`, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  ).length;

const start = Date.now();
const end = start + minutes * 60_000;
const samples: Sample[] = [];
let mostHeld = 0;
const idle = await measure();
const before = await openFiles(server.pid, mirror.folder);
const running = Promise.all([
  flap(end),
  ...Array.from({ length: CLIENTS }, (_, number) => work(`soak-${number}`, end)),
]);
while (Date.now() < end) {
  await sleep(Math.min(SAMPLE_MS, Math.max(0, end - Date.now())));
  const one = await measure();
  samples.push(one);
  mostHeld = Math.max(mostHeld, await countHeld());
  if (samples.length % PRINTED === 0) print(`${describe(one)}  ${JSON.stringify(counts)}`);
}
await running;
upstream.clearFaults();
await sleep(AFTER_MS);
const after = await measure();
const left = await openFiles(server.pid, mirror.folder);
for (const { client, received } of breaks) explain(client, received);
for (const answer of log.failuresOf("/tools/streams/v1/index2.json"))
  print(`index: ${JSON.stringify(answer)}`);

print((await readMetrics()).match(/^jam_(?:cache|damaged|http_conn).*$/gm)?.join("\n") ?? "");
print(`notes of the server: ${log.notes.length}, the last: ${log.notes.slice(-3).join(" ")}`);
print(JSON.stringify(counts, undefined, 1));
const [first, middle, last] = thirdsOf(samples).map((part) => mib(meanOf(part.map(({ rss }) => rss))));
print(
  `memory: ${mib(idle.rss)} MiB before, ${first} MiB in the first third, ${middle} MiB in the second, ${last} MiB in the last, ${mib(after.rss)} MiB after`,
);
for (const { what, from, to, isTooMuch } of growthOf(samples)) {
  const how = `${what}: ${mib(from)} MiB in the second third, ${mib(to)} MiB in the last, ${(100 * (to / from - 1)).toFixed(1)} %`;
  print(how);
  if (isTooMuch) faults.push(`memory grows: ${how}`);
}
print(
  `open files: ${idle.files} before, ${Math.max(...samples.map(({ files }) => files))} at most, ${after.files} after: ${JSON.stringify(left)}`,
);
const held = await countHeld();
print(
  `tarballs held: ${mostHeld} at most, ${held} after, of ${tarballs.length}; the quota has room for ${ROOM}`,
);
// While tarballs come, there may be as many again.
if (held > ROOM || mostHeld > 2 * ROOM) faults.push(`${mostHeld} tarballs were held, and ${held} after`);
for (const [kind, number] of Object.entries(left)) {
  const more = kind === "socket:" ? MAX_KEPT : kind.endsWith("lock.db") ? MAX_LOCK : 0;
  const allowed = (before[kind] ?? 0) + more;
  if (number > allowed)
    faults.push(`${number} open files of the kind ${kind}, ${before[kind] ?? 0} were before`);
}
if (/^jam_damaged_tarballs_total [^0]/m.test(await readMetrics())) faults.push("tarballs were found damaged");
for (const fault of new Set(faults)) print(`FAULT: ${fault}`);
process.exitCode = faults.length > 0 ? 1 : 0;

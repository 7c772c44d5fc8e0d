import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { download, startCacheServer, type CacheServer, type Got } from "./cache-server.ts";
import { Faults, wholeBlobs } from "./invariants.ts";
import { until } from "../helpers/until.ts";
import { runSteadyJam } from "./jam.ts";
import { forksOf, openMirror } from "./mirror.ts";
import type { StageOptions } from "./stage.ts";
import type { SampleUpstream } from "../peers/sample-upstream/server.ts";

const RELEASES = ["3.6.25", "3.6.26", "3.6.27"];

/** Tarballs that the quota has room for. */
const ROOM = 2;

/** A tarball as upstream lists it. */
interface Listed {
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
}

/** A mirror in cache mode that knows what upstream offers and holds nothing of it; its quota has room for two tarballs. */
export interface CacheStage extends AsyncDisposable {
  readonly upstream: SampleUpstream;
  readonly listed: readonly Listed[];
  fork(): Promise<string>;
  /** Downloads all tarballs through a server, one after the other, so that the first one has to go again. */
  pullAll(server: CacheServer): Promise<Got[]>;
  /** Looks at what a killed server left, starts another one on it and downloads everything. */
  examine(folder: string, got: readonly Got[]): Promise<string[]>;
}

/** Sets the stage: an upstream, a synced offer and nothing else. */
export async function setCacheStage(options: StageOptions = {}): Promise<CacheStage> {
  const { tarballBytes = 200_000 } = options;
  const home = await mkdtemp(join(tmpdir(), "jam-crash-cache-"));
  const golden = join(home, "golden");
  const plan = { before: [], now: RELEASES, retention: { snapshots: 20, grace: "PT6H" } };
  const { upstream } = await openMirror(golden, plan, { ...options, tarballBytes });
  const settings = join(golden, "jam.yaml");
  const text = JSON.parse(await readFile(settings, "utf8")) as Record<string, unknown>;
  const quota = `${Math.ceil(tarballBytes * (ROOM + 0.7))}B`;
  await writeFile(settings, JSON.stringify({ ...text, mode: "cache", cache: { quota } }));
  const { status, stderr } = await runSteadyJam(golden, ["sync", "--quiet", "--progress", "none"]);
  if (status !== 0) throw new Error(`The sync before the crash ended with ${status}: ${stderr}`);
  const fork = forksOf(home);
  const listed = await listedBy(golden);
  const stage = { upstream, listed };
  return {
    ...stage,
    fork: () => fork(golden),
    pullAll: (server) => pullAll(stage, server),
    examine: (folder, got) => examine(stage, folder, got),
    async [Symbol.asyncDispose]() {
      await upstream.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

type Known = Pick<CacheStage, "upstream" | "listed">;

/** What a server of this folder lists to its clients. */
async function listedBy(folder: string): Promise<Listed[]> {
  const server = await startCacheServer(folder);
  if (server === undefined) throw new Error("The server ended.");
  const url = `${server.url}/tools/streams/v1`;
  const index = (await (await fetch(`${url}/index2.json`)).json()) as {
    index: Record<string, { path: string }>;
  };
  const listed = new Map<string, Listed>();
  for (const { path } of Object.values(index.index)) {
    const file = await (await fetch(`${server.url}/tools/${path}`)).text();
    for (const [item] of file.matchAll(/\{[^{}]*"sha256"[^{}]*\}/g)) {
      const found = JSON.parse(item) as Listed;
      listed.set(found.path, found);
    }
  }
  await server.kill("SIGTERM");
  if (listed.size < RELEASES.length) throw new Error(`Only ${listed.size} tarballs are listed.`);
  return [...listed.values()];
}

async function pullAll({ listed }: Known, server: CacheServer): Promise<Got[]> {
  const got: Got[] = [];
  for (const { path } of listed) {
    got.push(
      ...(await Promise.all([
        download(server.url, path),
        download(server.url, path, { range: "bytes=0-999" }),
      ])),
    );
  }
  return got;
}

/** Names what a client must not have got: a whole answer with other bytes than upstream lists. */
export function wrongAnswers(listed: readonly Listed[], got: readonly Got[]): string[] {
  return got
    .filter(({ path, status, isWhole, bytes }) => {
      const sha256 = listed.find((one) => one.path === path)?.sha256;
      return isWhole && status === 200 && createHash("sha256").update(bytes).digest("hex") !== sha256;
    })
    .map(({ path }) => `A client got a whole answer with wrong bytes for ${path}`);
}

async function examine(stage: Known, folder: string, got: readonly Got[]): Promise<string[]> {
  const data = join(folder, "data");
  const faults = new Faults();
  for (const fault of wrongAnswers(stage.listed, got)) faults.note(fault);
  const held = await faults.of(wholeBlobs(data), new Set<string>());
  for (const sha256 of held) {
    if (!(await notedBlobs(data)).has(sha256)) faults.note(`Blob ${sha256} is here without a note`);
  }
  const partial = await partialBytes(data);
  stage.upstream.clearRequests();
  const server = await startCacheServer(folder);
  if (server === undefined) throw new Error("The server after the kill ended.");
  const kept = await faults.of(keptOf(held, data), new Set<string>());
  // What is here first: the others make room for themselves.
  const isHere = ({ sha256 }: Listed) => kept.has(sha256);
  const order = [...stage.listed.filter(isHere), ...stage.listed.filter((one) => !isHere(one))];
  for (const { path, sha256, size } of order) {
    const before = stage.upstream.requests.length;
    const again = await download(server.url, path);
    const isRight = createHash("sha256").update(again.bytes).digest("hex") === sha256;
    if (!isRight || again.bytes.length !== size) faults.note(`${path} is not served: ${again.status}`);
    // The server asks for metadata meanwhile.
    const requests = stage.upstream.requests.slice(before).filter((one) => one.startsWith(`GET ${path}`));
    if (kept.has(sha256) && requests.length > 0)
      faults.note(`${path} was fetched again although it was here`);
    const received = partial.get(sha256) ?? 0;
    if (
      received > 0 &&
      received < size &&
      !held.has(sha256) &&
      requests[0] !== `GET ${path} bytes=${received}-`
    )
      faults.note(`${path} was not resumed at ${received}, but: ${requests.join(", ")}`);
  }
  await server.kill("SIGTERM");
  await faults.of(checkEnd(data), undefined);
  return faults.found;
}

/**
 * What the next server keeps: a tarball that has come is there before another one goes for it, and a server that was killed
 * in between leaves one more than there is room for.
 */
async function keptOf(held: ReadonlySet<string>, data: string): Promise<Set<string>> {
  // One that goes while it is read is looked for again.
  const isRoom = async () => ((await wholeBlobs(data).catch(() => undefined))?.size ?? Infinity) <= ROOM;
  await until(isRoom);
  const kept = await wholeBlobs(data);
  if (kept.size < Math.min(ROOM, held.size))
    throw new Error(`Only ${kept.size} of ${held.size} tarballs are left`);
  return kept;
}

async function checkEnd(data: string): Promise<void> {
  const held = await wholeBlobs(data);
  const noted = await notedBlobs(data);
  for (const sha256 of held) if (!noted.has(sha256)) throw new Error(`Blob ${sha256} has no note in the end`);
  const partial = await partialBytes(data);
  if (partial.size > 0) throw new Error(`Left on the way: ${[...partial.keys()].join(", ")}`);
}

async function notedBlobs(data: string): Promise<Set<string>> {
  const text = await readFile(join(data, "state/cached.json"), "utf8").catch(() => '{"blobs":[]}');
  return new Set((JSON.parse(text) as { blobs: Listed[] }).blobs.map(({ sha256 }) => sha256));
}

async function partialBytes(data: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const name of await readdir(join(data, "partial")).catch(() => [])) {
    const sha256 = /^([0-9a-f]{64})\.cache\.part$/.exec(name)?.[1];
    if (sha256 !== undefined) sizes.set(sha256, (await stat(join(data, "partial", name))).size);
  }
  return sizes;
}

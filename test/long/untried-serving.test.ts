/** Serving where it is hard: as another user, from a read-only disk, and while a prune deletes what is being fetched. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readlinkSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { Agent, get, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MissingFile, walkTree, type Published } from "../helpers/published.ts";
import type { Finished } from "../helpers/jam-process.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { AS_NOBODY, peer } from "../helpers/peers.ts";
import { startServe } from "../helpers/running-jam.ts";
import { buildSampleTree, itemPath, startUpstream, type TestUpstream } from "../helpers/upstream.ts";

const users = peer("users");
const mounts = peer("mounts");
const HOUR_MS = 3_600_000;
const common = { arches: ["amd64"], oses: ["ubuntu"], streams: ["released"] } as const;

const hoursAgo = (hours: number): Date => new Date(Date.now() - hours * HOUR_MS);

let upstream: TestUpstream;

beforeAll(async () => {
  upstream = await startUpstream({ ...common, releases: ["3.6.26", "3.6.27"] });
});

afterAll(async () => upstream[Symbol.asyncDispose]());

/** What a client of the server finds, every document and tarball fetched and checked. */
function walkServed(url: string): Promise<Published> {
  return walkTree(async (path) => {
    const answer = await fetch(`${url}/tools/${path}`);
    const body = Buffer.from(await answer.arrayBuffer());
    if (answer.status === 200) return body;
    if (answer.status === 404) return undefined;
    throw new Error(`${path}: status ${answer.status}: ${String(body)}`);
  });
}

const statusOf = async (url: string, path: string): Promise<number> => {
  const answer = await fetch(`${url}${path}`);
  await answer.arrayBuffer();
  return answer.status;
};

/** A mirror in a folder that other users may enter, as /srv is. */
async function openMirror(from: Pick<TestUpstream, "url" | "tree">): Promise<TestMirror> {
  const mirror = await temporaryMirror(from, {
    retention: { snapshots: 1, grace: "PT0S", maxRemoval: "100%" },
  });
  await chmod(mirror.folder, 0o755);
  return mirror;
}

const syncWith = (umask: string, mirror: TestMirror): Promise<Finished> =>
  mirror.start(["sync", "--quiet"], { wrapper: ["sh", "-c", `umask ${umask}; exec "$@"`, "sh"] }).finished;

const asNobody = (mirror: TestMirror, ...args: readonly string[]): Promise<Finished> =>
  mirror.start(args, { wrapper: AS_NOBODY }).finished;

describe.skipIf(users.isMissing)(`a server of another user${users.note}`, () => {
  test("shows all of what root synced; commands that write there are refused", async () => {
    await using mirror = await openMirror(upstream);
    expect((await syncWith("022", mirror)).status).toBe(0);
    await using server = await startServe(mirror.folder, AS_NOBODY);
    expect(await walkServed(server.url)).toEqual(await mirror.published());
    expect(await statusOf(server.url, "/readyz")).toBe(200);
    for (const args of [["list"], ["status"], ["which", "3.6.26"]])
      expect({ args, ...(await asNobody(mirror, ...args)) }).toMatchObject({ status: 0, stderr: "" });
    for (const args of [["sync"], ["prune"]])
      expect({ args, ...(await asNobody(mirror, ...args)) }).toMatchObject({
        status: 2,
        stderr: expect.stringMatching(/Cannot write .*: permission denied .*JAM_STORE_PERMISSION/),
      });
    expect(await walkServed(server.url)).toEqual(await mirror.published());
  });

  test("does not start on what a umask of 077 keeps from it, and every command names the path", async () => {
    await using mirror = await openMirror(upstream);
    expect((await syncWith("077", mirror)).status).toBe(0);
    for (const args of [["serve", "--listen", "127.0.0.1:0"], ["list"], ["status"]])
      expect({ args, ...(await asNobody(mirror, ...args)) }).toMatchObject({
        status: 2,
        stdout: "",
        stderr: expect.stringMatching(/Cannot read .*data\/format: permission denied [^]*`jam check`/),
      });
    expect(await asNobody(mirror, "check")).toMatchObject({
      status: 2,
      stdout: expect.stringMatching(/fail +mirror +Cannot read .*data\/format: permission denied/),
    });
    expect(await mirror.jam("check")).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/warn +permissions +only the owner can read [^]*chmod -R go\+rX/),
    });
  });

  test("keeps to the last set it can read when the next one is kept from it", async () => {
    await using own = await startUpstream({ ...common, releases: ["3.6.26"], now: hoursAgo(1) });
    await using mirror = await openMirror(own);
    expect((await syncWith("022", mirror)).status).toBe(0);
    await using server = await startServe(mirror.folder, AS_NOBODY);
    const before = await walkServed(server.url);
    own.publish(upstream.tree);
    expect((await syncWith("077", mirror)).status).toBe(0);
    expect(await walkServed(server.url)).toEqual(before);
    expect(await statusOf(server.url, "/readyz")).toBe(503);
    await expect
      .poll(server.log)
      .toMatch(/"url":"\/readyz","status":503.*Cannot read [^"]*snapshots\/[^"]*permission denied/);
    expect((await mirror.jam("check")).stdout).toContain("chmod -R go+rX");

    // The documents alone are put right: a tarball that cannot be read is refused, the others are sent.
    const documents = ["snapshots", "catalogue"].map((kind) => join(mirror.data, kind));
    execFileSync("chmod", ["-R", "go+rX", ...documents]);
    expect(await statusOf(server.url, `/tools/${itemPath(upstream, "3.6.26")}`)).toBe(200);
    expect(await statusOf(server.url, `/tools/${itemPath(upstream, "3.6.27")}`)).toBe(503);
    await expect
      .poll(server.log)
      .toMatch(/juju-3\.6\.27.*Cannot open [^"]*blobs\/sha256[^"]*permission denied/);
    execFileSync("chmod", ["-R", "go+rX", mirror.data]);
    expect(await walkServed(server.url)).toEqual(await mirror.published());
    expect(await statusOf(server.url, "/readyz")).toBe(200);
  });
});

/** Runs a command that sees the data directory as a copy on a disk of its own, which is read-only. */
const ON_READ_ONLY_DISK = [
  "unshare",
  "-m",
  "sh",
  "-c",
  'set -e; mount -t tmpfs -o size=256m tmpfs data; cp -a golden/. data; mount -o remount,ro data; exec "$@"',
  "sh",
];

test.skipIf(mounts.isMissing)(
  `a read-only disk is served as it is, and what writes is refused${mounts.note}`,
  async () => {
    await using own = await startUpstream({ ...common, releases: ["3.6.26"], now: hoursAgo(1) });
    await using mirror = await openMirror(own);
    await mirror.sync();
    const golden = await mirror.published();
    execFileSync("cp", ["-a", mirror.data, join(mirror.folder, "golden")]);
    own.publish(upstream.tree);
    await using server = await startServe(mirror.folder, ON_READ_ONLY_DISK);
    expect(await walkServed(server.url)).toEqual(golden);
    // In the server's own view of the disks.
    const inside = (...args: readonly string[]): Promise<Finished> => {
      const enter = ["nsenter", "-t", `${server.pid}`, "-m", "sh", "-c", 'cd "$1"; shift; exec "$@"', "sh"];
      return mirror.start(args, { wrapper: [...enter, mirror.folder] }).finished;
    };
    for (const args of [["sync"], ["sync", "--quiet"], ["prune"]])
      expect({ args, ...(await inside(...args)) }).toMatchObject({
        status: 2,
        stderr: expect.stringMatching(
          /the disk is read-only [^]*JAM_STORE_PERMISSION[^]*Mount it for writing/,
        ),
      });
    for (const args of [["list"], ["status"], ["sync", "--dry-run"], ["prune", "--dry-run"]])
      expect({ args, ...(await inside(...args)) }).toMatchObject({ args, status: 0 });
    expect(await inside("check")).toMatchObject({
      status: 2,
      stdout: expect.stringMatching(/fail +permissions .*the disk is read-only/),
    });
    expect(await walkServed(server.url)).toEqual(golden);
    expect(await statusOf(server.url, "/readyz")).toBe(200);
  },
);

interface Download {
  readonly path: string;
  /** Null where no answer came. */
  readonly status: number | null;
  readonly bytes: number;
  readonly sha256: string;
  /** What broke it off, if anything. */
  readonly error?: unknown;
}

/** Takes little by little what comes, and all of it at once when `hurry` is aborted. */
async function downloadSlowly(
  base: string,
  path: string,
  { agent, hurry }: { readonly agent: Agent; readonly hurry: AbortSignal },
): Promise<Download> {
  const hash = createHash("sha256");
  let bytes = 0;
  let status: number | null = null;
  const result = () => ({ path, status, bytes, sha256: hash.copy().digest("hex") });
  try {
    const answer = await new Promise<IncomingMessage>((done, fail) => {
      get(`${base}/tools/${path}`, { agent }, done).once("error", fail);
    });
    status = answer.statusCode ?? null;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
      if (!hurry.aborted) await sleep(2_000, undefined, { signal: hurry }).catch(() => undefined);
    }
    return result();
  } catch (error) {
    return { ...result(), error };
  }
}

/** Deleted tarballs that the server still has open: what is being fetched and is not in the store any longer. */
function deletedOpenBlobs(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).filter((fd) => {
    try {
      return /\/blobs\/.* \(deleted\)$/.test(readlinkSync(join(folder, fd)));
    } catch {
      return false;
    }
  }).length;
}

/**
 * Walks the index over and over until `signal` is aborted; resolves to the sets of versions that it saw, in order.
 * A walk may miss something only when the index was replaced under it.
 */
async function walkAgainAndAgain(url: string, signal: AbortSignal): Promise<readonly string[]> {
  const seen: string[] = [];
  const readIndex = async () => (await fetch(`${url}/tools/streams/v1/index2.json`)).text();
  while (!signal.aborted) {
    const before = await readIndex();
    try {
      const versions = (await walkServed(url)).agents.map((name) => name.replace(/-.*/, ""));
      seen.push([...new Set(versions)].join());
    } catch (error) {
      if (!(error instanceof MissingFile) || (await readIndex()) === before) throw error;
    }
    await sleep(20);
  }
  return [...new Set(seen)];
}

test("200 slow downloads end whole or refused while what they fetch is replaced and pruned", async () => {
  const sets = [
    ["3.6.25", "3.6.26"],
    ["3.6.26", "3.6.27"],
    ["3.6.27", "4.0.15"],
  ] as const;
  const trees = await Promise.all(
    sets.map((releases, at) =>
      buildSampleTree({ ...common, releases, tarballBytes: 8_000_000, now: hoursAgo(sets.length - at) }),
    ),
  );
  const [first, ...later] = trees;
  await using own = await startUpstream({ tree: first! });
  await using mirror = await openMirror(own);
  expect((await mirror.jam("sync", "--quiet")).status).toBe(0);
  await using server = await startServe(mirror.folder);
  const hurry = new AbortController();
  const done = new AbortController();
  using agent = Object.assign(new Agent({ maxSockets: Infinity }), {
    [Symbol.dispose]: () => agent.destroy(),
  });
  const walks = walkAgainAndAgain(server.url, done.signal);
  walks.catch(() => undefined);
  const begin = (path: string) => downloadSlowly(server.url, path, { agent, hurry: hurry.signal });

  const paths = [...first!.items.keys()];
  const downloads = Array.from({ length: 120 }, (_, at) => begin(paths[at % paths.length]!));
  await sleep(1_000);
  // The others begin one by one while sets change.
  const late = (async () => {
    const all = [...new Set(trees.flatMap(({ items }) => [...items.keys()]))];
    for (let at = 0; at < 80; at += 1) {
      downloads.push(begin(all[at % all.length]!));
      await sleep(50);
    }
  })();
  for (const tree of later) {
    own.publish(tree);
    expect(await mirror.jam("sync", "--quiet")).toMatchObject({ status: 0 });
  }
  expect(await mirror.jam("prune")).toMatchObject({ status: 0 });
  await late;
  const open = deletedOpenBlobs(server.pid);
  hurry.abort();
  const ended = await Promise.all(downloads);
  done.abort();
  const seen = await walks;

  const known = new Map(
    trees.flatMap(({ items }) => [...items].map(([path, item]) => [path, item] as const)),
  );
  const sent = ended.filter(({ status }) => status === 200);
  const wrong = ended.filter(({ path, status, bytes, sha256, error }) => {
    const item = known.get(path);
    if (status === 200) return error !== undefined || bytes !== item?.size || sha256 !== item.sha256;
    return error !== undefined || (status !== 404 && status !== 503);
  });
  expect(wrong).toEqual([]);
  expect(ended.length).toBe(200);
  expect(sent.length).toBeGreaterThanOrEqual(120);
  // Else the downloads were over before the prune, and nothing was tried.
  expect(open).toBeGreaterThan(0);
  // Whole sets only, from the first on.
  expect(sets.map((versions) => versions.join())).toEqual(expect.arrayContaining([...seen]));
  expect(seen[0]).toBe(sets[0].join());
  expect(server.log()).not.toContain("JAM_STORE_CORRUPT");
  expect(await statusOf(server.url, `/tools/${itemPath({ tree: first! }, "3.6.25")}`)).toBe(404);
  expect(await walkServed(server.url)).toEqual(await mirror.published());
});

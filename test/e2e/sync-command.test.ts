import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { startProxy } from "../helpers/start-proxy.ts";
import { buildSampleTree, itemPath, localhostTls, startUpstream } from "../helpers/upstream.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";

const options = { arches: ["amd64"], oses: ["ubuntu"], streams: ["released"] } as const;
const older = await buildSampleTree({
  ...options,
  releases: ["3.6.26"],
  now: new Date(Date.now() - 3_600_000),
});
const newer = await buildSampleTree({ ...options, releases: ["3.6.26", "3.6.27", "4.0.15"] });
const QUIET = ["sync", "--quiet", "--progress", "none"];

async function waitFor(isSo: () => boolean): Promise<void> {
  while (!isSo()) await pause(20);
}

/** Every file below a folder with its hash, every link with its target. */
async function contentOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const lines = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    if (entry.isSymbolicLink()) return `${path} -> ${await readlink(path)}`;
    if (!entry.isFile()) return path;
    return `${path} ${createHash("sha256")
      .update(await readFile(path))
      .digest("hex")}`;
  });
  return (await Promise.all(lines)).sort();
}

test("a second run at the same time ends with 6 and names the first", async () => {
  await using upstream = await startUpstream({ tree: newer });
  upstream.fault(/tgz$/, { kind: "stall", at: 100 });
  await using mirror = await temporaryMirror(upstream, { fetch: { idleTimeout: "PT30S" } });
  const first = mirror.start(QUIET);
  await waitFor(() => upstream.requests.some((request) => request.endsWith(".tgz")));
  const second = await mirror.jam("sync", "-o", "json");
  expect(second.status).toBe(6);
  expect(JSON.parse(second.stdout)).toMatchObject({
    error: {
      code: "JAM_STORE_LOCKED",
      details: { pid: first.pid, host: hostname(), command: "jam sync", since: expect.stringMatching(/^20/) },
    },
  });
  first.kill("SIGKILL");
  await first.finished;
  upstream.clearFaults();
  expect((await mirror.jam(...QUIET)).status).toBe(0);
  expect((await mirror.published()).agents).toHaveLength(3);
});

test("a dry run changes nothing and says what the next run does", async () => {
  await using upstream = await startUpstream({ tree: older });
  await using mirror = await temporaryMirror(upstream, { select: [{ stream: "released", keep: 1 }] });
  await mirror.sync();
  upstream.publish(newer);
  const before = await contentOf(mirror.data);
  upstream.clearRequests();
  const dry = await mirror.jam(
    "sync",
    "--dry-run",
    "-o",
    "json",
    "--save-plan",
    "plan.json",
    "--detailed-exitcode",
  );
  expect(dry.status).toBe(10);
  expect(await contentOf(mirror.data)).toEqual(before);
  expect(upstream.requests.some((request) => request.includes(".tgz"))).toBe(false);

  const { plan } = JSON.parse(dry.stdout) as {
    plan: {
      fetch: { agent: string; path: string; size: number; sha256: string }[];
      remove: unknown[];
      bytes: number;
    };
  };
  expect(JSON.parse(await readFile(join(mirror.folder, "plan.json"), "utf8"))).toMatchObject({ plan });
  upstream.clearRequests();
  const run = JSON.parse((await mirror.jam("sync", "-o", "json")).stdout) as {
    fetched: { agents: number; bytes: number };
    removals: unknown[];
  };
  const fetched = upstream.requests.filter((request) => request.endsWith(".tgz"));
  expect(fetched.toSorted()).toEqual(plan.fetch.map(({ path }) => `GET ${path}`).toSorted());
  expect(run.fetched).toEqual({ agents: plan.fetch.length, bytes: plan.bytes });
  expect(run.removals).toEqual(plan.remove);
});

test("a dry run before the first sync makes no data directory", async () => {
  await using upstream = await startUpstream({ tree: newer });
  await using mirror = await temporaryMirror(upstream);
  expect((await mirror.jam("sync", "--dry-run")).status).toBe(0);
  expect(await readdir(mirror.folder)).not.toContain("data");
});

test("--limit-rate holds the rate over all connections", async () => {
  const tree = await buildSampleTree({
    ...options,
    releases: ["3.6.25", "3.6.26", "3.6.27"],
    tarballBytes: 100_000,
  });
  await using upstream = await startUpstream({ tree });
  await using mirror = await temporaryMirror(upstream);
  const result = await mirror.jam(
    "sync",
    "--limit-rate",
    "150K",
    "--jobs",
    "3",
    "-o",
    "json",
    "--progress",
    "none",
  );
  expect(result.status).toBe(0);
  const { durationMs } = JSON.parse(result.stdout) as { durationMs: number };
  // 300 kB at 150 KiB/s, less what may come at once at the start.
  expect(durationMs).toBeGreaterThan(900);
});

test("goes through HTTP_PROXY, and around it for NO_PROXY", async () => {
  await using upstream = await startUpstream({ tree: older });
  await using proxy = await startProxy();
  await using mirror = await temporaryMirror(upstream);
  const through = await mirror.start(QUIET, { env: { HTTP_PROXY: proxy.url } }).finished;
  expect(through.status).toBe(0);
  expect(proxy.requests).toHaveLength(upstream.requests.length);
  const seen = proxy.requests.length;
  await mirror.start(QUIET, { env: { HTTP_PROXY: proxy.url, NO_PROXY: "127.0.0.1" } }).finished;
  expect(proxy.requests).toHaveLength(seen);
  proxy.refuse("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
  const refused = await mirror.start(QUIET, { env: { HTTP_PROXY: proxy.url } }).finished;
  expect(refused.status).toBe(9);
  expect(refused.stderr).toContain(String(proxy.port));
});

test("rule 12: takes an upstream whose certificate a configured CA signed, and no other", async () => {
  const tls = localhostTls();
  await using upstream = await startUpstream({ tree: older, tls });
  await using mirror = await temporaryMirror(upstream, { fetch: { retries: 0 } });
  const without = await mirror.jam("sync");
  expect(without.status).toBe(9);
  expect(without.stderr).toContain("JAM_UPSTREAM_TLS");
  await mirror.configure({ fetch: { caFile: tls.certFile } });
  expect((await mirror.jam(...QUIET)).status).toBe(0);
  expect((await mirror.published()).agents).toEqual(["3.6.26-ubuntu-amd64"]);
});

test("ends with 9 when upstream cannot be reached, and leaves the mirror alone", async () => {
  await using upstream = await startUpstream({ tree: older });
  await using mirror = await temporaryMirror(upstream);
  await mirror.sync();
  const { fingerprint } = await mirror.published();
  const result = await mirror.jam("sync", "--upstream", "http://127.0.0.1:9/");
  expect(result.status).toBe(9);
  expect((await mirror.published()).fingerprint).toBe(fingerprint);
});

/** Runs the command with its data directory on a file system of its own; comes back with what was there at the end. */
async function syncOnSmallDisk(mirror: TestMirror, megabytes: number, flag: string) {
  const script = `
    set -e
    cp -a data golden
    mount -t tmpfs -o size=${megabytes}m tmpfs data
    cp -a golden/. data
    (while [ ! -e ${flag} ]; do sleep 0.02; done; dd if=/dev/zero of=data/ballast bs=64k status=none 2>/dev/null || true) &
    status=0
    "$@" || status=$?
    touch ${flag}; wait
    rm -f data/ballast
    cp -a data result
    exit $status`;
  await mkdir(mirror.data, { recursive: true });
  const result = await mirror.start(QUIET, { wrapper: ["unshare", "-m", "sh", "-c", script, "sh"] }).finished;
  await cp(join(mirror.folder, "result"), mirror.data, {
    recursive: true,
    verbatimSymlinks: true,
    force: true,
  });
  return result;
}

const canMount = process.getuid?.() === 0;

test.runIf(canMount)("ends with 8 before it fetches anything when the disk is too small", async () => {
  await using upstream = await startUpstream({ tree: older });
  await using mirror = await temporaryMirror(upstream);
  await mirror.sync();
  const { fingerprint } = await mirror.published();
  upstream.publish(newer);
  upstream.clearRequests();
  const { status, stderr } = await syncOnSmallDisk(mirror, 20, "never");
  expect(status).toBe(8);
  expect(stderr).toMatch(/needs .* has .* free/);
  expect(upstream.requests.some((request) => request.includes(".tgz"))).toBe(false);
  expect((await mirror.published()).fingerprint).toBe(fingerprint);
});

test.runIf(canMount)(
  "a disk that fills up during the run ends it, and what was published stays",
  async () => {
    const large = await buildSampleTree({
      ...options,
      releases: ["3.6.26", "3.6.27", "4.0.15"],
      tarballBytes: 700_000,
    });
    await using upstream = await startUpstream({ tree: older });
    await using mirror = await temporaryMirror(upstream, { fetch: { jobs: 1, retries: 0 } });
    await mirror.sync();
    const { fingerprint } = await mirror.published();
    upstream.publish(await withOnlyNew(large));
    upstream.fault(/tgz$/, { kind: "trickle", bytesPerSecond: 500_000 });
    upstream.onRequest(({ path }) => {
      if (path.endsWith(".tgz")) void writeFile(join(mirror.folder, "full"), "");
    });
    const { status, stderr } = await syncOnSmallDisk(mirror, 80, "full");
    expect(status, stderr).toBe(8);
    expect((await mirror.published()).fingerprint).toBe(fingerprint);
    upstream.clearFaults();
    expect((await mirror.jam(...QUIET)).status).toBe(0);
  },
);

/** The held tarball stays as it is; only the new ones are large. */
async function withOnlyNew(large: typeof newer): Promise<typeof newer> {
  const path = itemPath({ tree: older }, "3.6.26");
  const { sha256, size, md5, source } = older.items.get(path) as NonNullable<
    ReturnType<typeof older.items.get>
  >;
  const bytes = await source.read(0, Buffer.alloc(size));
  const edited = await large.withEdited("streams/v1/com.ubuntu.juju-released-agents.json", (document) => {
    for (const { versions } of Object.values(document.products)) {
      for (const { items } of Object.values(versions)) {
        for (const item of Object.values(items))
          if (item["path"] === path) Object.assign(item, { sha256, size, md5 });
      }
    }
  });
  return edited.withItem(path, bytes);
}

/** Disks that fill while jam writes to them: real file systems, another process that takes the space. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readFolderBytes } from "../fuzz/bundle/folder-state.ts";
import { sha256Of } from "../../src/shared/sha256.ts";
import { readPublished } from "../helpers/published.ts";
import { airGap } from "../helpers/air-gap.ts";
import { runProcess, temporaryFolder } from "../helpers/jam-process.ts";
import { temporaryMirror } from "../helpers/mirror.ts";
import { peer } from "../helpers/peers.ts";
import { startServe, type RunningJam } from "../helpers/running-jam.ts";
import { smallDisk, type SmallDisk } from "../helpers/small-disk.ts";
import { buildSampleTree, itemPath, startUpstream, type TestUpstream } from "../helpers/upstream.ts";

const mounts = peer("mounts");
const cc = peer("cc");
const MIB = 2 ** 20;
/** Room for the 64 MiB that jam keeps free and for the tarballs: what is checked before a run begins is satisfied. */
const ROOMY = "96m";
const TREE = { arches: ["amd64"], oses: ["ubuntu"], families: ["agents"], streams: ["released"] } as const;
const TARBALL = { ...TREE, tarballBytes: 2 * MIB };
/** Enough for a run to take some time. */
const MANY = {
  ...TARBALL,
  tarballBytes: 5 * MIB,
  releases: ["3.6.26", "3.6.27", "4.0.15", "4.0.16", "2.9.60", "2.9.61"],
};

/** Tarballs go on from one volume to the next. */
const VOLUMES = ["--volume-size", "3MiB"] as const;

/** Resolves when `holds` does; the time limit is the test's. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(1);
}

/** Requests for tarballs since the last `clearRequests`. */
function tarballRequests({ records }: TestUpstream) {
  return records.filter(({ path }) => path.endsWith(".tgz"));
}

describe.skipIf(mounts.isMissing)(`a disk that fills in the middle of a run${mounts.note}`, () => {
  test("ends a sync with the place and what to do, shows the old snapshot, and the next one re-uses what came", async () => {
    await using upstream = await startUpstream({
      ...TARBALL,
      releases: ["3.6.26"],
      bytesPerSecondPerConnection: 4 * MIB,
    });
    await using mirror = await temporaryMirror(upstream, { fetch: { retries: 1, jobs: 1 } });
    await using disk = await smallDisk(mirror.data, ROOMY);
    const start = (...args: string[]) => mirror.start(args, { wrapper: disk.wrapper });
    expect(await start("sync").finished).toMatchObject({ status: 0 });
    const before = await readPublished(disk.path);
    upstream.publish(
      await buildSampleTree({
        ...TARBALL,
        releases: ["3.6.26", "3.6.27", "4.0.15", "4.0.16"],
        key: upstream.tree.key,
      }),
    );
    upstream.clearRequests();

    const sync = start("sync");
    await until(() => tarballRequests(upstream).some(({ bytesSent }) => bytesSent > 0));
    await disk.fill(3 * MIB);
    expect(await sync.finished).toMatchObject({
      status: 8,
      stderr: expect.stringMatching(
        new RegExp(`Cannot write ${mirror.data}/.*JAM_STORE_NO_SPACE[^]*next: {2}Free some space`),
      ),
    });
    expect(await readPublished(disk.path)).toEqual(before);
    const came = tarballRequests(upstream).filter(({ status, bytesSent }) => status === 200 && bytesSent > 0);

    upstream.clearRequests();
    await disk.empty();
    expect(await start("sync").finished).toMatchObject({ status: 0 });
    expect((await readPublished(disk.path)).agents).toHaveLength(4);
    // One was whole, one is taken up in the middle, one had not begun.
    expect(came).toHaveLength(2);
    const requests = upstream.requests.filter((line) => line.includes(".tgz")).sort();
    expect(requests).toEqual([
      expect.stringMatching(/^GET \S+\.tgz bytes=[1-9]\d*-$/),
      expect.stringMatching(/^GET \S+\.tgz$/),
    ]);
  });

  test("ends `bundle create` with what to do; finished volumes are kept, and the next run completes them", async () => {
    await using upstream = await startUpstream(MANY);
    await using gap = await airGap(upstream);
    await using disk = await smallDisk(gap.medium, ROOMY);
    const args = ["bundle", "create", "--to", gap.medium, "--volume-size", "8MiB"];
    const create = gap.near.start(args, { wrapper: disk.wrapper });
    await fillWhile(
      disk,
      create,
      () => namesIn(disk.path).filter((name) => /\.\d+\.tar/.test(name)).length > 1,
    );
    expect(await create.finished).toMatchObject({
      status: 8,
      stderr: expect.stringMatching(/medium is full[^]*JAM_MEDIUM_NO_SPACE[^]*next: {2}Use a larger medium/),
    });
    expect(namesIn(disk.path)).not.toContain("SHA256SUMS");
    const whole = timesOf(disk.path);
    expect(whole.size).toBeGreaterThan(0);

    await disk.empty();
    expect(await gap.near.start(args, { wrapper: disk.wrapper }).finished).toMatchObject({ status: 0 });
    const after = timesOf(disk.path);
    for (const [name, time] of whole) expect(after.get(name)).toBe(time);
    const brought = gap.far.start(["bundle", "import", gap.medium], { wrapper: disk.wrapper });
    expect(await brought.finished).toMatchObject({ status: 0 });
    expect((await gap.far.published()).agents).toEqual((await gap.near.published()).agents);
  });

  test("ends `bundle import` with what to do, shows what it showed before, and the next run completes it", async () => {
    await using upstream = await startUpstream({ ...TARBALL, releases: ["3.6.26"] });
    await using gap = await airGap(upstream);
    await using disk = await smallDisk(gap.far.data, "128m");
    const bring = (path: string) => gap.far.start(["bundle", "import", path], { wrapper: disk.wrapper });
    const [first, second] = [join(gap.medium, "first/"), join(gap.medium, "second/")] as const;
    await gap.done("near", "bundle", "create", "--to", first);
    expect(await bring(first).finished).toMatchObject({ status: 0 });
    const before = await readPublished(disk.path);
    upstream.publish(await buildSampleTree({ ...MANY, key: upstream.tree.key }));
    await gap.near.sync();
    await gap.done("near", "bundle", "create", "--to", second);

    const run = bring(second);
    await fillWhile(disk, run, () =>
      namesIn(join(disk.path, "partial")).some((name) => name.endsWith(".part")),
    );
    expect(await run.finished).toMatchObject({
      status: 8,
      stderr: expect.stringMatching(
        new RegExp(`Cannot write ${gap.far.data}/.*JAM_STORE_NO_SPACE[^]*next: {2}Free some space`),
      ),
    });
    expect(await readPublished(disk.path)).toEqual(before);

    await disk.empty();
    expect(await bring(second).finished).toMatchObject({ status: 0 });
    expect((await readPublished(disk.path)).agents).toEqual((await gap.near.published()).agents);
  });
});

test.skipIf(mounts.isMissing)(
  `a cache whose disk is full, or becomes full, passes tarballs on, and stores again when there is room${mounts.note}`,
  async () => {
    await using upstream = await startUpstream({
      ...TARBALL,
      tarballBytes: 12 * MIB,
      releases: ["3.6.26", "3.6.27", "4.0.15", "4.0.16"],
      bytesPerSecondPerConnection: 8 * MIB,
    });
    await using mirror = await temporaryMirror(upstream, { mode: "cache" });
    await using disk = await smallDisk(mirror.data, ROOMY);
    await using server = await startServe(mirror.folder, ["env", `HOME=${mirror.folder}`, ...disk.wrapper]);
    const expectWhole = async (version: string) => {
      const path = itemPath(upstream, version);
      const answer = await fetch(`${server.url}/tools/${path}`);
      const bytes = await answer.bytes();
      expect([answer.status, sha256Of(bytes)]).toEqual([200, upstream.tree.items.get(path)?.sha256]);
    };
    await expectWhole("3.6.26");
    await disk.fill(3 * MIB);
    await expectWhole("3.6.27");
    await disk.empty();

    const middle = expectWhole("4.0.15");
    await until(() =>
      tarballRequests(upstream).some(({ path, bytesSent }) => /4\.0\.15/.test(path) && bytesSent > 0),
    );
    // The cache takes some of the space while it is filled.
    await disk.fill(0).catch(() => undefined);
    await middle;
    await expectWhole("3.6.26");
    expect(server.log().match(/is passed on without being stored/g)).toHaveLength(2);
    expect(namesIn(join(disk.path, "partial")).filter((name) => name.endsWith(".part"))).toEqual([]);

    await disk.empty();
    await expectWhole("4.0.16");
    await expect.poll(server.log).toMatch(/4\.0\.16[^"]* was fetched for a client and is held now/);
  },
);

/** Stops the program as soon as `hasBegun`, fills the disk, and lets the program continue. */
async function fillWhile(disk: SmallDisk, running: RunningJam, hasBegun: () => boolean): Promise<void> {
  await until(hasBegun);
  running.kill("SIGSTOP");
  await disk.fill(MIB);
  running.kill("SIGCONT");
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** When each finished volume was last written. */
function timesOf(folder: string): Map<string, number> {
  const volumes = namesIn(folder).filter((name) => /\.\d+\.tar$/.test(name));
  return new Map(volumes.map((name) => [name, statSync(join(folder, name)).mtimeMs]));
}

describe.skipIf(cc.isMissing)(`a disk that takes a part of what is written${cc.note}`, () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let env: Record<string, string>;
  let log: string;

  beforeAll(async () => {
    folder = await temporaryFolder();
    const shim = join(folder.path, "short-writes.so");
    log = join(folder.path, "log");
    const source = join(import.meta.dirname, "../helpers/short-writes.c");
    const { status, stderr } = await runProcess("cc", ["-shared", "-fPIC", "-o", shim, source, "-ldl"]);
    expect(status, stderr).toBe(0);
    // libuv must make the calls that are intercepted.
    env = { LD_PRELOAD: shim, UV_USE_IO_URING: "0", SHORT_WRITES_LOG: log };
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  test("gets the same mirror as any other", async () => {
    await using upstream = await startUpstream({ ...TARBALL, releases: ["3.6.26", "3.6.27", "4.0.15"] });
    await using plain = await temporaryMirror(upstream);
    await using shortened = await temporaryMirror(upstream);
    await plain.sync();
    expect(await shortened.start(["sync"], { env }).finished).toMatchObject({ status: 0 });
    expect(Number(await readFile(log, "utf8"))).toBeGreaterThan(10);
    expect(await shortened.published()).toEqual(await plain.published());
    for (const part of ["blobs", "upstream"])
      expect(readFolderBytes(join(shortened.data, part))).toEqual(readFolderBytes(join(plain.data, part)));
  });

  test("gets the same bundle as any other, and reads it", async () => {
    await using upstream = await startUpstream({ ...TARBALL, releases: ["3.6.26", "3.6.27", "4.0.15"] });
    await using gap = await airGap(upstream);
    const [plain, shortened] = [join(gap.medium, "plain/"), join(gap.medium, "shortened/")] as const;
    await gap.done("near", "bundle", "create", "--to", plain, ...VOLUMES);
    expect(
      await gap.near.start(["bundle", "create", "--to", shortened, ...VOLUMES], { env }).finished,
    ).toMatchObject({ status: 0 });
    expect(Number(await readFile(log, "utf8"))).toBeGreaterThan(10);
    expect(readFolderBytes(shortened)).toEqual(readFolderBytes(plain));

    const imported = gap.far.start(["bundle", "import", shortened], { env });
    expect(await imported.finished).toMatchObject({ status: 0 });
    expect(await gap.far.published()).toMatchObject({ agents: (await gap.near.published()).agents });
  });
});

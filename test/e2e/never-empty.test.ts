/** An edit of the settings never empties or guts a mirror by accident, and what a run removes is told. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ConfigFile } from "../../src/config/schema.ts";
import { airGap } from "../helpers/air-gap.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { startServe } from "../helpers/running-jam.ts";
import { buildSampleTree, startUpstream, type SampleTree, type TestUpstream } from "../helpers/upstream.ts";

type Rules = NonNullable<ConfigFile["select"]>;

const ALL: Rules = [{ stream: "released", versions: ">=2.9", arch: ["amd64", "s390x"] }];
const RELEASES = ["2.9.50", "3.6.1", "3.6.2", "3.6.9", "4.0.3"];

let upstream: TestUpstream;
let next: SampleTree;

beforeAll(async () => {
  const options = { arches: ["amd64", "s390x"], oses: ["ubuntu"], streams: ["released"] } as const;
  const now = new Date(Date.now() - 60_000);
  next = await buildSampleTree({ ...options, releases: [...RELEASES, "3.6.10", "4.0.4"] });
  upstream = await startUpstream({ ...options, releases: RELEASES, now });
});
afterAll(() => upstream[Symbol.asyncDispose]());

async function shown(mirror: TestMirror): Promise<string[]> {
  const { agents } = await mirror.published();
  return [...new Set(agents.map((name) => name.split("-")[0] ?? ""))].sort();
}

describe("a sync that would remove most of the mirror changes nothing and exits with 4, whatever the edit:", () => {
  test.for<[why: string, settings: ConfigFile, named: string]>([
    ["versions", { select: [{ ...ALL[0], stream: "released", versions: ">=4" }] }, "not in"],
    ["arch and versions", { select: [{ stream: "released", versions: ">=3.6.9", arch: "amd64" }] }, "not in"],
    ["keep", { select: [{ stream: "released", versions: ">=3.6", keep: 1 }] }, "2.9.50"],
    ["series", { select: [{ ...ALL[0], stream: "released", series: "focal", versions: "2.9" }] }, "3.6.9"],
    ["deny", { deny: [{ version: "<4", reason: "a typo" }] }, "denied (<4): a typo"],
  ])("%s", async ([, settings, named]) => {
    await using mirror = await temporaryMirror(upstream, { select: ALL });
    await mirror.sync();
    const before = await mirror.published();
    await mirror.configure(settings);
    for (const words of [["sync", "--quiet"], ["sync"], ["sync", "--dry-run"]]) {
      const { status, stdout, stderr } = await mirror.here(...words);
      expect({ words, status }).toEqual({ words, status: 4 });
      expect(stderr).toMatch(
        /would remove \d+ of \d+ mirrored agents \(\d+ %, [\d.]+ \w+\); at most 40 % may be removed at once/,
      );
      expect(stderr).toContain(named);
      expect(stderr).toContain("jam sync --allow mass-removal");
      expect(stdout.includes("To remove from the index:")).toBe(words.includes("--dry-run"));
    }
    expect(await mirror.published()).toEqual(before);
    const check = await mirror.here("check");
    expect(check.status).toBe(4);
    expect(check.stdout).toMatch(/^fail {2}rules .*would remove/m);
    const allowed = await mirror.here("sync", "--quiet", "--allow", "mass-removal");
    expect(allowed).toMatchObject({ status: 0, stdout: "" });
    expect((await mirror.published()).agents.length).toBeLessThan(before.agents.length);
  });

  test("but not where deny names the versions exactly", async () => {
    await using mirror = await temporaryMirror(upstream, { select: ALL });
    await mirror.sync();
    await mirror.configure({ deny: ["2.9.50", "3.6.9"].map((version) => ({ version, reason: "unsafe" })) });
    const { status, stderr } = await mirror.here("sync", "--quiet");
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: expect.stringMatching(/^removed {2}2\.9\.50 .* denied\n +3\.6\.9 .*\n$/),
    });
  });

  test("a higher limit in the settings allows it", async () => {
    await using mirror = await temporaryMirror(upstream, { select: ALL, retention: { maxRemoval: "100%" } });
    await mirror.sync();
    await mirror.configure({ select: [{ stream: "released", versions: ">=4" }] });
    expect((await mirror.here("sync", "--quiet")).status).toBe(0);
    expect(await shown(mirror)).toEqual(["4.0.3"]);
  });
});

test("new patches that replace old ones through keep are not refused, and cron is told what is gone", async () => {
  const own = await startUpstream({ tree: upstream.tree });
  await using _closed = own;
  const select: Rules = [{ stream: "released", versions: ">=3", arch: ["amd64", "s390x"], keep: 1 }];
  await using mirror = await temporaryMirror(own, { select });
  expect(await mirror.here("sync", "--quiet")).toMatchObject({ status: 0, stdout: "", stderr: "" });
  own.publish(next);
  const { status, stdout, stderr } = await mirror.here("sync", "--quiet");
  expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
  expect(stderr).toMatch(/^removed {2}3\.6\.9 +ubuntu +amd64 s390x +no longer selected\n +4\.0\.3 /);
  expect(await shown(mirror)).toEqual(["3.6.10", "4.0.4"]);
  expect(await mirror.here("sync", "--quiet")).toMatchObject({ status: 0, stdout: "", stderr: "" });
});

/** As an early version published it after a typo. */
async function emptied(mirror: TestMirror): Promise<string> {
  await mirror.sync({ at: new Date(Date.now() - 30_000) });
  const folder = join(mirror.data, "snapshots");
  const [name = ""] = await readdir(folder);
  const path = join(folder, name);
  const snapshot = JSON.parse(await readFile(path, "utf8")) as object;
  await writeFile(path, JSON.stringify({ ...snapshot, format: "jam-snapshot:1", agents: [] }));
  return name.replace(".json", "");
}

describe("an index without agents", () => {
  test("is reported by readyz, status and check, and the next sync replaces it", async () => {
    await using mirror = await temporaryMirror(upstream, { select: ALL });
    await emptied(mirror);
    await using server = await startServe(mirror.folder);
    const answer = await fetch(`${server.url}/readyz`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ ready: false, reasons: [{ code: "JAM_MIRROR_EMPTY" }] });
    expect((await mirror.here("status")).stdout).toMatch(/^held +no agents: Juju finds nothing here$/m);
    expect((await mirror.here("check")).stdout).toMatch(/^fail {2}mirror .*lists no agents/m);
    await mirror.sync();
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  });

  test("is not switched to", async () => {
    await using mirror = await temporaryMirror(upstream, { select: ALL });
    const id = await emptied(mirror);
    await mirror.sync();
    const { status, stderr } = await mirror.here("snapshot", "switch", id, "--allow", "rollback");
    expect(status).toBe(5);
    expect(stderr).toContain("lists no agents");
    expect(await shown(mirror)).toEqual(RELEASES);
  });
});

describe("an import that this side's own deny would empty is refused, and the bundle waits:", () => {
  test("with and without agents in the mirror", async () => {
    await using gap = await airGap(upstream, { near: { select: ALL } });
    await gap.done("near", "bundle", "create", "--to", gap.medium);
    for (const isFirst of [true, false]) {
      await gap.far.configure({ deny: [{ version: ">=1", reason: "a typo" }] });
      const before = await gap.far.published();
      const { status, stderr } = await gap.far.here("bundle", "import", gap.medium);
      expect({ isFirst, status }).toEqual({ isFirst, status: 2 });
      expect(stderr).toContain("`deny` excludes every agent of bundle");
      expect(await gap.far.published()).toEqual(before);
      await gap.far.configure({ deny: [] });
      await gap.done("far", "bundle", "import", gap.medium);
      expect(await shown(gap.far)).toEqual(RELEASES);
    }
  });

  test("nor may it take most of the mirror, unless that is allowed", async () => {
    await using gap = await airGap(upstream, {
      near: { select: [{ ...ALL[0], stream: "released", versions: ">=3" }] },
    });
    await gap.done("near", "bundle", "create", "--to", `${gap.medium}/one/`);
    await gap.done("far", "bundle", "import", `${gap.medium}/one/`);
    await gap.near.configure({ select: ALL });
    await gap.near.sync();
    await gap.done("near", "bundle", "create", "--to", `${gap.medium}/two/`);
    await gap.far.configure({ deny: [{ version: "<4", reason: "a typo" }] });
    const refused = await gap.far.here("bundle", "import", `${gap.medium}/two/`);
    expect(refused.status).toBe(4);
    expect(refused.stderr).toContain("`deny` would remove 6 of 8 mirrored agents");
    expect(await shown(gap.far)).toEqual(["3.6.1", "3.6.2", "3.6.9", "4.0.3"]);
    await gap.done("far", "bundle", "import", `${gap.medium}/two/`, "--allow", "mass-removal");
    expect(await shown(gap.far)).toEqual(["4.0.3"]);
  });
});

test("a sync that does not fit is refused by its dry run and by check, too", async () => {
  await using mirror = await temporaryMirror(upstream, { select: ALL, retention: { quota: "1KiB" } });
  for (const words of [["sync", "--dry-run"], ["sync"]]) {
    const { status, stderr } = await mirror.here(...words);
    expect({ words, status }).toEqual({ words, status: 8 });
    expect(stderr).toContain("more than the quota of 1.0 KiB");
  }
  const check = await mirror.here("check");
  expect(check.status).toBe(8);
  expect(check.stdout).toMatch(/^fail {2}disk .*quota of 1\.0 KiB/m);
});

describe("what asks for nothing says so:", () => {
  test("a misspelled series is refused, one that is not listed is a warning, one without effect is found by check", async () => {
    await using mirror = await temporaryMirror(upstream, { select: ALL });
    await mirror.configure({ select: [{ stream: "released", series: "jamy" }] });
    expect((await mirror.here("sync")).stderr).toContain('unknown series "jamy"; did you mean "jammy"?');
    await mirror.configure({ select: [{ stream: "released", versions: ">=2.9", series: "noble" }] });
    const { stderr } = await mirror.here("sync", "--quiet");
    expect(stderr).toContain("takes no agent for the series noble: upstream lists these versions for");
    await mirror.configure({ select: [{ stream: "released", versions: ">=2.9 <5", series: "focal" }] });
    expect((await mirror.here("check")).stdout).not.toContain("warn  rules");
    await mirror.configure({ select: [{ stream: "released", versions: ">=3", series: "focal" }] });
    expect((await mirror.here("check")).stdout).toContain("names a series, which has no effect");
  });

  test("an architecture of which deny excludes everything, and an entry of deny without effect", async () => {
    const deny = [
      { version: ">=2", arch: "s390x", reason: "none here" },
      { version: "3.6.70", reason: "a typo" },
    ];
    await using mirror = await temporaryMirror(upstream, { select: ALL, deny });
    const message = "takes no agent for the architecture s390x: all ";
    for (const words of [
      ["sync", "--quiet"],
      ["sync", "-n", "--quiet"],
    ])
      expect((await mirror.here(...words)).stderr).toContain(message);
    const { status, stdout } = await mirror.here("check");
    expect(status).toBe(0);
    expect(stdout).toContain(message);
    expect(stdout).toContain("Entry 2 of deny (3.6.70) has no effect");
  });

  test("a plan that needs no agents, a list and a bundle without any", async () => {
    await using mirror = await temporaryMirror(upstream, { select: ALL });
    await mirror.sync();
    const plan = await mirror.here("plan", "--from", "3.6.9", "--to", "3.6.9", "-o", "json");
    await writeFile(join(mirror.folder, "plan.json"), plan.stdout);
    const { status, stderr } = await mirror.here("sync", "--quiet", "--plan", "plan.json");
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: "warning: the plan needs no agents, so this run fetches none.\n",
    });
    const list = await mirror.here("list", "foo");
    expect(list).toMatchObject({ status: 5, stdout: "" });
    expect(list.stderr).toContain("`jam explain foo`");
    const bundle = await mirror.here("bundle", "create", "--versions", "9.9", "--unsigned", "--to", "b");
    expect(bundle.status).toBe(2);
    expect(bundle.stderr).toContain("would be empty");
  });
});

/** `keepRunning`: what a fleet runs is fetched and stays, and what cannot be read counts as everything. */
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { airGap } from "../helpers/air-gap.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { buildSampleTree, startUpstream, type SampleTree, type TestUpstream } from "../helpers/upstream.ts";

const RELEASES = ["2.9.50", "3.6.1", "3.6.2", "3.6.9", "4.0.3"];
const NEWEST = { stream: "released", versions: ">=3.6", arch: ["amd64"], os: "ubuntu", keep: 1 };
const tree = (releases: readonly string[], minutesAgo = 0) =>
  buildSampleTree({
    releases,
    arches: ["amd64", "s390x"],
    oses: ["ubuntu"],
    streams: ["released"],
    now: new Date(Date.now() - minutesAgo * 60_000),
  });

let upstream: TestUpstream;
let without: SampleTree;

beforeAll(async () => {
  upstream = await startUpstream({ tree: await tree(RELEASES, 5) });
  without = await tree(RELEASES.filter((one) => one !== "3.6.1"));
});
afterAll(() => upstream[Symbol.asyncDispose]());

/** `juju models --format json` of one controller. */
function modelsOf(versions: readonly (string | undefined)[]): string {
  const models = versions.map((version, index) => ({
    name: `admin/m${index}`,
    "short-name": `m${index}`,
    "model-uuid": `33333333-3333-4333-8333-${String(index).padStart(12, "0")}`,
    "controller-uuid": "22222222-2222-4222-8222-222222222222",
    "controller-name": "prod",
    owner: "admin",
    type: "iaas",
    life: "alive",
    ...(version === undefined ? {} : { "agent-version": version }),
  }));
  return JSON.stringify({ models });
}

async function fleetIn(folder: string, versions: readonly (string | undefined)[]): Promise<void> {
  await mkdir(join(folder, "fleet"), { recursive: true });
  await writeFile(join(folder, "fleet/models.json"), modelsOf(versions));
}

async function shown(mirror: Pick<TestMirror, "published">): Promise<string[]> {
  const { agents } = await mirror.published();
  return [...new Set(agents.map((name) => name.replace(/-.*-/, " ")))].sort();
}

test("versions that run are fetched and survive keep, narrower rules and their end upstream; then they go", async () => {
  await using own = await startUpstream({ tree: upstream.tree });
  await using mirror = await temporaryMirror(own, { select: [NEWEST], keepRunning: "fleet" });
  await fleetIn(mirror.folder, ["3.6.1", "2.9.50"]);
  const dry = await mirror.here("sync", "--dry-run");
  expect(dry.stdout).toContain("the fleet runs this version (keepRunning)");
  await mirror.sync({ at: new Date(Date.now() - 60_000) });
  const running = ["2.9.50 amd64", "3.6.1 amd64"];
  // Synced in this process without the command, which reads the fleet.
  expect((await mirror.here("sync", "--quiet")).status).toBe(0);
  expect(await shown(mirror)).toEqual([...running, "3.6.9 amd64", "4.0.3 amd64"]);
  await mirror.configure({ select: [{ ...NEWEST, versions: "4.0" }] });
  expect((await mirror.here("sync", "--quiet")).stderr).toMatch(/^removed {2}3\.6\.9 /);
  own.publish(without);
  const { status, stdout } = await mirror.here("sync");
  expect(status).toBe(0);
  expect(stdout).toContain("Upstream no longer lists 3.6.1, which the fleet runs: not removed.");
  expect(await shown(mirror)).toEqual([...running, "4.0.3 amd64"]);
  expect((await mirror.here("status")).stdout).toMatch(/^fleet +runs 2\.9\.50, 3\.6\.1 \(.*fleet\): kept$/m);
  const explained = await mirror.here("explain", "3.6.1", "-o", "json");
  expect(JSON.parse(explained.stdout)).toMatchObject({
    agents: [{ taken: true, upstream: false, reason: "the fleet runs this version (keepRunning)" }],
  });
  expect((await mirror.here("check")).stdout).toMatch(/^ok {4}running +kept because .*2\.9\.50, 3\.6\.1/m);
  // The earlier documents still prove it, so that it can be carried.
  const bundle = await mirror.here("bundle", "create", "--unsigned", "--to", "b.tar", "-o", "json");
  expect(bundle.status).toBe(0);
  expect(JSON.parse(bundle.stdout)).toMatchObject({ bundle: { agents: 7 } });
  await fleetIn(mirror.folder, ["4.0.3"]);
  expect((await mirror.here("sync", "--quiet", "--allow", "mass-removal")).status).toBe(0);
  expect(await shown(mirror)).toEqual(["4.0.3 amd64"]);
});

describe("while it is not known what runs, nothing is removed, and every run says so:", () => {
  test.for<[why: string, spoil: (fleet: string) => Promise<unknown>, reason: string]>([
    ["no folder", (fleet) => rm(fleet, { recursive: true }), "cannot be read"],
    ["an empty folder", (fleet) => rm(join(fleet, "models.json")), "folder without files"],
    ["no models", (fleet) => writeFile(join(fleet, "models.json"), modelsOf([])), "no version"],
    [
      "a file that is cut off",
      (fleet) => writeFile(join(fleet, "models.json"), modelsOf(["3.6.1"]).slice(0, 90)),
      "models.json",
    ],
    [
      "a model without a version",
      (fleet) => writeFile(join(fleet, "models.json"), modelsOf(["3.6.1", undefined])),
      "no file has the version of prod:m1",
    ],
  ])("%s", async ([, spoil, reason]) => {
    await using mirror = await temporaryMirror(upstream, {
      select: [{ stream: "released", versions: "3.6.1 || 3.6.9 || 4.0.3" }],
    });
    await mirror.sync();
    const before = await shown(mirror);
    await fleetIn(mirror.folder, ["3.6.9"]);
    await spoil(join(mirror.folder, "fleet"));
    await mirror.configure({ select: [{ stream: "released", versions: "3.6.2" }], keepRunning: "fleet" });
    const { status, stderr } = await mirror.here("sync", "--quiet");
    expect(status).toBe(0);
    expect(stderr).toContain("so no agent is removed");
    expect(stderr).toContain(reason);
    expect(await shown(mirror)).toEqual(expect.arrayContaining([...before, "3.6.2 amd64"]));
    expect((await mirror.here("status")).stdout).toContain("not known what runs, so nothing is removed");
    const check = await mirror.here("check");
    expect(check.status).toBe(2);
    expect(check.stdout).toMatch(/^fail {2}running /m);
  });
});

test("a plan names what runs before it; check tells what is missing and what deny excludes", async () => {
  await using mirror = await temporaryMirror(upstream, { select: [NEWEST] });
  await mirror.sync();
  const plan = await mirror.here("plan", "--from", "3.6.1", "--to", "3.6.9", "-o", "json");
  await writeFile(join(mirror.folder, "plan.json"), plan.stdout);
  await mirror.configure({ keepRunning: "plan.json" });
  expect((await mirror.here("check")).stdout).toContain("the fleet runs 3.6.1: not in the mirror yet");
  await mirror.here("sync", "--quiet");
  expect(await shown(mirror)).toEqual(["3.6.1 amd64", "3.6.9 amd64", "4.0.3 amd64"]);
  await mirror.configure({ deny: [{ version: "3.6.1", reason: "unsafe" }] });
  expect((await mirror.here("check")).stdout).toContain("the fleet runs 3.6.1: the next sync removes it");
  expect((await mirror.here("sync", "--quiet")).stderr).toMatch(/^removed {2}3\.6\.1 .*denied/);
  await mirror.configure({ deny: [], select: [{ ...NEWEST, arch: ["s390x"] }] });
  await fleetIn(mirror.folder, ["3.5.1"]);
  await mirror.configure({ keepRunning: "fleet" });
  expect((await mirror.here("check")).stdout).toContain("the fleet runs 3.5.1: not in the mirror\n");
});

test("on the far side, a bundle does not remove what runs there", async () => {
  await using gap = await airGap(upstream, { near: { select: [{ ...NEWEST, versions: "3.6.1 || 4.0.3" }] } });
  const carry = async (folder: string) => {
    await gap.done("near", "bundle", "create", "--to", join(gap.medium, folder));
    return gap.done("far", "bundle", "import", join(gap.medium, folder));
  };
  await carry("one/");
  await fleetIn(gap.far.folder, ["3.6.1"]);
  await gap.far.configure({ keepRunning: "fleet" });
  await gap.near.configure({ select: [{ ...NEWEST, versions: "4.0.3 || 3.6.9" }] });
  await gap.near.sync({ allow: ["mass-removal"] });
  await carry("two/");
  expect(await shown(gap.far)).toEqual(["3.6.1 amd64", "3.6.9 amd64", "4.0.3 amd64"]);
  await rename(join(gap.far.folder, "fleet"), join(gap.far.folder, "gone"));
  await gap.near.configure({ select: [{ ...NEWEST, versions: "4.0.3" }] });
  await gap.near.sync({ allow: ["mass-removal"] });
  expect((await carry("three/")).stdout).toContain("so no agent is removed");
  expect(await shown(gap.far)).toEqual(["3.6.1 amd64", "3.6.9 amd64", "4.0.3 amd64"]);
});

test("init writes the setting as a comment of two lines, and with --fleet the setting itself", async () => {
  await using mirror = await temporaryMirror(upstream);
  const text = await mirror.here("init", "--dir", "plain", "-o", "json");
  expect(text.status).toBe(0);
  await mirror.here("init", "--dir", "kept", "--fleet", "fleet");
  const { readFile } = await import("node:fs/promises");
  const plain = await readFile(join(mirror.folder, "plain/jam.yaml"), "utf8");
  expect(plain).toMatch(/\n\n# Folder or file with .*\n# .*\n#keepRunning: \.\/fleet\n/);
  const kept = await readFile(join(mirror.folder, "kept/jam.yaml"), "utf8");
  expect(kept).toContain(`\nkeepRunning: ${join(mirror.folder, "fleet")}\n`);
});

/** Planning an upgrade, fetching what it needs, and proving it on the far side, as an operator types it. */
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PlanDocument } from "../../src/upgrade/plan/plan-document.ts";
import { fleetFiles, fleetStatus } from "../helpers/example-fleet.ts";
import { runJam } from "../helpers/jam-process.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { startUpstream, type TestUpstream } from "../helpers/upstream.ts";

const RELEASES = "2.8.13 2.9.12 2.9.42 2.9.60 3.6.0 3.6.5 3.6.26 3.6.27 4.0.13 4.0.15".split(" ");

let upstream: TestUpstream;
let mirror: TestMirror;

beforeAll(async () => {
  upstream = await startUpstream({ releases: RELEASES, oses: ["ubuntu", "windows"] });
  mirror = await temporaryMirror(upstream, {
    select: [{ stream: "released", versions: ">=4.0", arch: ["amd64", "arm64"] }],
  });
  await mkdir(join(mirror.folder, "fleet"));
  for (const [name, text] of fleetFiles()) await writeFile(join(mirror.folder, "fleet", name), text);
});

afterAll(async () => {
  await mirror[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

// eslint-disable-next-line typescript/no-unnecessary-type-parameters -- says what a test expects to read
async function json<T>(...args: string[]): Promise<{ status: number | null; document: T }> {
  const { status, stdout, stderr } = await mirror.here(...args, "-o", "json");
  expect(stdout, stderr).not.toBe("");
  return { status, document: JSON.parse(stdout) as T };
}

/** Runs `jam plan` and keeps what it printed as a file. */
async function savePlan(name: string, ...args: string[]): Promise<PlanDocument> {
  const { status, document } = await json<PlanDocument>("plan", ...args);
  expect(status).toBe(0);
  await writeFile(join(mirror.folder, name), JSON.stringify(document));
  return document;
}

describe("from plan to ready", () => {
  test("a plan can be made before anything was synced, and changes nothing", async () => {
    const plan = await savePlan("plan.json", "--from", "2.9.42", "--to", "3.6");
    expect(plan.hops.map(({ from, to, how }) => `${from} ${how} ${to}`)).toEqual([
      "2.9.42 upgrade 2.9.60",
      "2.9.60 migrate 3.6.27",
    ]);
    expect(plan.hops[1]?.agents[0]).toMatchObject({
      version: "3.6.27",
      release: "ubuntu",
      state: "upstream",
    });
    expect(await readdir(mirror.folder)).not.toContain("data");
  });

  test("an empty mirror is not ready", async () => {
    const { status, document } = await json<{ error: { code: string } }>("ready", "--plan", "plan.json");
    expect({ status, code: document.error.code }).toEqual({ status: 5, code: "JAM_MIRROR_EMPTY" });
  });

  test("sync --plan fetches exactly what the plan names", async () => {
    const dry = await json<{ plan: { fetch: { agent: string }[] } }>(
      "sync",
      "--dry-run",
      "--plan",
      "plan.json",
    );
    expect(dry.document.plan.fetch).toHaveLength(6);
    const { status, document } = await json<{ outcome: string }>("sync", "--plan", "plan.json");
    expect({ status, outcome: document.outcome }).toEqual({ status: 0, outcome: "updated" });
    const { agents } = (await json<{ agents: { version: string }[] }>("list")).document;
    expect(new Set(agents.map(({ version }) => version))).toEqual(new Set(["2.9.42", "2.9.60", "3.6.27"]));
    await mirror.published();
  });

  test("then every hop is ready, without a network and down to the bytes", async () => {
    await mirror.configure({ mode: "offline" });
    const { status, document } = await json<{ ready: boolean; deep: boolean }>(
      "ready",
      "--plan",
      "plan.json",
      "--deep",
    );
    expect({ status, ...document }).toMatchObject({ status: 0, ready: true, deep: true });
    expect((await mirror.here("plan", "--from", "2.9.42", "--to", "3.6", "--held")).status).toBe(0);
    await mirror.configure({ mode: "online" });
  });

  test("a later sync keeps the agents of the plan, until --forget-plans", async () => {
    expect((await mirror.here("sync", "--quiet")).status).toBe(0);
    expect((await mirror.here("ready", "--plan", "plan.json")).status).toBe(0);
    // The agents of the plan are most of this mirror.
    const forget = ["sync", "--quiet", "--forget-plans"];
    expect((await mirror.here(...forget)).status).toBe(4);
    expect((await mirror.here(...forget, "--allow", "mass-removal")).status).toBe(0);
    const { status, stdout } = await mirror.here("ready", "--plan", "plan.json");
    expect(status).toBe(5);
    expect(stdout).toContain("3.6.27-ubuntu-amd64 not held");
  });

  test("a damaged tarball is found by --deep alone", async () => {
    expect((await mirror.here("sync", "--quiet", "--plan", "plan.json")).status).toBe(0);
    const { agents } = (await json<{ agents: { version: string; sha256: string; size: number }[] }>("list"))
      .document;
    const hit = agents.find(({ version }) => version === "3.6.27");
    const blob = join(mirror.data, "blobs/sha256", hit?.sha256.slice(0, 2) ?? "", hit?.sha256 ?? "");
    await rm(blob);
    await writeFile(blob, Buffer.alloc(hit?.size ?? 0));
    expect((await mirror.here("ready", "--plan", "plan.json")).status).toBe(0);
    const { status, stdout } = await mirror.here("ready", "--plan", "plan.json", "--deep");
    expect(status).toBe(5);
    expect(stdout).toContain("damaged: its bytes hash to");
  });
});

describe("a fleet", () => {
  test("is planned, fetched and ready", async () => {
    const plan = await savePlan("fleet.json", "--fleet", "fleet", "--to", "4.0");
    expect(plan.controllers.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
      "edge hops",
      "legacy hops",
      "next hops",
      "prod hops",
    ]);
    expect(plan.totals.missing).toBe(0);
    expect((await mirror.here("sync", "--quiet", "--plan", "fleet.json")).status).toBe(0);
    const { status, document } = await json<{
      verdict: string;
      rows: { model: string | null; ready: boolean }[];
      checks: { id: string; status: string }[];
    }>("ready", "--plan", "fleet.json");
    expect({ status, verdict: document.verdict }).toEqual({ status: 5, verdict: "not-ready" });
    expect(document.rows.map(({ model }) => model)).toContain("billing");
    expect(document.rows.every(({ ready }) => ready)).toBe(true);
    const failed = document.checks.filter((check) => check.status === "fail").map(({ id }) => id);
    expect(failed).toEqual(
      expect.arrayContaining(["windows-machines", "ubuntu-before-focal", "machine-not-started"]),
    );
    expect((await mirror.here("ready", "--fleet", "fleet", "--to", "4.0")).status).toBe(5);
  });

  test("shows as a table, YAML and Markdown for a ticket", async () => {
    const table = await mirror.here("plan", "--fleet", "fleet", "--to", "3.6");
    expect(table.stdout).toContain("juju migrate prod:web prod-3.6.27");
    expect(table.stdout).toContain("prod:old machine 0 (bionic)");
    const yaml = await mirror.here("plan", "--fleet", "fleet", "--to", "3.6", "-o", "yaml");
    await writeFile(join(mirror.folder, "fleet.yaml"), yaml.stdout);
    expect((await mirror.here("ready", "--plan", "fleet.yaml")).status).toBe(5);
    const markdown = await mirror.here("plan", "--fleet", "fleet", "--to", "3.6", "--markdown");
    expect(markdown.stdout).toMatch(/^# Upgrade of the Juju fleet\n/);
    expect(markdown.stdout).toContain("- [ ] **found**");
  });

  test("shows the progress of its upgrade, from standard input or files", async () => {
    const asked = await runJam(["upgraded", "--to", "2.9.60"], { input: fleetStatus("prod", "web") });
    expect(asked.status).toBe(3);
    expect(asked.stdout).toContain("0 of 6 agents run 2.9.60");
    const { status, document } = await json<{ upgraded: boolean }>("upgraded", "fleet/next-alpha.json");
    expect({ status, upgraded: document.upgraded }).toEqual({ status: 0, upgraded: true });
  });
});

test("the graph of what is held prints for Graphviz and Mermaid", async () => {
  const dot = await mirror.here("graph", "--from", "2.9.42", "--dot");
  expect(dot.stdout).toContain('"2.9.60" -> "3.6.27" [style=dashed];');
  expect((await mirror.here("graph", "--mermaid")).stdout).toMatch(/^graph LR\n/);
});

test("advice in jam.yaml that blocks a move stops plan and ready", async () => {
  const reason = "Not before the audit.";
  await mirror.configure({ advice: [{ from: "*", to: ">=4.0", severity: "block", reason }] });
  const planned = await mirror.here("plan", "--from", "3.6.27", "--to", "4.0");
  expect(planned.status).toBe(5);
  expect(planned.stderr).toContain(reason);
  const ready = await mirror.here("ready", "--plan", "fleet.json");
  expect(ready.status).toBe(5);
  expect(ready.stdout).toContain(reason);
  await mirror.configure({ advice: [] });
});

describe("the commands of a plan", () => {
  test("contain the address of --url, and warn about one that no controller can reach", async () => {
    const url = "http://mirror.example:8080";
    const given = (await json<PlanDocument>("plan", "--from", "3.6.5", "--to", "3.6", "--url", url)).document;
    expect(given.mirrorUrl).toBe(`${url}/tools`);
    expect(JSON.stringify(given.hops)).toContain(`agent-metadata-url=${url}/tools`);
    expect(given.warnings.join()).not.toContain("which no controller can reach");
    const own = (await json<PlanDocument>("plan", "--from", "3.6.5", "--to", "3.6")).document;
    expect(own.warnings.join()).toContain("which no controller can reach: give --url");
  });

  test("are shown in short, and whole with --procedure", async () => {
    const args = ["plan", "--from", "2.9.60", "--to", "3.6", "--url", "http://mirror.example:8080"];
    const short = (await mirror.here(...args)).stdout;
    expect(short).toContain("--controller-charm-path ./juju-controller.charm \\");
    expect(short).not.toContain("If it fails");
    const whole = (await mirror.here(...args, "--procedure")).stdout;
    expect(whole).toMatch(/If it fails\n.*source prechecks failed.*Way back\n/s);
    expect((await mirror.here(...args, "--markdown")).stdout).toContain("### Way back");
  });
});

describe("what cannot be used", () => {
  test.for([
    [["plan", "--from", "3.6.5", "--to", "3.6", "--url", "ftp://x"], 2, "JAM_USAGE_INVALID", "--url"],
    [["plan", "--fleet", "cut.json", "--to", "3.6"], 2, "JAM_FLEET_INVALID", "cut.json is cut off"],
    [["plan", "--fleet", "jam.yaml", "--to", "3.6"], 2, "JAM_FLEET_INVALID", "not one of Juju's listings"],
    [["plan", "--fleet", "nowhere", "--to", "3.6"], 2, "JAM_USAGE_INVALID", "nowhere cannot be read"],
    [["plan", "--from", "2.9", "--to", "3.6"], 2, "JAM_VERSION_INVALID", "--from"],
    [["plan", "--from", "2.9.42", "--to", "newest"], 2, "JAM_VERSION_INVALID", "--to"],
    [["plan", "--from", "2.9.42", "--to", "3.6.99"], 5, "JAM_AGENT_NOT_FOUND", "3.6.99"],
    [["plan", "--from", "3.6.5", "--to", "2.9"], 5, "JAM_PLAN_IMPOSSIBLE", "does not go back"],
    [["plan", "--from", "3.6.5"], 2, "JAM_USAGE_INVALID", "--to is missing"],
    [["plan", "--from", "3.6.5", "--to", "3.6", "--arch", "amd46"], 2, "JAM_USAGE_INVALID", "--arch"],
    [["sync", "--plan", "fleet/prod-web.json"], 2, "JAM_PLAN_INVALID", "is a juju status"],
    [["sync", "--plan", "cut.json"], 2, "JAM_PLAN_INVALID", "is cut off"],
    [["ready", "--plan", "jam.yaml"], 2, "JAM_PLAN_INVALID", "not a jam plan"],
    [["upgraded", "cut.json"], 2, "JAM_FLEET_INVALID", "is cut off"],
    [["upgraded", "fleet/prod-models.json"], 2, "JAM_FLEET_INVALID", "no output of juju status"],
    [["graph", "--from", "x"], 2, "JAM_VERSION_INVALID", "--from"],
  ] as const)("jam %s ends with %d", async ([args, status, code, message]) => {
    await writeFile(join(mirror.folder, "cut.json"), fleetStatus("prod", "web").slice(0, 900));
    const finished = await json<{ error: { code: string; message: string } }>(...args);
    expect({ status: finished.status, code: finished.document.error.code }).toEqual({ status, code });
    expect(finished.document.error.message).toContain(message);
  });
});

/** Advice counts the same in every answer about versions, wherever it was written, from the moment it arrives. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ConfigFile } from "../../src/config/schema.ts";
import { airGap, type AirGap } from "../helpers/air-gap.ts";
import { startServe, type ServeProcess } from "../helpers/running-jam.ts";
import { startUpstream, type TestUpstream } from "../helpers/upstream.ts";

const REASON = "breaks our relations";
const BLOCK: ConfigFile = { advice: [{ to: "3.6.27", severity: "block", reason: REASON }] };

let upstream: TestUpstream;
let gap: AirGap;
let serve: ServeProcess;

beforeAll(async () => {
  upstream = await startUpstream({
    arches: ["amd64"],
    releases: ["3.6.26", "3.6.27"],
    streams: ["released"],
  });
  gap = await airGap(upstream);
  await carry({});
  serve = await startServe(gap.far.folder);
  const plan = await gap.done("far", "plan", "--from", "3.6.26", "--to", "3.6.27", "-o", "json");
  await writeFile(join(gap.far.folder, "plan.json"), plan.stdout);
});
afterAll(async () => {
  await serve[Symbol.asyncDispose]();
  await gap[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});
beforeEach(() => gap.far.configure({ advice: [] }));

/** Carries the same agents over, with the near side's advice as it is now. */
async function carry(settings: ConfigFile): Promise<void> {
  await gap.near.configure({ advice: [], ...settings });
  const folder = join(gap.medium, "bundle");
  await rm(folder, { recursive: true, force: true });
  await gap.done("near", "bundle", "create", "--to", folder);
  await gap.done("far", "bundle", "import", folder);
}

/** What each place that answers about versions says to 3.6.26 → 3.6.27. */
async function answers() {
  const { far } = gap;
  const [which, plan, ready, graph] = [
    await far.here("which", "3.6.26", "-o", "json"),
    await far.here("plan", "--from", "3.6.26", "--to", "3.6.27"),
    await far.here("ready", "--plan", "plan.json"),
    await far.here("graph", "-o", "json"),
  ];
  const response = await fetch(`${serve.url}/api/v1/which?current=3.6.26`);
  const answer = (await response.json()) as { decision: string };
  return {
    which: (JSON.parse(which.stdout) as { decision: string }).decision,
    server: answer.decision,
    plan: plan.status,
    ready: ready.status,
    edges: (JSON.parse(graph.stdout) as { edges: object[] }).edges.length,
    text: `${which.stdout}${plan.stderr}${ready.stdout}${JSON.stringify(answer)}`,
  };
}

const FREE = { which: "upgrade", server: "upgrade", plan: 0, ready: 0, edges: 1 };
const BLOCKED = { which: "blocked", server: "blocked", plan: 5, ready: 5, edges: 0 };

describe("a block counts for which, plan, ready, graph and the running server", () => {
  test("when a bundle brings it, though its agents are the same, until a bundle comes without it", async () => {
    expect(await answers()).toMatchObject(FREE);
    await carry(BLOCK);
    const blocked = await answers();
    expect(blocked).toMatchObject(BLOCKED);
    expect(blocked.text.split(REASON).length - 1).toBeGreaterThanOrEqual(4);
    expect(blocked.text).toMatch(/ask whoever made bundle \S+ to delete the entry/);
    await carry({});
    expect(await answers()).toMatchObject(FREE);
  });

  test("when jam.yaml states it", async () => {
    await gap.far.configure(BLOCK);
    const { server: _runsOnOldSettings, ...blocked } = await answers();
    const { server: _server, ...expected } = BLOCKED;
    expect(blocked).toMatchObject(expected);
    expect(blocked.text).toContain("delete the entry from `advice` in jam.yaml");
  });
});

test("a warning is shown by all, and stops nothing", async () => {
  await carry({ advice: [{ to: "3.6.27", severity: "warn", reason: REASON }] });
  expect(await answers()).toMatchObject(FREE);
  expect((await answers()).text).toContain(REASON);
});

test("what a bundle brought is carried on by the bundles made here", async () => {
  await carry(BLOCK);
  const onward = join(gap.medium, "onward");
  await gap.done("far", "bundle", "create", "--to", onward);
  const { bundles } = await gap.json<{ bundles: { advice: number }[] }>("far", "bundle", "inspect", onward);
  expect(bundles.map(({ advice }) => advice)).toEqual([1]);
  await carry({});
});

test("advice that cannot be read any more is an error, not a free way", async () => {
  await carry(BLOCK);
  await writeFile(join(gap.far.data, "state/carried-advice.json"), '{"format": "jam-carried');
  for (const command of [["which", "3.6.26"], ["plan", "--from", "3.6.26", "--to", "3.6.27"], ["graph"]]) {
    const { status, stderr } = await gap.far.here(...command);
    expect(status).toBe(4);
    expect(stderr).toContain("[JAM_STORE_CORRUPT]");
    expect(stderr).toContain("jam bundle import");
  }
  expect((await fetch(`${serve.url}/api/v1/which?current=3.6.26`)).status).toBe(503);
  await carry({});
  expect(await answers()).toMatchObject(FREE);
});

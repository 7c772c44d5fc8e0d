/** What commands with `--channel` advise when the channel does not list an agent. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ConfigFile } from "../../src/config/schema.ts";
import type { AgentsDocument } from "../../src/mirror/agents-document.ts";
import type { ExplainDocument } from "../../src/mirror/explain-document.ts";
import type { PlanDocument } from "../../src/upgrade/plan/plan-document.ts";
import type { ReadyDocument } from "../../src/upgrade/ready/ready-document.ts";
import type { WhichAnswer } from "../../src/upgrade/which/which-answer.ts";
import { RESOURCE_NAMES, RESOURCES } from "../../src/server/api/resources.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { startServe, type ServeProcess } from "../helpers/running-jam.ts";
import { agedTree, startUpstream, type SampleTree, type TestUpstream } from "../helpers/upstream.ts";

let folder: string;
let trees: SampleTree[];
let upstream: TestUpstream;
let mirror: TestMirror;
let server: ServeProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "jam-advice-"));
  trees = await Promise.all([
    agedTree(["3.6.1"], 3),
    agedTree(["3.6.1", "3.6.2"], 2),
    agedTree(["3.6.1", "3.6.2", "3.6.3"], 1),
  ]);
  upstream = await startUpstream({ tree: trees[0] as SampleTree });
  mirror = await temporaryMirror(upstream, {
    channels: { lab: { from: "mirror" }, prod: { from: "lab" } },
    select: [{ stream: "released", versions: "<3.6.3" }],
  });
  await mirror.sync();
  await done("channel", "promote", "lab", "--reason", "first");
  await done("channel", "promote", "prod", "--reason", "first");
  upstream.publish(trees[1] as SampleTree);
  await mirror.sync();
  server = await startServe(mirror.folder);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await mirror[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function done(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await mirror.here(...args);
  expect(status, stderr + stdout).toBe(0);
  return stdout;
}

async function ask<T>(...args: string[]): Promise<T> {
  return JSON.parse((await mirror.here(...args, "-o", "json")).stdout) as T;
}

async function get<T>(path: string): Promise<T> {
  return (await (await fetch(`${server.url}/api/v1/${path}`)).json()) as T;
}

const which = (to: string, channel = "prod") =>
  ask<WhichAnswer>("which", "3.6.1", "--to", to, "--channel", channel);

const rules = (lab: NonNullable<ConfigFile["channels"]>[string]) =>
  mirror.configure({ channels: { lab, prod: { from: "lab" } } });

const LAB = "`jam channel promote lab --reason REASON`";
const PROD = "`jam channel promote prod --reason REASON`";

test("what the mirror holds is promoted, through every channel on the way", async () => {
  const expected = `The mirror holds 3.6.2 for amd64: run ${LAB}, then ${PROD}.`;
  expect(await which("3.6.2")).toMatchObject({ decision: "not-found", hint: expected });
  expect((await which("3.6.2", "lab")).hint).toBe(`The mirror holds 3.6.2 for amd64: run ${LAB}.`);

  const listed = await mirror.here("list", "3.6.2", "--channel", "prod");
  expect(listed.status).toBe(5);
  expect(listed.stderr).toContain(`No agent in the channel prod matches. ${expected}`);

  const explained = await ask<ExplainDocument>("explain", "3.6.2", "--offline", "--channel", "prod");
  expect(explained.agents).toMatchObject([{ agent: "3.6.2-ubuntu-amd64", held: false, channel: expected }]);
  expect(await done("explain", "3.6.2", "--channel", "prod")).toContain(
    "selected (not in prod, listed upstream",
  );
  const here = await ask<ExplainDocument>("explain", "3.6.1", "--offline", "--channel", "prod");
  expect(here.agents[0]).not.toHaveProperty("channel");

  const planned = await ask<PlanDocument>("plan", "--from", "3.6.1", "--to", "3.6.2", "--channel", "prod");
  expect(planned).toMatchObject({
    channel: { name: "prod", agents: 1, next: [expected] },
    totals: { upstream: 1, bytesToFetch: 0 },
  });
  const text = await done("plan", "--from", "3.6.1", "--to", "3.6.2", "--channel", "prod");
  expect(text).toContain(expected);
  expect(text).not.toContain("jam sync");

  const file = join(folder, "plan.json");
  await writeFile(file, JSON.stringify(planned));
  const ready = await ask<ReadyDocument>("ready", "--plan", file, "--channel", "prod");
  const check = ready.checks.find(({ id }) => id === "target-agents");
  expect(check).toMatchObject({
    status: "fail",
    evidence: ["3.6.2-ubuntu-amd64 not listed in the channel prod"],
    remedy: expected,
  });
  const bundle = ["bundle", "create", "--to", join(folder, "b"), "--plan", file];
  const { error } = await ask<{ error: { hint: string } }>(...bundle, "--unsigned", "--channel", "prod");
  expect(error.hint).toContain(expected);

  const looked = await mirror.here("lookup", "3.6.2", "--channel", "prod");
  expect(looked.stdout).toContain("jam explain --channel prod");
  for (const { stdout, stderr } of [listed, looked]) expect(stdout + stderr).not.toContain("jam sync");
});

test("the API advises the same", async () => {
  const expected = `The mirror holds 3.6.2 for amd64: run ${LAB}, then ${PROD}.`;
  expect(await get("explain?agent=3.6.2&channel=prod")).toMatchObject({ agents: [{ channel: expected }] });
  expect(await get("plan?from=3.6.1&to=3.6.2&channel=prod")).toMatchObject({ channel: { next: [expected] } });
  const { checks } = await get<ReadyDocument>("ready?from=3.6.1&to=3.6.2&channel=prod");
  expect(checks.find(({ id }) => id === "target-agents")?.remedy).toBe(expected);
});

test("every resource about agents answers for a channel, as the command does, and knows no other one", async () => {
  expect(await get("which?current=3.6.1&to=3.6.2&channel=prod")).toEqual(await which("3.6.2"));
  expect(await get("which?current=3.6.1&to=3.6.2")).toMatchObject({ version: "3.6.2" });
  const questions = JSON.stringify({ questions: [{ current: "3.6.1" }] });
  const post = (channel: string) =>
    fetch(`${server.url}/api/v1/which?channel=${channel}`, { method: "POST", body: questions });
  expect(await (await post("prod")).json()).toMatchObject({ answers: [{ decision: "up-to-date" }] });
  expect(await (await post("mirror")).json()).toMatchObject({ answers: [{ version: "3.6.2" }] });
  const listed = await get<AgentsDocument>("agents?channel=prod");
  expect(listed.agents.map(({ version }) => version)).toEqual(["3.6.1"]);
  const status = await get<{ snapshot: { id: string } }>("status?channel=prod");
  expect(status.snapshot.id).toBe(listed.snapshot);
  const printed = JSON.parse(await done("status", "--channel", "prod", "-o", "json")) as typeof status;
  expect(printed.snapshot.id).toBe(listed.snapshot);

  const paths = RESOURCE_NAMES.filter((name) =>
    RESOURCES[name].parameters.some(({ name: parameter }) => parameter === "channel"),
  );
  expect(paths).toEqual(["status", "agents", "explain", "plan", "ready", "sites"]);
  const wanted = ["which?current=3.6.1", ...paths.map((path) => `${path}?agent=3.6&from=3.6.1&to=3.6`)];
  for (const path of wanted) {
    const own = path.startsWith("explain") ? "explain?agent=3.6" : path.replace("agent=3.6&", "");
    const query = /^(status|agents|sites)/.test(own) ? (own.split("?")[0] ?? "") : own;
    const answer = await fetch(
      `${server.url}/api/v1/${query}${query.includes("?") ? "&" : "?"}channel=prodd`,
    );
    expect(answer.status, query).toBe(404);
    expect(await answer.json()).toMatchObject({
      code: "JAM_CHANNEL_NOT_FOUND",
      hint: expect.stringContaining("Did you mean prod?") as string,
    });
  }
  expect((await post("prodd")).status).toBe(404);
  const { paths: described } = await get<{
    paths: Record<string, { get: { parameters: { name: string }[] } }>;
  }>("openapi.json");
  for (const name of [...paths, "which"])
    expect(described[`/api/v1/${name}`]?.get.parameters.map((one) => one.name)).toContain("channel");
});

test("an address is verified against the channel that it names; an unknown channel is refused with the nearest", async () => {
  const address = `${server.url}/channel/prod/tools`;
  expect(await ask("verify", "--url", address)).toMatchObject({ verdict: "whole", ref: "prod" });
  const refused = await ask<{ error: object }>("verify", "--url", address, "--channel", "prdo");
  expect(refused.error).toMatchObject({
    code: "JAM_CHANNEL_NOT_FOUND",
    hint: expect.stringContaining("Did you mean prod?") as string,
  });
});

test("check and upgraded look at the channel that the fleet uses", async () => {
  const models = {
    models: [{ name: "c/web", "controller-name": "c", "agent-version": "3.6.2", type: "iaas" }],
  };
  await writeFile(join(mirror.folder, "models.json"), JSON.stringify(models));
  await mirror.configure({ keepRunning: "models.json" });
  const { checks } = await ask<{ checks: { check: string }[] }>("check", "--channel", "prod");
  expect(checks).toContainEqual({
    check: "running",
    state: "warn",
    detail: "the fleet runs 3.6.2: not in the channel prod",
    hint: `The mirror holds 3.6.2 for amd64: run ${LAB}, then ${PROD}.`,
  });
  const { stderr } = await mirror.here("upgraded", "--to", "3.6/stable", "models.json", "--channel", "prod");
  expect(stderr).toContain("3.6.1");
});

test("what is held or withdrawn is named with its reason, and released first", async () => {
  await done("channel", "promote", "lab", "--reason", "next");
  await done("channel", "hold", "lab", "3.6.2", "--reason", "LP#2031234");
  expect((await which("3.6.2")).hint).toBe(
    `The channel lab lists 3.6.2 for amd64, but it is on hold in lab: LP#2031234. To take it: \`jam channel release lab 3.6.2 --reason REASON\`, then ${PROD}.`,
  );
  await done("channel", "release", "lab", "3.6.2", "--reason", "solved");
  expect((await which("3.6.2")).hint).toBe(`The channel lab lists 3.6.2 for amd64: run ${PROD}.`);

  await done("channel", "promote", "prod", "--reason", "next");
  await done("channel", "withdraw", "prod", "3.6.2", "--reason", "CVE-2030-1");
  const { hint } = await which("3.6.2");
  expect(hint).toContain("it is withdrawn in prod: CVE-2030-1");
  expect(hint).toContain("`jam channel release prod 3.6.2 --reason REASON`");
  expect(hint).not.toContain("jam sync");
});

test("what a channel's rules or delay keep back is named with them", async () => {
  await rules({ from: "mirror", select: [{ stream: "released", versions: "<3.6.2" }] });
  await done("channel", "promote", "lab", "--reason", "narrow");
  expect((await which("3.6.2", "lab")).hint).toContain("`select` of the channel lab leaves it out");
  await rules({ from: "mirror", delay: "P30D" });
  const { hint } = await which("3.6.2", "lab");
  expect(hint).toContain("lab does not take it yet: its delay ends at");
  expect(hint).not.toContain("jam sync");
  await rules({ from: "mirror" });
});

test("a sync is advised for what the mirror does not hold, and the promotion after it", async () => {
  upstream.publish(trees[2] as SampleTree);
  await mirror.sync();
  const { hint } = await which("3.6.3", "lab");
  expect(hint).toContain("Run `jam sync` with a rule in `select` of jam.yaml");
  expect(hint).toContain(`Once the mirror has it: ${LAB}.`);
  const unknown = await which("3.6.9");
  expect(unknown.hint).toContain("Upstream listed no 3.6.9 in released at the last sync");
});

test("a channel that is not defined any longer, or whose history is damaged, still gets an answer", async () => {
  await mirror.configure({ channels: { prod: { from: "mirror" } } });
  expect((await which("3.6.2", "lab")).hint).toContain("The channel lab is not defined any longer");
  await mirror.configure({ channels: { lab: { from: "nowhere" }, prod: { from: "lab" } } });
  expect((await which("3.6.2", "lab")).hint).toContain("The channel lab takes from nowhere");
});

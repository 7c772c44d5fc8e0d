import { readdir } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { keepReport, failedReport } from "../../../src/mirror/run-report.ts";
import { JamError } from "../../../src/shared/errors.ts";
import { RESOURCE_NAMES, RESOURCES } from "../../../src/server/api/resources.ts";
import { healthyFleet } from "../../helpers/healthy-fleet.ts";
import { serveMirror } from "../../helpers/served-mirror.ts";

const AGENTS = { agents: [{ version: "3.6.5" }, { version: "3.6.9" }, { version: "2.9.51" }] };
const FLEET = healthyFleet("3.6.5")
  .map(({ text }) => text)
  .join("\n");

async function ask(url: string, path: string, init?: RequestInit) {
  const response = await fetch(`${url}/api/v1/${path}`, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: text && JSON.parse(text) };
}

const post = (body: string | Uint8Array<ArrayBuffer>) => ({ method: "POST", body });

test("gives long lists page by page and counts the rows of the other pages", async () => {
  await using mirror = await serveMirror(AGENTS);
  const versions = async (query: string) => {
    const { body } = await ask(mirror.url, `agents${query}`);
    return [...body.agents.map(({ version }: { version: string }) => version), body.omitted];
  };
  expect(await versions("")).toEqual(["2.9.51", "3.6.5", "3.6.9", undefined]);
  expect(await versions("?limit=2")).toEqual(["2.9.51", "3.6.5", { agents: 1 }]);
  expect(await versions("?limit=2&offset=2")).toEqual(["3.6.9", { agents: 2 }]);
  expect(await versions("?offset=9")).toEqual([{ agents: 3 }]);
  expect((await ask(mirror.url, "explain?agent=ubuntu-amd64&limit=1")).body).toMatchObject({
    agents: [{}],
    omitted: { agents: 2 },
  });
});

test("answers from what was published last", async () => {
  await using mirror = await serveMirror(AGENTS);
  const held = async () => (await ask(mirror.url, "status")).body.held.agents;
  expect(await held()).toBe(3);
  await mirror.publish({ agents: [...AGENTS.agents, { version: "3.6.10" }] });
  expect(await held()).toBe(4);
  expect((await ask(mirror.url, "agents?version=3.6.10")).body.agents).toHaveLength(1);
});

test("an empty mirror has a status, no agents, and says so without naming its folder", async () => {
  await using mirror = await serveMirror();
  expect((await ask(mirror.url, "status")).body).toMatchObject({ snapshot: null, held: { agents: 0 } });
  expect((await ask(mirror.url, "sites")).body).toEqual({ sites: [] });
  for (const path of ["agents", "ready?from=3.6.5&to=3.6.9"]) {
    const { status, body, text } = await ask(mirror.url, path);
    expect([path, status]).toEqual([path, 404]);
    expect(["JAM_MIRROR_EMPTY", "JAM_AGENT_NOT_FOUND"]).toContain(body.code);
    expect(text).not.toContain(mirror.store.path);
  }
});

test.for(RESOURCE_NAMES)("%s answers HEAD without a body, and refuses other methods", async (name) => {
  await using mirror = await serveMirror(AGENTS);
  const query = { explain: "?agent=3.6.5", plan: "?from=3.6.5&to=3.6.9", ready: "?from=3.6.5&to=3.6.9" };
  const path = `${name}${(query as Partial<Record<string, string>>)[name] ?? ""}`;
  const head = await ask(mirror.url, path, { method: "HEAD" });
  const got = await ask(mirror.url, path);
  expect([head.status, head.text, got.status, got.headers.get("cache-control")]).toEqual([
    200,
    "",
    200,
    "no-store",
  ]);
  const allowed = RESOURCES[name].body === undefined ? "GET, HEAD" : "GET, HEAD, POST";
  for (const method of ["PUT", "DELETE", ...(allowed.includes("POST") ? [] : ["POST"])]) {
    const { status, headers, body } = await ask(mirror.url, path, { method });
    expect([status, headers.get("allow"), body.code]).toEqual([405, allowed, "JAM_METHOD_NOT_ALLOWED"]);
  }
});

test.for(RESOURCE_NAMES)("%s refuses a parameter that it does not know", async (name) => {
  await using mirror = await serveMirror(AGENTS);
  const { status, body } = await ask(mirror.url, `${name}?nonsense=1`);
  expect([status, body.code, body.message]).toEqual([400, "JAM_USAGE_INVALID", "nonsense: is unknown."]);
});

describe("says what is wrong with", () => {
  test.for([
    ["a misspelt parameter", "agents?strem=released", "strem: is unknown."],
    ["a parameter given twice", "agents?arch=amd64&arch=arm64", "arch: is set more than once."],
    ["a parameter without a value", "agents?arch=", "arch: is empty."],
    ["a limit of none", "agents?limit=0", 'limit: expected a whole number from 1 to 1000, got "0"'],
    ["a limit above the largest", "sites?limit=1001", "limit: expected a whole number from 1 to 1000"],
    ["a negative offset", "agents?offset=-1", "offset: expected a whole number"],
    ["a number of runs in words", "status?runs=all", 'runs: expected a whole number from 0 to 20, got "all"'],
    ["no agent to explain", "explain", "agent: is missing."],
    ["nothing to plan", "plan", "Give from VERSION and to VERSION, or a body."],
    ["no target", "plan?from=3.6.5", "to is missing."],
    ["a version that is none", "plan?from=three&to=3.6", 'from: "three" is not a Juju version.'],
    ["an unknown kind of model", "plan?from=3.6.5&to=3.6&model-type=vm", "model-type: expected iaas or caas"],
    ["an unknown architecture", "plan?from=3.6.5&to=3.6&arch=amd46", 'arch: "amd46" is not one of'],
    ["an address that is none", "plan?from=3.6.5&to=3.6&url=mirror", 'url: "mirror" is not an http'],
    ["hashing from outside", "ready?from=3.6.5&to=3.6&deep", "deep: is unknown."],
    ["a fleet without a body", "ready?fleet&to=3.6", "fleet: needs a body: use POST."],
    ["an unknown check", "ready?from=3.6.5&to=3.6.9&confirm=nothing", "there is no check nothing"],
  ])("%s", async ([, path, message]) => {
    await using mirror = await serveMirror(AGENTS);
    const { status, body } = await ask(mirror.url, path as string);
    expect([status, body.code]).toEqual([400, expect.stringMatching(/^JAM_(USAGE|VERSION)_INVALID$/)]);
    expect(body.message).toContain(message);
  });

  test.for([
    ["a fleet and a start", "plan?from=3.6.5&to=3.6", FLEET, 400, "from and a body are mutually exclusive."],
    ["an empty body", "plan?to=3.6", "", 400, "The request's body"],
    ["a body that tells of no fleet", "plan?to=3.6", '{"some":"thing"}', 400, "The request's body"],
    ["a body that is not text", "plan?to=3.6", new Uint8Array([0xff, 0xfe]), 400, "it is not UTF-8"],
    ["a plan that is a fleet", "ready", FLEET, 400, "The request's body"],
    ["a plan with parameters of its own", "ready?to=3.6", "{}", 400, "to: cannot be combined with a plan"],
    ["a body that is too large", "plan?to=3.6", "x".repeat(9_000_000), 413, "The body is larger than"],
  ] as const)("%s", async ([, path, body, wanted, message]) => {
    await using mirror = await serveMirror(AGENTS);
    const answer = await ask(mirror.url, path, post(body));
    expect(answer.status).toBe(wanted);
    expect(answer.body.message).toContain(message);
  });

  test("an agent or version that is not held", async () => {
    await using mirror = await serveMirror(AGENTS);
    for (const path of ["explain?agent=3.5.1", "plan?from=3.6.5&to=3.9.1", "agents?version=5/stable"]) {
      const { status, body } = await ask(mirror.url, path);
      expect([path, status, body.code]).toEqual([path, 404, "JAM_AGENT_NOT_FOUND"]);
      expect(body.hint).not.toBe("");
    }
  });
});

test("says what a snap channel was taken for", async () => {
  await using mirror = await serveMirror(AGENTS);
  for (const path of ["agents?version=3.6/stable", "explain?agent=3.6/stable"]) {
    expect((await ask(mirror.url, path)).body.note).toContain("3.6/stable is a snap channel");
  }
  expect((await ask(mirror.url, "agents?version=3.6")).body).not.toHaveProperty("note");
  const { body } = await ask(mirror.url, "plan?from=3.6.5&to=3.6/stable");
  expect(body.hops).toMatchObject([{ to: "3.6.9" }]);
  expect(body.warnings[0]).toContain("3.6/stable is a snap channel");
});

test("names neither folders of the machine nor credentials", async () => {
  await using mirror = await serveMirror(AGENTS);
  const { path } = mirror.store;
  await keepReport(mirror.store.documents, {
    ...failedReport(
      new JamError(
        "JAM_STORE_IO",
        `${path}/blobs/sha256/ab cannot be written, nor "/srv/other/place/x.tgz".`,
        {
          hint: `Look at ${path}.`,
        },
      ),
      { kept: undefined, held: { agents: 0, bytes: 0 } },
    ),
    upstream: "https://me:secret@mirror.example/juju/tools/",
    warnings: [
      "file:///srv/trees/juju/index2.json is old",
      "http://u@h.example/a/b is odd, and --data=/srv/d/e too",
    ],
    startedAt: "2026-01-02T03:04:05.000Z",
    durationMs: 1,
  });
  const [status, runs] = [await ask(mirror.url, "status"), await ask(mirror.url, "runs?runs=1")];
  for (const { text } of [status, runs]) {
    for (const secret of [path, "secret", "me:", "/srv", "u@"]) expect(text).not.toContain(secret);
  }
  expect(runs.body.runs).toMatchObject([
    {
      upstream: "https://mirror.example/juju/tools/",
      warnings: ["file:…/index2.json is old", "http://h.example/a/b is odd, and --data=…/e too"],
    },
  ]);
  expect(status.body.writer).toBeNull();
});

test("writes nothing, whatever is asked", async () => {
  await using mirror = await serveMirror(AGENTS);
  const files = async () => (await readdir(mirror.store.path, { recursive: true })).toSorted();
  const before = await files();
  for (const name of RESOURCE_NAMES) await ask(mirror.url, `${name}?from=3.6.5&to=3.6&agent=3.6`);
  await ask(mirror.url, "status");
  await ask(mirror.url, "agents");
  await ask(mirror.url, "explain?agent=3.6");
  await ask(mirror.url, "sites");
  await ask(mirror.url, "plan?to=3.6", post(FLEET));
  await ask(mirror.url, "ready?fleet&to=3.6", post(FLEET));
  expect(await files()).toEqual(before);
  expect(before.length).toBeGreaterThan(3);
});

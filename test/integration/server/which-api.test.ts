import { describe, expect, test } from "vitest";
import { serveMirror } from "../../helpers/served-mirror.ts";

const AGENTS = { agents: [{ version: "3.6.5" }, { version: "3.6.9" }, { version: "2.9.51" }] };

interface Body {
  readonly decision: string;
  readonly version: string | null;
  readonly code: string | null;
  readonly message: string;
  readonly hint?: string;
  readonly warnings: readonly { code: string }[];
}

async function ask(url: string, path: string, init?: RequestInit): Promise<{ status: number; body: Body }> {
  const response = await fetch(`${url}/api/v1/${path}`, init);
  return { status: response.status, body: (await response.json()) as Body };
}

test("answers a question of a query from what was published last", async () => {
  await using mirror = await serveMirror(AGENTS);
  expect(await ask(mirror.url, "which?current=3.6.5")).toMatchObject({
    status: 200,
    body: { decision: "upgrade", version: "3.6.9", code: null },
  });
  await mirror.publish({ agents: [...AGENTS.agents, { version: "3.6.10" }] });
  expect((await ask(mirror.url, "which?current=3.6.5")).body.version).toBe("3.6.10");
});

test("takes lists as repeated parameters or with commas, and switches with or without a value", async () => {
  await using mirror = await serveMirror(AGENTS);
  for (const query of ["arch=amd64&arch=arm64&hosted", "arch=amd64,arm64&hosted=true"]) {
    const { body } = await ask(mirror.url, `which?current=3.6.5&controller=3.6.9&${query}`);
    expect(body.warnings.map(({ code }) => code)).toEqual(["arch-missing"]);
  }
});

test("answers from an empty mirror that nothing is found, and what to sync", async () => {
  await using mirror = await serveMirror();
  const { status, body } = await ask(mirror.url, "which?current=3.6.5");
  expect(status).toBe(200);
  expect(body).toMatchObject({ decision: "not-found", version: null, code: "JAM_MIRROR_EMPTY" });
  expect(body.hint).toContain("jam sync");
});

test("answers many questions of a body in the order asked", async () => {
  await using mirror = await serveMirror(AGENTS);
  const questions = Array.from({ length: 250 }, (_, id) => ({
    id,
    current: id % 2 === 0 ? "3.6.5" : "2.9.51",
  }));
  const response = await fetch(`${mirror.url}/api/v1/which`, {
    method: "POST",
    body: JSON.stringify({ questions }),
  });
  const { answers } = (await response.json()) as { answers: readonly (Body & { id: number })[] };
  expect(answers.map(({ id }) => id)).toEqual(questions.map(({ id }) => id));
  expect(answers.slice(0, 2).map(({ decision, version }) => [decision, version])).toEqual([
    ["upgrade", "3.6.9"],
    ["up-to-date", "2.9.51"],
  ]);
});

describe("says what is wrong with", () => {
  test.for([
    [
      "an unknown version",
      "which?current=3.6",
      "JAM_VERSION_INVALID",
      'current: "3.6" is a minor, not a version.',
    ],
    [
      "no version",
      "which",
      "JAM_USAGE_INVALID",
      "current: is missing; expected the agent version of the model, such as 3.6.5.",
    ],
    ["an unknown parameter", "which?curent=3.6.5", "JAM_USAGE_INVALID", "curent: is unknown."],
    [
      "a parameter given twice",
      "which?current=3.6.5&current=3.6.6",
      "JAM_USAGE_INVALID",
      "current: is set more than once.",
    ],
    [
      "a switch with a word",
      "which?current=3.6.5&hosted=maybe",
      "JAM_USAGE_INVALID",
      'hosted: expected true or false, got "maybe".',
    ],
    [
      "an unknown arch",
      "which?current=3.6.5&arch=amd46",
      "JAM_USAGE_INVALID",
      'arch: "amd46" is not an architecture that Juju knows.',
    ],
  ] as const)("%s", async ([, path, code, message]) => {
    await using mirror = await serveMirror(AGENTS);
    expect(await ask(mirror.url, path)).toMatchObject({ status: 400, body: { code, message } });
  });

  test("a body that is not JSON, none at all, or too large", async () => {
    await using mirror = await serveMirror(AGENTS);
    const post = (body: string) => ask(mirror.url, "which", { method: "POST", body });
    expect(await post("{")).toMatchObject({
      status: 400,
      body: { code: "JAM_USAGE_INVALID", message: "The request's body is not JSON." },
    });
    expect((await post("")).status).toBe(400);
    expect(await post(`[{"current":"3.6.5","remark":"${"x".repeat(8 * 1024 * 1024)}"}]`)).toMatchObject({
      status: 413,
      body: { code: "JAM_REQUEST_TOO_LARGE" },
    });
  });

  test("the third of several questions, by its place and field", async () => {
    await using mirror = await serveMirror(AGENTS);
    const body = JSON.stringify([{ current: "3.6.5" }, { current: "3.6.5" }, { current: 3 }]);
    expect((await ask(mirror.url, "which", { method: "POST", body })).body.message).toBe(
      "[2].current: expected a version such as 3.6.5, 3.6-beta2 or 2.9.42.1, got 3",
    );
  });

  test("a method that asks nothing", async () => {
    await using mirror = await serveMirror(AGENTS);
    const response = await fetch(`${mirror.url}/api/v1/which`, { method: "DELETE" });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD, POST"]);
    expect((await fetch(`${mirror.url}/tools/x`, { method: "POST", body: "x" })).status).toBe(405);
    expect((await fetch(`${mirror.url}/api/v1/nothing`, { method: "POST", body: "x" })).status).toBe(404);
  });
});

test("describes itself as OpenAPI, every parameter included", async () => {
  await using mirror = await serveMirror();
  const response = await fetch(`${mirror.url}/api/v1/openapi.json`);
  const document = (await response.json()) as {
    openapi: string;
    paths: Record<string, { get: { parameters: { name: string }[] } }>;
  };
  expect(document.openapi).toBe("3.1.1");
  expect(document.paths["/api/v1/which"]?.get.parameters.map(({ name }) => name)).toContain(
    "controller-model",
  );
});

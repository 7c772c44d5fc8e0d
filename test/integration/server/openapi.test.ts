import { expect, test } from "vitest";
import { z } from "zod";
import { describeApi } from "../../../src/server/api/openapi.ts";
import { WriteTurns } from "../../../src/server/write-turns.ts";
import { RESOURCE_NAMES } from "../../../src/server/api/resources.ts";
import { serveApi } from "../../../src/server/api/routes.ts";
import { serveMirror } from "../../helpers/served-mirror.ts";

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: object }[];
  readonly requestBody?: { readonly content: object };
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}

interface Description {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

async function read(url: string): Promise<Description> {
  return (await (await fetch(`${url}/api/v1/openapi.json`)).json()) as Description;
}

const never = () => Promise.reject(new Error("not asked"));

/** Every operation, with its path and method. */
function operationsOf({ paths }: Description) {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
}

/** Every `$ref` in a document. */
function refsIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === "$ref" ? [String(inner)] : refsIn(inner),
  );
}

test("describes every route, and nothing that is not there", async () => {
  await using mirror = await serveMirror({ agents: [{ version: "3.6.5" }] });
  const api = serveApi({
    readState: never,
    ask: never,
    pace: { minBytes: 1, windowMs: 1 },
    turns: new WriteTurns(),
  });
  const routes = api.stack.flatMap(({ route }) =>
    route === undefined
      ? []
      : route.stack.flatMap(({ method }) => (method === undefined ? [] : [`${method} /api/v1${route.path}`])),
  );
  const described = operationsOf(await read(mirror.url)).map(({ path, method }) => `${method} ${path}`);
  expect(described.toSorted()).toEqual([...new Set(routes)].toSorted());
  expect(described.length).toBeGreaterThan(RESOURCE_NAMES.length);
});

test("is an OpenAPI document: operations have ids of their own, answers and known references", () => {
  const description = JSON.parse(JSON.stringify(describeApi())) as Description;
  const operations = operationsOf(description);
  expect(description.openapi).toMatch(/^3\.1\.\d+$/);
  expect(description.info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
  const ids = operations.map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { path, method, operation } of operations) {
    const where = `${method} ${path}`;
    expect(operation.summary, where).not.toBe("");
    expect(Object.keys(operation.responses), where).toContain("200");
    for (const { description: text } of Object.values(operation.responses)) expect(text).not.toBe("");
    expect(operation.requestBody !== undefined, where).toBe(method === "post");
    const names = (operation.parameters ?? []).map(({ name }) => name);
    expect(new Set(names).size, where).toBe(names.length);
    for (const parameter of operation.parameters ?? []) {
      expect(parameter.in, where).toBe("query");
      expect(Object.keys(parameter.schema).length, `${where} ${parameter.name}`).toBeGreaterThan(0);
    }
  }
  const names = Object.keys(description.components.schemas);
  const known = new Set(names.map((name) => `#/components/schemas/${name}`));
  const refs = refsIn(description);
  expect(refs.filter((ref) => !known.has(ref))).toEqual([]);
  expect(refs.length).toBeGreaterThan(10);
});

test("the schema of each answer fits what is answered, and has a type for every field", async () => {
  await using mirror = await serveMirror({ agents: [{ version: "3.6.5" }, { version: "3.6.9" }] });
  const { components } = await read(mirror.url);
  const query: Readonly<Record<string, string>> = {
    explain: "?agent=3.6",
    plan: "?from=3.6.5&to=3.6",
    ready: "?from=3.6.5&to=3.6",
  };
  for (const name of RESOURCE_NAMES) {
    const response = await fetch(`${mirror.url}/api/v1/${name}${query[name] ?? ""}`);
    const schema = components.schemas[`${name.charAt(0).toUpperCase()}${name.slice(1)}`] ?? {};
    expect(() => z.fromJSONSchema(schema as never).parse({}), name).toThrow();
    expect(z.fromJSONSchema(schema as never).safeParse(await response.json()), name).toMatchObject({
      success: true,
    });
    expect(untyped(schema, name)).toEqual([]);
  }
});

/** Places of a schema that say nothing of what may be there. */
function untyped(schema: object, place: string): string[] {
  const { properties = {}, items } = schema as { properties?: Record<string, object>; items?: object };
  const own = Object.keys(schema).some((key) => ["type", "anyOf", "oneOf", "enum", "const"].includes(key));
  return [
    ...(own ? [] : [place]),
    ...Object.entries(properties).flatMap(([name, inner]) => untyped(inner, `${place}.${name}`)),
    ...(items === undefined ? [] : untyped(items, `${place}[]`)),
  ];
}

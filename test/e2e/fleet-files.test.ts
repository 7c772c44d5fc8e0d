/** Commands that read a fleet's files, with files as operators have them. */
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PlanDocument } from "../../src/upgrade/plan/plan-document.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { startUpstream, type TestUpstream } from "../helpers/upstream.ts";

const FIXTURES = resolve(import.meta.dirname, "../fixtures");
const RELEASES = "2.9.42 2.9.60 3.5.4 3.6.4 3.6.9 3.6.12 3.6.20".split(" ");

let upstream: TestUpstream;
let mirror: TestMirror;

beforeAll(async () => {
  upstream = await startUpstream({ releases: RELEASES, oses: ["ubuntu"] });
  mirror = await temporaryMirror(upstream, {
    select: [{ stream: "released", versions: ">=3.6", arch: ["amd64", "arm64"] }],
  });
  await cp(join(FIXTURES, "fleet-cases"), join(mirror.folder, "cases"), { recursive: true });
  expect((await mirror.jam("sync", "--quiet")).status).toBe(0);
});

afterAll(async () => {
  await mirror[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

interface Printed<T> {
  readonly status: number | null;
  readonly document: T;
}

async function json<T>(...args: string[]): Promise<Printed<T>> {
  const { status, stdout, stderr } = await mirror.jam(...args, "-o", "json");
  expect(stdout, stderr).not.toBe("");
  return { status, document: JSON.parse(stdout) as T };
}

interface Refusal {
  readonly error: { readonly code: string; readonly message: string; readonly hint: string };
}

describe("two controllers of one name", () => {
  test("get a plan each, with unique names in output, while commands use the name that clients know", async () => {
    const { document } = await json<PlanDocument>(
      "plan",
      "--fleet",
      "cases/two-controllers-one-name/models",
      "--to",
      "3.6.20",
    );
    const hops = document.hops.map(({ controller, from, how }) => `${controller} ${from} ${how}`);
    expect(hops).toContain("localhost-localhost (aaaaaaaa) 3.6.9 upgrade");
    expect(hops).toContain("localhost-localhost (bbbbbbbb) 2.9.42 upgrade");
    expect(hops.findLast((hop) => hop.includes("bbbbbbbb"))).toContain("migrate");
    const commands = document.hops.flatMap(({ steps }) => steps.map(({ command }) => command));
    expect(commands).toContain("juju upgrade-controller -c localhost-localhost --agent-version 3.6.20");
    expect(commands.join("\n")).toContain("localhost-localhost-bbbbbbbb-3.6.20");
    expect(document.warnings.join()).toContain("2 controllers are called localhost-localhost");
  });
});

test("JAAS gets no plan, but the way to one", async () => {
  const { status, document } = await json<Refusal>(
    "plan",
    "--fleet",
    "cases/jaas-several-uuids",
    "--to",
    "3.6.20",
  );
  expect({ status, code: document.error.code }).toEqual({ status: 2, code: "JAM_FLEET_INVALID" });
  const { stderr } = await mirror.jam("plan", "--fleet", "cases/jaas-several-uuids", "--to", "3.6.20");
  expect(stderr).toContain("Provide the files of each controller");
});

describe("a file of several documents", () => {
  test("counts whole as a fleet", async () => {
    const { status, document } = await json<{ models: { model: string }[] }>(
      "upgraded",
      "cases/yaml-documents/two-statuses.yaml",
    );
    expect(status).toBe(0);
    expect(document.models.map(({ model }) => model)).toEqual(["db", "web"]);
  });

  test.for([["ready"], ["sync", "--dry-run"]])("is refused as a plan by jam %s", async (command) => {
    const plan = "cases/yaml-documents/two-plans.yaml";
    const { status, document } = await json<Refusal>(...command, "--plan", plan);
    expect({ status, code: document.error.code }).toEqual({ status: 2, code: "JAM_PLAN_INVALID" });
    expect(document.error.message).toContain("contains 2 documents; one plan is expected");
  });
});

describe("a folder with a listing that is cut off", () => {
  beforeAll(async () => {
    const folder = join(mirror.folder, "cut");
    await mkdir(folder);
    await cp(join(FIXTURES, "fleet-cases/folders/other"), folder, { recursive: true });
    await writeFile(join(folder, "db.json"), '{"model":{"name":"db","type":"iaas","contro');
  });

  test("is planned with what is known, and names what is not", async () => {
    const { status, document } = await json<PlanDocument>("plan", "--fleet", "cut", "--to", "3.6.20");
    expect(status).toBe(0);
    expect(document.unread).toMatchObject([{ kind: "file", file: "cut/db.json" }]);
    expect(document.warnings.join()).toMatch(
      /cut\/db\.json is cut off.*|cut\/storage\.json is what juju storage/,
    );
  });

  test("is not ready and not upgraded, whatever the rest is", async () => {
    const ready = await json<{ ready: boolean; missing: string[] }>(
      "ready",
      "--fleet",
      "cut",
      "--to",
      "3.6.20",
    );
    expect(ready).toMatchObject({ status: 3, document: { ready: false, missing: [] } });
    const upgraded = await json<{ upgraded: boolean; models: { upgraded: boolean }[] }>("upgraded", "cut");
    expect(upgraded).toMatchObject({
      status: 3,
      document: { upgraded: false, models: [{ upgraded: true }] },
    });
  });

  test("is explained file by file", async () => {
    const { status, document } = await json<{
      files: { file: string; outcome: string; command: string | null }[];
    }>("inventory", "--fleet", "cut", "--explain-files");
    expect(status).toBe(3);
    expect(document.files.map(({ file, outcome, command }) => [file, outcome, command])).toEqual([
      ["cut/db.json", "unread", null],
      ["cut/storage.json", "left-out", null],
      ["cut/web.json", "read", "juju status"],
    ]);
    const table = await mirror.jam("upgraded", "--explain-files", "cut");
    expect(table.stdout).toMatch(/cut\/web\.json +- +yes +juju status \(json\) +3\.x +prod:web at 3\.6\.9/);
  });
});

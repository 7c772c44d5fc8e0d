/** What people read where it could be taken for a fault, or where something else was meant. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { startServe } from "../helpers/running-jam.ts";
import { startUpstream, type TestUpstream } from "../helpers/upstream.ts";

let upstream: TestUpstream;
let mirror: TestMirror;

beforeAll(async () => {
  upstream = await startUpstream({
    releases: ["2.9.60", "3.6.26", "3.6.27"],
    arches: ["amd64"],
    oses: ["ubuntu"],
  });
  mirror = await temporaryMirror(upstream, { select: [{ stream: "released", keep: 2 }] });
  await mirror.sync();
});
afterAll(async () => {
  await mirror[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

const stdoutOf = async (...args: string[]) => (await mirror.here(...args)).stdout;

describe("a mirror of a part of upstream", () => {
  test("does not look faulty in the status and on the page, and JSON has the reason", async () => {
    expect(await stdoutOf("status")).toMatch(/^verbatim {2}no, which is normal: /m);
    const { verbatim } = JSON.parse(await stdoutOf("status", "-o", "json")) as { verbatim: unknown };
    expect(verbatim).toEqual({
      complete: false,
      reason: expect.stringContaining("is not mirrored") as string,
    });
    await using server = await startServe(mirror.folder);
    const page = await (await fetch(server.url)).text();
    expect(page).toContain("it is not served; Juju does without it");
    expect(page).not.toContain("com.ubuntu.juju");
  });
});

describe("jam which", () => {
  test("names the place of a rule in Juju's code with --trace, with -v and in JSON, not otherwise", async () => {
    expect(await stdoutOf("which", "3.6.26")).not.toMatch(/\.go:/);
    for (const flag of ["--trace", "-v"]) expect(await stdoutOf("which", "3.6.26", flag)).toMatch(/\.go:/);
    expect(await stdoutOf("which", "3.6.26", "-o", "json")).toMatch(/\.go:/);
  });

  test("without a question it points to its examples", async () => {
    const { stderr, status } = await mirror.here("which");
    expect([status, stderr]).toEqual([2, expect.stringContaining("`jam which --help` has more examples")]);
  });
});

describe("jam ready", () => {
  test("says apart whether the agents are served and what else is open", async () => {
    expect(await stdoutOf("ready", "--from", "3.6.26", "--to", "3.6.27")).toMatch(
      /\nServed: yes\. In the way: 0\. Not known: \d+\. To check yourself: \d+\.\n$/,
    );
    expect(await stdoutOf("ready", "--from", "3.6.1", "--to", "3.6.27")).toMatch(
      /\nServed: no\. In the way: 0\./,
    );
  });

  test("without a plan it names the ways to give one", async () => {
    const { stderr } = await mirror.here("ready");
    expect(stderr).toContain("jam ready --plan plan.json");
    expect(stderr).not.toContain("jam plan --from");
  });
});

describe("jam plan", () => {
  test("begins and ends with the totals where there are several hops", async () => {
    const lines = (await stdoutOf("plan", "--from", "2.9.42", "--to", "3.6")).split("\n");
    expect(lines.slice(0, 3)).toEqual([
      expect.stringMatching(/^2 hops, \d+ agents?, .*: \d+ held, \d+ to fetch, \d+ missing\.$/),
      "  1. 2.9.42 → 2.9.60, in place",
      "  2. 2.9.60 → 3.6.27, new controller, models migrate",
    ]);
    expect(lines.lastIndexOf(lines[0] ?? "")).toBeGreaterThan(3);
    const one = await stdoutOf("plan", "--from", "3.6.26", "--to", "3.6.27");
    expect(one).toMatch(/^1\. 3\.6\.26 → 3\.6\.27, in place\n/);
  });
});

test("jam upgraded takes a folder in which not every file is a status", async () => {
  const fleet = join(import.meta.dirname, "../fixtures/fleets/02-every-command");
  const { status, stdout, stderr } = await mirror.here("upgraded", "--to", "3.6.27", fleet);
  expect([status, stdout]).toEqual([3, expect.stringContaining("prod:controller: 0 of 2 agents run 3.6.27")]);
  expect(stderr).not.toContain("controllers.yaml");
});

test("the help of a command names the global options in one paragraph, and jam help options describes them", async () => {
  const { stdout } = await mirror.here("help", "check");
  expect(stdout).toMatch(
    /\nGlobal options: --config --data --output .*`jam help options` describes them\.\n$/,
  );
  expect(stdout).not.toContain("--log-level <level>");
  expect((await mirror.here("help", "options")).stdout).toContain("--log-level <level>");
});

test("files that were written are named by their whole paths", async () => {
  await mirror.here("key", "generate");
  for (const [args, file] of [
    [["sync", "--dry-run", "--save-plan"], "plan-of-sync.json"],
    [["inventory", "--to"], "inventory.json"],
    [["bundle", "receipt", "--site", "plant-7", "--to"], "plant-7.receipt"],
    [["key", "export", "--to"], "plant-7.asc"],
  ] as const) {
    const { stdout, stderr } = await mirror.here(...args, file);
    expect(stdout + stderr).toContain(join(mirror.folder, file));
  }
});

/** Rules of `select` that take nothing, or less than they name: told by check, sync and its dry run, and never by an empty index. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ConfigFile } from "../../src/config/schema.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { buildSampleTree, startUpstream, type TestUpstream } from "../helpers/upstream.ts";

const AGENTS = "streams/v1/com.ubuntu.juju-released-agents.json";
const SOME = { stream: "released", versions: ">=3.6", arch: ["amd64"] };

interface RuleRow {
  readonly rule: number;
  readonly taken: number;
  readonly missing: readonly { readonly kind: string; readonly message: string }[];
}

let upstream: TestUpstream;

beforeAll(async () => {
  const tree = await buildSampleTree({
    releases: ["2.8.13", "3.6.0", "3.6.1", "3.6.9", "3.6.11", "4.0.13"],
    arches: ["amd64", "s390x"],
    oses: ["ubuntu"],
    streams: ["released", "proposed"],
  });
  // s390x was never built for the newest 3.6.
  const uneven = await tree.withEdited(AGENTS, (document) => {
    const products = document["products"] as Record<string, { versions: Record<string, { items: object }> }>;
    for (const [id, product] of Object.entries(products)) {
      if (!id.endsWith(":s390x")) continue;
      for (const { items } of Object.values(product.versions)) {
        for (const name of Object.keys(items))
          if (name.startsWith("3.6.11-")) delete (items as Record<string, object>)[name];
      }
    }
    return document;
  });
  upstream = await startUpstream({ tree: uneven });
});
afterAll(() => upstream[Symbol.asyncDispose]());

/** The command with its answer as JSON, and what that says of the rules. */
async function rulesOf(mirror: TestMirror, ...words: string[]) {
  const { status, stdout } = await mirror.here(...words, "-o", "json");
  const document = JSON.parse(stdout) as { rules?: RuleRow[]; error?: { details: { rules: RuleRow[] } } };
  // Quotes inside messages are escaped in JSON.
  const plain = stdout.replaceAll('\\"', '"');
  return { status, stdout: plain, rules: document.rules ?? document.error?.details.rules ?? [] };
}

describe("when no rule takes an agent, nothing changes and the status is 2:", () => {
  test.for<[why: string, select: NonNullable<ConfigFile["select"]>, instead: string]>([
    ["versions above all", [{ ...SOME, versions: ">=5" }], "nearest is 4.0.13 (amd64, s390x)"],
    ["a patch that is not there", [{ ...SOME, versions: "3.6.99" }], "nearest are 3.6.11"],
    ["an OS type", [{ ...SOME, os: ["linux"] }], "for the OS types ubuntu, not for linux"],
    ["an architecture", [{ ...SOME, arch: ["riscv64"] }], "for amd64, s390x, not for riscv64"],
    ["a stream", [{ ...SOME, stream: "devel" }], "upstream has no stream devel"],
    [
      "two rules",
      [
        { ...SOME, versions: ">=5" },
        { ...SOME, arch: ["riscv64"] },
      ],
      "Rule 2",
    ],
  ])("%s", async ([, select, instead]) => {
    await using mirror = await temporaryMirror(upstream, { select });
    const { status, stderr } = await mirror.here("sync", "--quiet");
    expect(status).toBe(2);
    expect(stderr).toContain("[JAM_SELECT_EMPTY]");
    expect(stderr).toContain(instead);
    expect(await readdir(join(mirror.data, "published"))).toEqual([]);
    const check = await rulesOf(mirror, "check");
    expect(check.status).toBe(2);
    expect(check.rules.map(({ taken }) => taken)).toEqual(select.map(() => 0));
    expect(check.stdout).toContain(instead);
  });

  test("each command says so, for people and for scripts", async () => {
    const select = [{ ...SOME, versions: ">=5" }];
    await using mirror = await temporaryMirror(upstream, { select });
    const message = "nearest is 4.0.13 (amd64, s390x)";
    for (const words of [["sync", "--dry-run", "--quiet"], ["sync"]]) {
      const { status, stderr } = await mirror.here(...words);
      expect({ words, status }).toEqual({ words, status: 2 });
      expect(stderr).toContain(message);
      const { rules } = await rulesOf(mirror, ...words);
      expect(rules).toMatchObject([{ rule: 1, taken: 0, missing: [{ kind: "rule" }] }]);
    }
    expect((await mirror.here("check")).stdout).toMatch(/^fail {2}rules .*nearest is 4\.0\.13/m);
  });

  test("a later sync leaves what is shown as it is", async () => {
    await using mirror = await temporaryMirror(upstream, { select: [SOME] });
    await mirror.sync();
    const before = await mirror.published();
    await mirror.configure({ select: [{ ...SOME, versions: "3.6.99" }] });
    const dry = await mirror.here("sync", "-n", "-o", "json");
    expect(dry.status).toBe(2);
    expect(JSON.parse(dry.stdout)).toMatchObject({ plan: { fetch: [], remove: [], bytes: 0 } });
    expect((await mirror.here("sync", "--quiet")).status).toBe(2);
    expect(await mirror.published()).toEqual(before);
    const { runs } = JSON.parse((await mirror.here("status", "-o", "json")).stdout) as {
      runs: { outcome: string; error?: { code: string } }[];
    };
    expect(runs[0]).toMatchObject({ outcome: "failed", error: { code: "JAM_SELECT_EMPTY" } });
  });

  test("nor does a denial of all that is held empty the index", async () => {
    await using mirror = await temporaryMirror(upstream, { select: [{ ...SOME, versions: "3.6.9" }] });
    await mirror.sync();
    await mirror.configure({ deny: [{ version: "3.6", reason: "not here" }] });
    const { status, stderr } = await mirror.here("sync", "--quiet");
    expect(status).toBe(2);
    expect(stderr).toContain("excluded by deny");
    expect((await mirror.published()).agents).toEqual(["3.6.9-ubuntu-amd64"]);
  });
});

describe("what one of several rules does not get is told, also with --quiet, and the others work:", () => {
  test.for<[what: string, select: NonNullable<ConfigFile["select"]>, kind: string, message: string]>([
    [
      "a rule that takes nothing",
      [SOME, { ...SOME, arch: ["riscv64"] }],
      "rule",
      "Rule 2 (released, >=3.6, riscv64) takes no agent: upstream lists these versions for amd64, s390x",
    ],
    [
      "an architecture that is nowhere",
      [{ ...SOME, arch: ["amd64", "riscv64"] }],
      "arch",
      "takes no agent for the architecture riscv64: upstream lists these versions for amd64, s390x.",
    ],
    [
      "an architecture that the newest lacks",
      [{ ...SOME, arch: ["amd64", "s390x"], keep: 1 }],
      "newest",
      "names s390x, for which upstream does not list 3.6.11 (the newest 3.6 for it is 3.6.9).",
    ],
    [
      "a stream",
      [{ ...SOME, stream: ["released", "testing"] }],
      "stream",
      "takes no agent for the stream testing: upstream has proposed, released.",
    ],
    [
      "an OS type",
      [{ ...SOME, os: ["ubuntu", "windows"] }],
      "os",
      "takes no agent for the OS type windows: upstream lists these versions for ubuntu.",
    ],
  ])("%s", async ([, select, kind, message]) => {
    await using mirror = await temporaryMirror(upstream, { select });
    const { status, stderr } = await mirror.here("sync", "--quiet");
    expect(status).toBe(0);
    expect(stderr).toContain(message);
    const check = await rulesOf(mirror, "check");
    expect(check.status).toBe(0);
    expect(check.stdout).toContain(message);
    expect(check.rules.flatMap(({ missing }) => missing.map((one) => one.kind))).toEqual([kind]);
  });

  test("by each command, every time, for people and for scripts", async () => {
    const select = [SOME, { ...SOME, arch: ["riscv64"] }];
    await using mirror = await temporaryMirror(upstream, { select });
    const message = "Rule 2 (released, >=3.6, riscv64) takes no agent";
    for (const words of [["sync", "-n", "--quiet"], ["sync"], ["sync", "--quiet"]]) {
      const { status, stderr } = await mirror.here(...words);
      expect({ words, status }).toEqual({ words, status: 0 });
      expect(stderr).toContain(message);
    }
    for (const words of [["sync", "-n"], ["sync"]]) {
      const { rules } = await rulesOf(mirror, ...words);
      expect(rules).toMatchObject([
        { taken: 5, missing: [] },
        { taken: 0, missing: [{ kind: "rule" }] },
      ]);
    }
    expect((await mirror.here("check")).stdout).toMatch(/^warn {2}rules .*Rule 2/m);
  });
});

test("keep holds the newest of each architecture, though a newer version lacks one", async () => {
  await using mirror = await temporaryMirror(upstream, {
    select: [{ stream: "released", versions: "3.6", arch: ["amd64", "s390x"], keep: 1 }],
  });
  await mirror.sync();
  expect((await mirror.published()).agents).toEqual(["3.6.11-ubuntu-amd64", "3.6.9-ubuntu-s390x"]);
});

test("rules that get all that they name are quiet", async () => {
  await using mirror = await temporaryMirror(upstream, { select: [SOME] });
  const { status, stdout, stderr } = await mirror.here("sync", "--quiet");
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
  expect((await mirror.here("check")).stdout).toContain("rule 1 selects 5 agents");
  const index = await readFile(join(mirror.data, "tools/streams/v1/index2.json"), "utf8");
  expect(index).toContain("com.ubuntu.juju:released:agents");
});

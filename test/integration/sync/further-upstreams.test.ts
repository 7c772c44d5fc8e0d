/** What one upstream does not list and a rule names is asked of the next one, and stays apart from the first. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ConfigFile } from "../../../src/config/schema.ts";
import {
  buildSampleTree,
  startUpstream,
  type SampleTree,
  type TestUpstream,
} from "../../helpers/upstream.ts";
import { temporaryMirror, type TestMirror } from "../../helpers/mirror.ts";

const NOW = Date.now();
const HOUR_MS = 3_600_000;
const BASE = { oses: ["ubuntu"], streams: ["released"] } as const;

/** A site's own tree: older, and only a part. */
let site: TestUpstream;
/** All that there is. */
let all: TestUpstream;
let whole: SampleTree;

beforeAll(async () => {
  const part = { ...BASE, arches: ["amd64"], releases: ["3.6.26"], now: new Date(NOW - 48 * HOUR_MS) };
  whole = await buildSampleTree({
    ...BASE,
    arches: ["amd64", "arm64"],
    releases: ["3.6.26", "3.6.27", "4.0.15"],
    now: new Date(NOW - HOUR_MS),
  });
  site = await startUpstream({ tree: await buildSampleTree({ ...part, key: whole.key }) });
  all = await startUpstream({ tree: whole });
});
afterAll(async () => {
  await site[Symbol.asyncDispose]();
  await all[Symbol.asyncDispose]();
});

async function mirrorOf(settings: ConfigFile, second = all.url): Promise<TestMirror> {
  site.clearRequests();
  all.clearRequests();
  return temporaryMirror(site, {
    upstreams: [
      { name: "site", url: site.url, keyring: "key.asc" },
      { name: "all", url: second, keyring: "key.asc" },
    ],
    fetch: { retries: 0, idleTimeout: "PT1S" },
    ...settings,
  });
}

const RULE = { stream: "released", versions: "3.6", arch: ["amd64"] };

describe("the next upstream gives", () => {
  test.for<[what: string, select: NonNullable<ConfigFile["select"]>, agents: string[]]>([
    [
      "a version that the first does not list",
      [RULE, { ...RULE, versions: "4.0" }],
      ["3.6.26-ubuntu-amd64", "4.0.15-ubuntu-amd64"],
    ],
    [
      "an architecture, and for a version that comes with it the other architecture, too",
      [{ ...RULE, arch: ["amd64", "arm64"] }],
      ["3.6.26-ubuntu-amd64", "3.6.26-ubuntu-arm64", "3.6.27-ubuntu-amd64", "3.6.27-ubuntu-arm64"],
    ],
    [
      "a minor that comes with an architecture, for both architectures",
      [{ ...RULE, versions: ">=3.6", arch: ["amd64", "arm64"], keep: 1 }],
      ["3.6.27-ubuntu-amd64", "3.6.27-ubuntu-arm64", "4.0.15-ubuntu-amd64", "4.0.15-ubuntu-arm64"],
    ],
    ["everything that a single rule names", [{ ...RULE, versions: "3.6.27" }], ["3.6.27-ubuntu-amd64"]],
  ])("%s", async ([, select, agents]) => {
    await using mirror = await mirrorOf({ select });
    const report = await mirror.sync();
    expect(report).toMatchObject({ outcome: "updated", upstream: site.url, failed: [] });
    expect(report.rules?.flatMap(({ missing }) => missing)).toEqual([]);
    expect((await mirror.published()).agents.toSorted()).toEqual(agents.toSorted());
    const told = report.warnings.join("\n");
    expect(told).toContain("site: Rule ");
    expect(told).toContain(`all (${all.url}) lists it`);
    // A second run finds the same, asks conditionally and changes nothing.
    expect(await mirror.sync()).toMatchObject({ outcome: "unchanged", removed: [] });
    expect(all.records.filter(({ status }) => status === 304).length).toBeGreaterThan(0);
  });

  test("nothing where the first lists all that is named, and is not asked", async () => {
    await using mirror = await mirrorOf({ select: [{ ...RULE, keep: 1 }] });
    await mirror.sync();
    expect((await mirror.published()).agents).toEqual(["3.6.26-ubuntu-amd64"]);
    expect(all.requests).toEqual([]);
  });
});

test("the third upstream gives what the second makes wanted and does not list itself", async () => {
  await using second = await startUpstream({
    tree: await buildSampleTree({ ...BASE, arches: ["arm64"], releases: ["3.6.27"], key: whole.key }),
  });
  await using mirror = await mirrorOf({ select: [{ ...RULE, arch: ["amd64", "arm64"] }] });
  await mirror.configure({
    upstreams: [site, second, all].map(({ url }, at) => ({ name: `up-${at + 1}`, url, keyring: "key.asc" })),
  });
  const report = await mirror.sync();
  expect(report.rules?.flatMap(({ missing }) => missing)).toEqual([]);
  expect((await mirror.published()).agents).toEqual([
    "3.6.26-ubuntu-amd64",
    "3.6.27-ubuntu-amd64",
    "3.6.27-ubuntu-arm64",
  ]);
});

test("what nobody lists is refused after every upstream was asked, and is told", async () => {
  await using mirror = await mirrorOf({ select: [{ ...RULE, versions: ">=5" }] });
  await expect(mirror.sync()).rejects.toMatchObject({ code: "JAM_SELECT_EMPTY" });
  expect(all.requests.length).toBeGreaterThan(0);
});

describe("while the next upstream cannot be asked", () => {
  test("what came from it stays, and goes when it does not list it any more", async () => {
    const tree = await buildSampleTree({
      ...BASE,
      arches: ["amd64"],
      releases: ["4.0.13", "4.0.15"],
      now: new Date(NOW - 5 * HOUR_MS),
      key: whole.key,
    });
    await using second = await startUpstream({ tree });
    const select = [RULE, { ...RULE, versions: "4.0" }];
    await using mirror = await mirrorOf({ select }, second.url);
    await mirror.sync();
    const before = (await mirror.published()).agents;
    expect(before).toHaveLength(3);

    second.fault(/sjson$/, { kind: "status", status: 403 });
    const report = await mirror.sync();
    expect(report.removed).toEqual([]);
    expect(report.warnings.join()).toContain("all could not be asked for what site does not list");
    expect((await mirror.published()).agents).toEqual(before);

    second.clearFaults();
    second.publish(
      await buildSampleTree({
        ...BASE,
        arches: ["amd64"],
        releases: ["4.0.15"],
        now: new Date(NOW),
        key: whole.key,
      }),
    );
    expect((await mirror.sync()).removed.map(({ agent }) => agent)).toEqual(["4.0.13-ubuntu-amd64"]);
  });

  test("the first sync takes what the first one has and says what is missing", async () => {
    await using mirror = await mirrorOf(
      { select: [RULE, { ...RULE, versions: "4.0" }] },
      "http://127.0.0.1:9/juju/tools/",
    );
    const report = await mirror.sync();
    expect(report.outcome).toBe("updated");
    expect(report.rules?.map(({ taken }) => taken)).toEqual([1, 0]);
    expect(report.warnings.join()).toMatch(
      /all could not be asked.*Rule 2 .* takes no agent.* Not known: what all would list, because it could not be read\./s,
    );
  });
});

test("an older state of the next upstream is refused, whatever the first one says", async () => {
  const select = [RULE, { ...RULE, versions: "4.0" }];
  await using second = await startUpstream({ tree: whole });
  await using mirror = await mirrorOf({ select }, second.url);
  await mirror.sync();
  second.publish(
    await buildSampleTree({
      ...BASE,
      arches: ["amd64"],
      releases: ["4.0.15"],
      now: new Date(NOW - 30 * HOUR_MS),
      key: whole.key,
    }),
  );
  const report = await mirror.sync();
  expect(report.warnings.join()).toContain("is older");
  expect((await mirror.published()).agents).toContain("4.0.15-ubuntu-amd64");
});

test("a plan's agents come from the upstream that lists them, and answers know what each one lists", async () => {
  await using mirror = await mirrorOf({ select: [RULE, { ...RULE, versions: "4.0" }] });
  await mirror.sync();
  const explained = await mirror.jam("explain", "4.0.15-ubuntu-amd64", "-o", "json");
  expect(JSON.parse(explained.stdout)).toMatchObject({ agents: [{ held: true, upstream: true }] });
  const planned = await mirror.jam("plan", "--from", "4.0.13", "--to", "4.0", "-o", "json");
  const { hops } = JSON.parse(planned.stdout) as { hops: { agents: { version: string; state: string }[] }[] };
  expect(hops[0]?.agents).toContainEqual(expect.objectContaining({ version: "4.0.15", state: "held" }));
});

test("the mirror rests on both upstreams' documents, and a bundle carries them", async () => {
  await using mirror = await mirrorOf({ select: [RULE, { ...RULE, versions: "4.0" }] });
  const { snapshot } = await mirror.sync();
  const document = JSON.parse(await readFile(join(mirror.data, "snapshots", `${snapshot}.json`), "utf8")) as {
    upstream: { url: string };
    earlierProofs: { url: string; verified: boolean }[];
  };
  expect(document.upstream.url).toBe(site.url);
  expect(document.earlierProofs).toMatchObject([{ url: all.url, verified: true }]);
  const to = join(mirror.folder, "bundle");
  const made = await mirror.jam("bundle", "create", "--to", to, "--unsigned", "-o", "json");
  expect(JSON.parse(made.stdout)).toMatchObject({ bundle: { agents: 2 } });
});

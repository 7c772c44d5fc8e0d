/** What a later upstream lists and a sync does not take from there: `jam explain` and `jam check` say it. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ExplainDocument } from "../../../src/mirror/explain-document.ts";
import { temporaryMirror, type TestMirror } from "../../helpers/mirror.ts";
import { buildSampleTree, startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

const BASE = { oses: ["ubuntu"], streams: ["released"], arches: ["amd64"] } as const;
const RANGE = { stream: "released", versions: ">=3.6", arch: ["amd64"] };
const NOWHERE = "http://127.0.0.1:9/juju/tools/";

/** A site's own tree: only a part. */
let site: TestUpstream;
let all: TestUpstream;

beforeAll(async () => {
  const whole = await buildSampleTree({ ...BASE, releases: ["3.6.26", "3.6.27", "3.6.28", "4.0.15"] });
  all = await startUpstream({ tree: whole });
  site = await startUpstream({
    tree: await buildSampleTree({ ...BASE, releases: ["3.6.26"], key: whole.key }),
  });
});
afterAll(async () => {
  await site[Symbol.asyncDispose]();
  await all[Symbol.asyncDispose]();
});

async function mirrorOf(first: string, second: string, select = [RANGE]): Promise<TestMirror> {
  const mirror = await temporaryMirror(site, { fetch: { retries: 0, idleTimeout: "PT1S" }, select });
  await use(mirror, first, second);
  return mirror;
}

function use(mirror: TestMirror, first: string, second: string): Promise<void> {
  return mirror.configure({
    upstreams: [
      { name: "site", url: first, keyring: "key.asc" },
      { name: "all", url: second, keyring: "key.asc" },
    ],
  });
}

async function explained(
  mirror: TestMirror,
  name: string,
): Promise<{ status: number | null; stderr: string; document: ExplainDocument }> {
  const { status, stdout, stderr } = await mirror.here("explain", name, "-o", "json");
  return { status, stderr, document: JSON.parse(stdout) as ExplainDocument };
}

describe("within a range", () => {
  test("jam explain names the upstream that lists a version and is not used for it", async () => {
    await using mirror = await mirrorOf(site.url, all.url);
    const { status, document } = await explained(mirror, "3.6");
    expect(status).toBe(0);
    expect(document.agents).toMatchObject([
      { agent: "3.6.26-ubuntu-amd64", taken: true },
      { agent: "3.6.27-ubuntu-amd64", taken: false, upstream: true, unusedFrom: "all" },
      { agent: "3.6.28-ubuntu-amd64", taken: false, upstream: true, unusedFrom: "all" },
    ]);
    expect(document.agents[1]?.reason).toMatch(/first upstream that lists anything for it, and that is site/);
    expect((await mirror.here("explain", "4.0.15")).stdout).toMatch(/listed only by all.*makes jam ask all/s);
  });

  test("what a later upstream lists has the answer of the rules, where they do not name it", async () => {
    await using mirror = await mirrorOf(site.url, all.url, [{ ...RANGE, versions: "3.6" }]);
    const { document } = await explained(mirror, "4.0.15");
    expect(document.agents).toMatchObject([{ taken: false, unusedFrom: "all" }]);
    expect(document.agents[0]?.reason).toMatch(/^no rule selects it/);
  });

  test("a rule that names the version takes it, and a held one is explained like the others", async () => {
    const named = { ...RANGE, versions: "4.0.15" };
    await using mirror = await mirrorOf(site.url, all.url, [RANGE, named]);
    await mirror.sync();
    expect((await explained(mirror, "4.0.15")).document.agents).toMatchObject([{ held: true, taken: true }]);
    await mirror.configure({ select: [RANGE] });
    expect((await explained(mirror, "4.0.15")).document.agents).toMatchObject([
      { held: true, taken: false, unusedFrom: "all" },
    ]);
  });

  test("jam check says what is not mirrored because of the order, and names the upstream of each result", async () => {
    await using mirror = await mirrorOf(site.url, all.url);
    const { status, stdout } = await mirror.here("check");
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /ok +rules +all lists 3 more agents that the rules name \(3\.6\.27, 3\.6\.28, 4\.0\.15\)/,
    );
    expect(stdout).toContain("clock          site: ");
    await mirror.configure({ select: [{ ...RANGE, versions: "3.6.26" }] });
    expect((await mirror.here("check")).stdout).not.toContain("more agents");
  });
});

describe("while an upstream cannot be read", () => {
  test.for([
    ["the first", "site"],
    ["the second", "all"],
  ])("%s: the answer may change, and says why", async ([, name = ""]) => {
    await using mirror = await mirrorOf(
      name === "site" ? NOWHERE : site.url,
      name === "all" ? NOWHERE : all.url,
    );
    const { status, stderr, document } = await explained(mirror, "3.6.26");
    expect(status).toBe(3);
    expect(document.unread).toMatchObject([{ upstream: name, code: "JAM_UPSTREAM_UNREACHABLE" }]);
    expect(stderr).toContain(
      `${name} could not be read (JAM_UPSTREAM_UNREACHABLE), so the answer may change`,
    );
    const missing = await mirror.here("explain", "4.0.99");
    expect(missing.status).toBe(5);
    expect(missing.stderr).toContain("held or listed by an upstream that could be read");
    expect(missing.stderr).toContain(`${name} could not be read`);
    expect(missing.stderr).not.toContain("Choose another version");
  });

  test("both: the last sync answers, and no other version is advised", async () => {
    await using mirror = await mirrorOf(site.url, all.url);
    await mirror.sync();
    await use(mirror, NOWHERE, NOWHERE);
    const missing = await mirror.here("explain", "4.0.99");
    expect(missing.stderr).toMatch(/site could not be read .* and all could not be read .* may change/);
    expect(missing.stderr).not.toContain("Choose another version");
  });

  test("one upstream alone is named as well", async () => {
    await using mirror = await temporaryMirror(site, { fetch: { retries: 0 } });
    await mirror.sync();
    await mirror.configure({ upstreams: [{ name: "site", url: NOWHERE, keyring: "key.asc" }] });
    const missing = await mirror.here("explain", "4.0.99");
    expect(missing.stderr).toMatch(
      /site could not be read \(JAM_UPSTREAM_UNREACHABLE\), so the answer may change/,
    );
    const { status, document } = await explained(mirror, "3.6.26");
    expect(status).toBe(3);
    expect(document).toMatchObject({ source: "kept", unread: [{ upstream: "site" }] });
  });
});

test("agents that the first upstream does not list any longer are not called gone from every upstream", async () => {
  await using five = await startUpstream({
    tree: await buildSampleTree({ ...BASE, releases: ["5.0.1"], key: all.tree.key }),
  });
  await using mirror = await mirrorOf(all.url, site.url);
  await mirror.sync();
  await use(mirror, site.url, all.url);
  expect(JSON.parse((await mirror.here("sync", "--dry-run", "-o", "json")).stdout)).toMatchObject({
    plan: { remove: [27, 28, 15].map(() => ({ detail: "not listed by site" })) },
  });
  await use(mirror, five.url, all.url);
  await expect(mirror.sync()).rejects.toMatchObject({
    code: "JAM_METADATA_MASS_REMOVAL",
    message: expect.stringContaining("4 of 4 mirrored agents (100 %) are not listed by site"),
  });
  const { status, stderr, document } = await explained(mirror, "4.0.15");
  expect(status).toBe(3);
  expect(document).toMatchObject({ source: "kept", unread: [{ code: "JAM_METADATA_MASS_REMOVAL" }] });
  expect(stderr).toContain("What upstream lists now is refused (JAM_METADATA_MASS_REMOVAL)");
});

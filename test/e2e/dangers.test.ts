/** What switches a check off is named first on standard error, also with --quiet. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { ALLOWANCES } from "../../src/metadata/freshness.ts";
import { airGap, type AirGap } from "../helpers/air-gap.ts";
import { startUpstream, type TestUpstream } from "../helpers/upstream.ts";

let upstream: TestUpstream;
let gap: AirGap;

beforeAll(async () => {
  upstream = await startUpstream({ releases: ["3.6.27"], arches: ["amd64"] });
  gap = await airGap(upstream);
  await gap.done("near", "bundle", "create", "--to", gap.medium, "--unsigned");
});

afterAll(async () => {
  for (const one of [gap, upstream]) await one[Symbol.asyncDispose]();
});

test.for([
  ["sync --no-verify", "near", ["sync", "--no-verify", "-q"], /^DANGER: --no-verify: /],
  ["its dry run", "near", ["sync", "--no-verify", "--dry-run", "--quiet"], /^DANGER: --no-verify: /],
  [
    "sync --allow",
    "near",
    ["sync", "-q", "--allow", "rollback", "path-reuse"],
    /^DANGER: --allow rollback: .*\nDANGER: --allow path-reuse: /,
  ],
  [
    "--progress none",
    "near",
    ["sync", "--progress", "none", "--allow", "future"],
    /^DANGER: --allow future: /,
  ],
  [
    "import --allow-unsigned",
    "far",
    ["bundle", "import", "MEDIUM", "-q", "--allow-unsigned"],
    /^DANGER: --allow-unsigned: /,
  ],
  [
    "verify --allow-unsigned",
    "far",
    ["bundle", "verify", "MEDIUM", "-q", "--allow-unsigned"],
    /^DANGER: --allow-unsigned: /,
  ],
] as const)("%s says DANGER first", async ([, side, args, expected]) => {
  const { stderr } = await gap[side].here(...args.map((word) => (word === "MEDIUM" ? gap.medium : word)));
  expect(stderr).toMatch(expected);
});

test("each value of --allow has its own sentence, and JSON stays JSON", async () => {
  const { status, stdout, stderr } = await gap.near.here(
    "sync",
    "-o",
    "json",
    "-q",
    "--allow",
    ...ALLOWANCES,
  );
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toHaveProperty("outcome");
  expect(new Set(stderr.match(/^DANGER: --allow \S+: [a-z].*\.$/gm)).size).toBe(ALLOWANCES.length);
});

test("an upstream without a keyring in the settings is named by every command that reads it", async () => {
  await gap.near.configure({ upstreams: [{ name: "sample", url: upstream.url, keyring: "none" }] });
  for (const args of [
    ["sync", "-q"],
    ["sync", "-q", "--dry-run"],
    ["explain", "3.6.27", "-q"],
  ]) {
    const { stderr } = await gap.near.here(...args);
    expect(stderr).toMatch(
      /^DANGER: upstream sample is not verified \(keyring: none\) and is read over plain HTTP/,
    );
  }
  expect((await gap.near.here("check", "-q")).stdout).toMatch(/^warn {2}key +sample is not verified$/m);
  expect((await gap.near.here("list", "-q")).stderr).toBe("");
});

/** Other bytes under a known name, and another signer: never "missing", and always with who signed before. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { formatFingerprint } from "../../src/shared/signature.ts";
import { airGap } from "../helpers/air-gap.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { buildSampleTree, generateSampleKey, startUpstream, type SampleTree } from "../helpers/upstream.ts";

const HOUR_MS = 3_600_000;
const [oldKey, newKey] = [await generateSampleKey("old"), await generateSampleKey("new")];

/** What upstream lists so many hours ago. 2.9 lists one tarball under several series. */
function treeOf(hoursAgo: number, options: { key?: typeof oldKey; tarballBytes?: number }) {
  return buildSampleTree({
    releases: ["2.9.60", "3.6.27"],
    arches: ["amd64"],
    oses: ["ubuntu"],
    streams: ["released"],
    now: new Date(Date.now() - hoursAgo * HOUR_MS),
    key: oldKey,
    ...options,
  });
}

const before = await treeOf(9, {});
const resigned = await treeOf(5, { key: newKey });
const swapped = await treeOf(4, { key: newKey, tarballBytes: 4000 });
const upstream = await startUpstream({ tree: before });
const [OLD, NEW] = [oldKey, newKey].map(({ fingerprint }) => formatFingerprint(fingerprint)) as [
  string,
  string,
];
const CHANGED = `The signer of sample has changed: it is signed by ${NEW}; until now it was signed by ${OLD}.`;

let mirror: TestMirror;

beforeAll(async () => {
  // Loaded once: all commands together take a second.
  await import("../helpers/jam-here.ts");
});

beforeEach(async () => {
  upstream.publish(before);
  mirror = await temporaryMirror(upstream);
  await writeFile(join(mirror.folder, "key.asc"), oldKey.publicKeyArmored + newKey.publicKeyArmored);
  await mirror.sync();
  return () => mirror[Symbol.asyncDispose]();
});

afterAll(() => upstream[Symbol.asyncDispose]());

const publish = (tree: SampleTree) => upstream.publish(tree);

test("other bytes under known names end a sync with 4, one line for each tarball, and nothing is missing", async () => {
  publish(swapped);
  // The second night still says who signed before.
  for (const flags of [[], ["-q"]]) {
    const { status, stdout, stderr } = await mirror.here("sync", ...flags);
    expect(status).toBe(4);
    expect(stdout).toMatch(/^Not all of http:\S+ was accepted: \d+ changed agents refused\n/);
    expect(stdout).not.toMatch(/missing/i);
    expect(stdout).not.toMatch(/[0-9a-f]{64}/);
    expect(stdout).toMatch(/^2\.9\.60 +ubuntu \(\+\d+ series\) +amd64 .* sha256 [0-9a-f]{12}… instead/m);
    expect(stdout.match(/other bytes are listed under this name/g)).toHaveLength(2);
    expect(stdout).toMatch(/ask the operator of the upstream .*`jam sync --allow path-reuse`/);
    expect(stderr).toContain(`warning: ${CHANGED}`);
  }
  expect((await mirror.published()).agents).toContain("3.6.27-ubuntu-amd64");
  const { stdout } = await mirror.here("status");
  expect(stdout).toMatch(/ partial +0 +0 +0 .*\n {2}JAM_METADATA_PATH_REUSED: \d+ changed agents refused$/m);
});

test("JSON has the full hashes, and --allow path-reuse accepts the new bytes", async () => {
  publish(swapped);
  const { status, stdout } = await mirror.here("sync", "-o", "json");
  const { failed } = JSON.parse(stdout) as { failed: { agent: string; code: string; message: string }[] };
  expect(status).toBe(4);
  expect(failed.map(({ agent }) => agent)).toContain("3.6.27-ubuntu-amd64");
  for (const { code, message } of failed) {
    expect(code).toBe("JAM_METADATA_PATH_REUSED");
    expect(message).toMatch(/sha256 [0-9a-f]{64} instead of [0-9a-f]{64}/);
  }
  expect((await mirror.here("sync", "--allow", "path-reuse")).status).toBe(0);
  expect(await mirror.here("sync", "-q")).toEqual({ status: 0, stdout: "", stderr: "", signal: null });
});

test("a dry run and a check say the same, with the same status", async () => {
  publish(swapped);
  const dry = await mirror.here("sync", "--dry-run");
  expect(dry.status).toBe(4);
  expect(dry.stdout).toMatch(/^Refused \[JAM_METADATA_PATH_REUSED\]:\n[^]*--allow path-reuse/);
  expect(dry.stderr).toContain(`warning: ${CHANGED}`);
  const check = await mirror.here("check", "-q");
  expect(check.status).toBe(4);
  expect(check.stdout).toMatch(
    /^warn {2}key .*has changed[^]*^fail {2}upstream +other bytes are listed under the name of \d+ agents/m,
  );
  expect(check.stdout).not.toMatch(/^ok/m);
});

test("another signer that is trusted is a warning, once, also with --quiet", async () => {
  publish(resigned);
  const { stdout } = await mirror.here("check");
  expect(stdout).toContain(CHANGED);
  expect(await mirror.here("sync", "-q")).toMatchObject({
    status: 0,
    stderr: expect.stringMatching(/^warning: The signer of sample has changed[^\n]*\n$/),
  });
  expect(await mirror.here("sync", "-q")).toMatchObject({ status: 0, stdout: "", stderr: "" });
  expect((await mirror.here("check")).stdout).not.toContain("has changed");
});

test("a signer that is not trusted is refused, with who signed before", async () => {
  await writeFile(join(mirror.folder, "key.asc"), oldKey.publicKeyArmored);
  publish(resigned);
  for (const args of [["sync"], ["sync", "--dry-run"], ["check"]]) {
    const { status, stdout, stderr } = await mirror.here(...args);
    expect({ args, status }).toEqual({ args, status: 4 });
    expect(stdout + stderr).toContain(`Until now it was signed by ${OLD}.`);
    expect(stdout + stderr).toContain("JAM_METADATA_KEY_UNKNOWN");
  }
});

test("a sync that no longer verifies says who signed until now", async () => {
  const { stderr } = await mirror.here("sync", "--no-verify", "-q");
  expect(stderr).toContain(
    `The signature of sample is no longer verified; until now it was signed by ${OLD}.`,
  );
  publish(resigned);
  expect((await mirror.here("sync", "-q")).stderr).toContain(CHANGED);
});

test("an import names another signer of upstream and another maker, and ends with 4 for other bytes", async () => {
  publish(before);
  await using gap = await airGap(upstream);
  const both = oldKey.publicKeyArmored + newKey.publicKeyArmored;
  for (const { folder } of [gap.near, gap.far]) await writeFile(join(folder, "key.asc"), both);
  await gap.done("near", "bundle", "create", "--to", join(gap.medium, "one"));
  await gap.done("far", "bundle", "import", join(gap.medium, "one"));

  publish(swapped);
  await gap.done("near", "sync", "--allow", "path-reuse");
  await gap.done("near", "bundle", "create", "--to", join(gap.medium, "two"));
  const { status, stdout } = await gap.far.here("bundle", "import", join(gap.medium, "two"));
  expect(status).toBe(4);
  expect(stdout).toContain(`warning  ${CHANGED}`);
  expect(stdout.match(/other bytes are listed under this name/g)).toHaveLength(2);
  expect(stdout).toMatch(/`jam bundle import FOLDER --allow path-reuse`/);
  expect(stdout).not.toMatch(/missing/i);
  const again = await gap.far.here("bundle", "import", join(gap.medium, "two"), "--allow", "path-reuse");
  expect(again.status).toBe(0);

  await rm(join(gap.near.folder, "jam-keys"), { recursive: true });
  await gap.done("near", "key", "generate");
  const { stdout: key } = await gap.done("near", "key", "export");
  await writeFile(join(gap.far.folder, "other.asc"), key);
  await gap.done("far", "key", "trust", "other.asc");
  await gap.done("near", "bundle", "create", "--to", join(gap.medium, "three"));
  const dry = await gap.far.here("bundle", "import", "--dry-run", join(gap.medium, "three"));
  expect(dry.stderr).toMatch(/warning: The signer of bundles has changed: .* until now they were signed by /);
});

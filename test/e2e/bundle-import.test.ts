/** `jam bundle import` as operators meet it: trust, order, what stays and what goes, and what scripts read. */
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { airGap, type AirGap, type CreatedDocument, type ImportedDocument } from "../helpers/air-gap.ts";
import { formatFingerprint } from "../../src/shared/signature.ts";
import { startServe } from "../helpers/running-jam.ts";
import { buildSampleTree, startUpstream, type TestUpstream } from "../helpers/upstream.ts";

const HOUR_MS = 3_600_000;
const OPTIONS = { arches: ["amd64", "arm64"], oses: ["ubuntu"], streams: ["released"] } as const;
const OLD = ["2.9.60", "3.6.26"];
const NEW = [...OLD, "3.6.27"];

let upstream: TestUpstream;
let gap: AirGap;
/** Folders with the bundles of both states. */
let older: string;
let newer: string;

beforeAll(async () => {
  const tree = await buildSampleTree({ ...OPTIONS, releases: OLD, now: new Date(Date.now() - HOUR_MS) });
  upstream = await startUpstream({ tree });
  gap = await airGap(upstream, {
    near: { advice: [{ to: "3.6.27", severity: "warn", reason: "known to bite" }] },
  });
  [older, newer] = [join(gap.medium, "older"), join(gap.medium, "newer")];
  await gap.done("near", "bundle", "create", "--to", older);
  upstream.publish(await buildSampleTree({ ...OPTIONS, releases: NEW, now: new Date() }));
  await gap.done("near", "sync", "--quiet");
  await gap.done("near", "bundle", "create", "--to", newer);
});
afterAll(async () => {
  await gap[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

/** A far side of its own for each test, which trusts the near one. */
let far: AirGap["far"];
let fresh: AirGap;
beforeEach(async () => {
  fresh = await airGap(upstream, { syncs: false });
  far = fresh.far;
  await fresh.done("far", "key", "trust", join(gap.near.folder, "public.asc"));
  return () => fresh[Symbol.asyncDispose]();
});

async function refused(code: string, status: number, ...args: string[]): Promise<string> {
  const finished = await far.here(...args);
  expect(finished.stderr).toContain(`[${code}]`);
  expect(finished.status).toBe(status);
  return finished.stderr;
}

describe("trust", () => {
  test("a bundle that nobody signed is refused, or taken loudly and on record", async () => {
    const to = join(fresh.medium, "unsigned");
    const made = await gap.done("near", "bundle", "create", "--to", to, "--unsigned");
    expect(made.stderr).toContain("NOT signed");
    await refused("JAM_SIGNATURE_MISSING", 4, "bundle", "import", to);
    await expect(stat(join(far.data, "tools/streams"))).rejects.toThrow();
    const { stderr } = await fresh.done("far", "bundle", "import", to, "--allow-unsigned");
    expect(stderr).toContain("is NOT signed");
    const { snapshot } = await fresh.json<{ snapshot: { bundle: { signedBy: null } } }>("far", "status");
    expect(snapshot.bundle.signedBy).toBeNull();
    expect((await far.here("status")).stdout).toContain("SIGNER NOT TRUSTED");
  });

  test("a signer that is not trusted is named, and believed after `jam key trust`", async () => {
    const { keys } = await fresh.json<{ keys: { fingerprint: string; own: boolean }[] }>(
      "far",
      "key",
      "list",
    );
    const { keys: near } = await gap.json<{ keys: { fingerprint: string; own: boolean }[] }>(
      "near",
      "key",
      "list",
    );
    const signer = near.find(({ own }) => own)?.fingerprint as string;
    expect(keys.map(({ fingerprint }) => fingerprint)).toContain(signer);
    await fresh.done("far", "key", "distrust", signer);
    const message = await refused("JAM_SIGNER_UNKNOWN", 4, "bundle", "import", newer);
    expect(message).toContain(formatFingerprint(signer));
    // What refuses the whole bundle is told once, with the volume.
    expect(message.match(/trusted here/g)).toHaveLength(1);
    expect(message).toMatch(/^error: \S+\.tar: bundle .* \[JAM_SIGNER_UNKNOWN\]$/m);
    await fresh.done("far", "key", "trust", join(gap.near.folder, "public.asc"), "--fingerprint", signer);
    expect(await fresh.json("far", "bundle", "import", newer)).toMatchObject({ outcome: "updated" });
  });

  test("upstream's own signature is verified again, with this side's keyring", async () => {
    const { generateSampleKey } = await import("../helpers/upstream.ts");
    const { writeFile } = await import("node:fs/promises");
    await writeFile(join(far.folder, "key.asc"), (await generateSampleKey("other")).publicKeyArmored);
    const message = await refused("JAM_METADATA_KEY_UNKNOWN", 4, "bundle", "import", newer);
    expect(message).toMatch(/^error: \S+\.tar: http/m);
    expect(message.match(/trusted here/g)).toHaveLength(1);
    expect((await far.published()).agents).toEqual([]);
  });

  test("a bundle older than what is shown is refused, unless going back is named", async () => {
    const { stderr } = await fresh.done("far", "bundle", "import", newer);
    // Progress counts each byte once, however it was read.
    expect(stderr).toMatch(/^1\/1 volumes, (\S+ KiB) of \1,/m);
    await refused("JAM_BUNDLE_OUTDATED", 4, "bundle", "import", older);
    expect((await far.published()).agents).toContain("3.6.27-ubuntu-amd64");
    await fresh.done("far", "bundle", "import", older, "--allow", "rollback");
    expect((await far.published()).agents).not.toContain("3.6.27-ubuntu-amd64");
  });
});

describe("what stays and what goes", () => {
  test("a part of a mirror adds to what is listed", async () => {
    const part = join(fresh.medium, "part");
    await fresh.done("far", "bundle", "import", older);
    await gap.done("near", "bundle", "create", "--to", part, "--versions", "3.6.27", "--arch", "arm64");
    expect(await fresh.json("far", "bundle", "import", part)).toMatchObject({
      outcome: "updated",
      added: ["3.6.27-ubuntu-arm64"],
      removed: [],
    });
    expect((await far.published()).agents).toContain("3.6.26-ubuntu-amd64");
    // What came in parts is proven, and can be carried on.
    const relay = join(fresh.medium, "relay");
    await fresh.done("far", "bundle", "create", "--to", relay);
    expect((await readdir(relay)).some((name) => name.endsWith(".tar"))).toBe(true);
  });

  test("a whole mirror replaces what is listed, and a mass disappearance has to be named", async () => {
    await fresh.done("far", "bundle", "import", newer);
    const sparse = await airGap(upstream, { near: { select: [{ stream: "released", versions: "3.6.27" }] } });
    await fresh.done("far", "key", "trust", join(sparse.near.folder, "public.asc"));
    const to = join(fresh.medium, "sparse");
    await sparse.done("near", "bundle", "create", "--to", to);
    await sparse[Symbol.asyncDispose]();
    const { stdout } = await fresh.done("far", "bundle", "import", to, "--dry-run");
    expect(stdout).toMatch(/removes {2}\d+ agent[^]*would be refused/);
    await refused("JAM_METADATA_MASS_REMOVAL", 4, "bundle", "import", to);
    const report = await fresh.json<ImportedDocument & { removed: string[] }>(
      "far",
      "bundle",
      "import",
      to,
      "--allow",
      "mass-removal",
    );
    expect(report.removed).toContain("2.9.60-ubuntu-amd64");
    expect((await far.published()).agents).toEqual(["3.6.27-ubuntu-amd64", "3.6.27-ubuntu-arm64"]);
  });

  test("what this side denies is not listed, whatever comes", async () => {
    await far.configure({ deny: [{ version: "3.6.27", reason: "breaks us" }] });
    const { stderr } = await fresh.done("far", "bundle", "import", newer);
    expect(stderr).toContain("breaks us");
    expect((await far.published()).agents.some((name) => name.startsWith("3.6.27"))).toBe(false);
  });

  test("advice comes along", async () => {
    await fresh.done("far", "bundle", "import", newer);
    const { stdout } = await far.here("which", "3.6.26", "-o", "json");
    expect(stdout).toContain("known to bite");
  });

  test("upstream's signed documents are served when all that they list has arrived", async () => {
    await fresh.done("far", "bundle", "import", newer);
    await using server = await startServe(far.folder);
    const signed = await fetch(`${server.url}/upstream/tools/streams/v1/index2.sjson`);
    expect(signed.status).toBe(200);
    expect(await signed.text()).toBe(await near("streams/v1/index2.sjson"));
  });
});

describe("order, interruption and the dry run", () => {
  test("volumes come in any order, one medium after the other", async () => {
    const to = join(fresh.medium, "volumes");
    const { bundle } = await gap.json<CreatedDocument>(
      "near",
      "bundle",
      "create",
      "--to",
      to,
      "--volume-size",
      "16KiB",
    );
    expect(bundle.volumes.length).toBeGreaterThan(2);
    const paths = bundle.volumes.map(({ path }) => path).toReversed();
    for (const path of paths.slice(0, -1)) {
      const { status, stdout } = await far.here("bundle", "import", path, "-o", "json");
      expect(status).toBe(3);
      const { missing } = JSON.parse(stdout) as ImportedDocument;
      expect(missing.flatMap(({ volumes = [] }) => volumes)).toContain(1);
      expect((await far.published()).agents).toEqual([]);
      expect((await far.here("status")).stdout).toContain(`waiting   bundle ${bundle.id}`);
    }
    expect(await fresh.json("far", "bundle", "import", paths.at(-1) as string)).toMatchObject({
      outcome: "updated",
      missing: [],
    });
    expect(await readdir(join(far.data, "state"))).not.toContainEqual(expect.stringMatching(/pending|pins/));
    expect(await blobs()).toEqual(new Set((await listed()).map(({ sha256 }) => sha256)));
  });

  test("a dry run says what would be, and makes nothing", async () => {
    const { plan } = await fresh.json<{ plan: { bundles: object[] } }>(
      "far",
      "bundle",
      "import",
      newer,
      "--dry-run",
    );
    expect(plan.bundles).toMatchObject([{ volumes: { found: [1], count: 1 }, missing: [] }]);
    await expect(stat(far.data)).rejects.toThrow("ENOENT");
  });

  test("another run that writes is waited for by nobody: status 6", async () => {
    await fresh.done("far", "bundle", "import", older);
    const { openStore } = await import("../../src/compose/store.ts");
    const lease = await (
      await openStore({ store: { kind: "fs", path: far.data } })
    ).lease.acquire("jam prune");
    await refused("JAM_STORE_LOCKED", 6, "bundle", "import", newer);
    await lease.release();
  });

  test("a quota that would be exceeded is said before anything is taken in", async () => {
    await far.configure({ retention: { quota: 1000 } });
    await refused("JAM_STORE_NO_SPACE", 8, "bundle", "import", newer);
    expect(await blobs()).toEqual(new Set());
  });

  test.for([
    ["a path where nothing is", "no-such-path", "JAM_MEDIUM_UNUSABLE", 2],
    ["a folder without volumes", ".", "JAM_BUNDLE_NOT_FOUND", 5],
    ["a file that is none", "jam.yaml", "JAM_BUNDLE_DAMAGED", 4],
  ] as const)("%s is called that", async ([, path, code, status]) => {
    await refused(code, status, "bundle", "import", path);
  });
});

test("archives that are none of ours are left out, by name", async () => {
  const { cp, writeFile } = await import("node:fs/promises");
  const stick = join(fresh.medium, "stick");
  await cp(newer, stick, { recursive: true });
  await writeFile(join(stick, "holiday.tar"), Buffer.alloc(10_240));
  const report = await fresh.json<ImportedDocument & { warnings: string[] }>(
    "far",
    "bundle",
    "import",
    stick,
  );
  expect(report).toMatchObject({ outcome: "updated" });
  expect(report.warnings.join()).toContain("holiday.tar is not a volume");
});

test("a receipt names the bundle that is shown, also when that brought nothing new", async () => {
  await fresh.done("far", "bundle", "import", newer);
  const again = join(fresh.medium, "again");
  const { bundle } = await gap.json<CreatedDocument>(
    "near",
    "bundle",
    "create",
    "--to",
    again,
    "--arch",
    "arm64",
    "--versions",
    "3.6.27",
  );
  // Nothing new is published either, so what is shown is still the first bundle.
  expect(await fresh.json("far", "bundle", "import", again)).toMatchObject({ outcome: "unchanged" });
  const { receipt } = await fresh.json<{ receipt: { text: string } }>("far", "bundle", "receipt");
  const { snapshot } = await fresh.json<{ snapshot: { bundle: { id: string } } }>("far", "status");
  expect(receipt.text).toContain(snapshot.bundle.id);
  expect(bundle.agents).toBe(1);
});

test("the check of a far side says that it believes nobody yet", async () => {
  const lone = await airGap(upstream, { syncs: false });
  const { keys } = await lone.json<{ keys: { fingerprint: string; own: boolean }[] }>("far", "key", "list");
  const believed = await lone.json<{ checks: object[] }>("far", "check");
  expect(believed.checks).toContainEqual(expect.objectContaining({ check: "carry", state: "ok" }));
  await lone.done("far", "key", "distrust", keys.find(({ own }) => !own)?.fingerprint as string);
  const { checks } = await lone.json<{ checks: object[] }>("far", "check");
  expect(checks).toContainEqual(
    expect.objectContaining({
      check: "carry",
      state: "warn",
      hint: expect.stringContaining("jam key trust"),
    }),
  );
  await lone[Symbol.asyncDispose]();
});

test("status and history tell of imports", async () => {
  await fresh.done("far", "bundle", "import", newer);
  const { runs } = await fresh.json<{ runs: { outcome: string; bundles: string[] }[] }>("far", "status");
  const name = (await readdir(newer)).find((one) => one.endsWith(".manifest.json")) as string;
  const { id } = JSON.parse(await readFile(join(newer, name), "utf8")) as { id: string };
  await refused("JAM_BUNDLE_OUTDATED", 4, "bundle", "import", older);
  expect(runs).toMatchObject([{ outcome: "updated", bundles: [id] }]);
  expect((await far.here("status")).stdout).toContain("JAM_BUNDLE_OUTDATED");
  expect((await far.here("status")).stdout).toContain(id);
});

async function blobs(): Promise<Set<string>> {
  const names = await readdir(join(far.data, "blobs/sha256"), { recursive: true }).catch(() => []);
  return new Set(names.flatMap((name) => /[0-9a-f]{64}$/.exec(name)?.[0] ?? []));
}

async function listed(): Promise<readonly { sha256: string }[]> {
  return (await fresh.json<{ agents: { sha256: string }[] }>("far", "list")).agents;
}

async function near(path: string): Promise<string> {
  return (await fetch(`${upstream.url}${path}`)).text();
}

test("figures are right when an earlier run received a part: imported, reused and new agree", async () => {
  await using own = await startUpstream({
    releases: ["3.6.26", "3.6.27"],
    arches: ["amd64"],
    tarballBytes: 60_000,
  });
  await using pair = await airGap(own);
  const { stdout } = await pair.done(
    "near",
    "bundle",
    "create",
    "--to",
    pair.medium,
    "--volume-size",
    "100KiB",
  );
  const name = basename(pair.medium);
  expect(stdout).toContain(`Next: take all of ${pair.medium} to the far side.`);
  expect(stdout).toContain(
    `\n  jam bundle import /path/to/${name}\n  jam bundle receipt --to /path/to/${name}/`,
  );
  const volumes = (await readdir(pair.medium)).filter((file) => file.endsWith(".tar")).toSorted();
  expect(volumes.length).toBeGreaterThan(1);
  const outcomes = [];
  for (const volume of volumes) {
    const { stdout: report } = await pair.far.here(
      "bundle",
      "import",
      join(pair.medium, volume),
      "-o",
      "json",
    );
    outcomes.push(JSON.parse(report) as Figures);
  }
  const last = outcomes.at(-1);
  const earlier = outcomes.slice(0, -1).reduce((sum, { imported }) => sum + imported.agents, 0);
  expect(earlier).toBeGreaterThan(0);
  expect(last?.reused?.agents).toBe(earlier);
  expect((last?.imported.agents ?? 0) + earlier).toBe(last?.added.length);
  // Read once more, nothing is new and nothing is reused.
  const { stdout: again } = await pair.far.here("bundle", "import", pair.medium, "-o", "json");
  expect(JSON.parse(again)).toMatchObject({ outcome: "unchanged", imported: { agents: 0 }, added: [] });
  expect(JSON.parse(again)).not.toHaveProperty("reused");
});

interface Figures {
  readonly imported: { readonly agents: number };
  readonly reused?: { readonly agents: number };
  readonly added: readonly string[];
}

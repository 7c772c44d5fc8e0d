/** `jam bundle create` as operators meet it: what it carries, what it refuses, and what it leaves behind. */
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BundleManifest } from "../../src/bundle/format/manifest.ts";
import { airGap, type AirGap, type CreatedDocument } from "../helpers/air-gap.ts";
import { fleetFiles } from "../helpers/example-fleet.ts";
import { startUpstream, type TestUpstream } from "../helpers/upstream.ts";

const RELEASES = ["2.9.60", "3.6.26", "3.6.27", "4.0.15"];
const OPTIONS = { arches: ["amd64", "arm64"], oses: ["ubuntu"], tarballBytes: 20_000 } as const;

let upstream: TestUpstream;
let gap: AirGap;
let places = 0;

beforeAll(async () => {
  upstream = await startUpstream({ ...OPTIONS, releases: RELEASES });
  gap = await airGap(upstream);
});
afterAll(async () => {
  await gap[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

function newPlace(): string {
  return join(gap.medium, `place-${(places += 1)}`);
}

async function manifestIn(folder: string): Promise<BundleManifest> {
  const name = (await readdir(folder)).find((one) => one.endsWith(".manifest.json")) as string;
  return JSON.parse(await readFile(join(folder, name), "utf8")) as BundleManifest;
}

function agentsOf({ catalogue }: BundleManifest): string[] {
  return catalogue.flatMap(({ agents }) => agents);
}

async function create(...args: string[]): Promise<BundleManifest> {
  const to = newPlace();
  await gap.done("near", "bundle", "create", "--to", to, ...args);
  return manifestIn(to);
}

describe("what is carried", () => {
  test("is everything that the mirror lists, unless something else is asked for", async () => {
    const manifest = await create();
    expect(manifest).toMatchObject({ scope: "mirror", baseline: [], missing: [] });
    expect(new Set(agentsOf(manifest))).toEqual(new Set((await gap.near.published()).agents));
  });

  test("narrows by rules, which then add to the far side instead of replacing it", async () => {
    const manifest = await create("--versions", ">=3.6 <4", "--arch", "arm64", "--keep", "1");
    expect(agentsOf(manifest)).toEqual(["3.6.27-ubuntu-arm64"]);
    expect(manifest).toMatchObject({ scope: "selection" });
  });

  test("is what an upgrade plan needs", async () => {
    const file = join(gap.near.folder, "plan.json");
    const { stdout } = await gap.done(
      "near",
      "plan",
      "--from",
      "2.9.60",
      "--to",
      "3.6.27",
      "--arch",
      "amd64",
      "-o",
      "json",
    );
    await writeFile(file, stdout);
    const { agents } = JSON.parse(stdout) as {
      agents: { version: string; release: string; arch: string; state: string }[];
    };
    const wanted = agents
      .filter(({ state }) => state === "held")
      .map(({ version, release, arch }) => `${version}-${release}-${arch}`);
    const finished = await gap.near.jam(
      "bundle",
      "create",
      "--plan",
      file,
      "--allow-partial",
      "--to",
      newPlace(),
    );
    expect(finished.status, finished.stderr).toBe(0);
    expect(wanted.length).toBeGreaterThan(0);
    const manifest = await manifestIn(join(gap.medium, `place-${places}`));
    expect(agentsOf(manifest).toSorted()).toEqual(expect.arrayContaining([...new Set(wanted)].toSorted()));
    expect(agentsOf(manifest).every((name) => name.endsWith("-amd64"))).toBe(true);
  });

  test("leaves out what an earlier snapshot listed, and names that snapshot", async () => {
    const { snapshot } = await gap.json<{ snapshot: { id: string } }>("near", "status");
    const manifest = await create("--since", snapshot.id);
    expect(manifest.baseline).toMatchObject([{ snapshot: snapshot.id }]);
    expect(manifest.baseline[0]?.contents.length).toBeGreaterThan(manifest.catalogue.length);
  });

  test("is what a fleet can still need, where all that is known is the fleet", async () => {
    const files = fleetFiles();
    const folder = join(gap.near.folder, "fleet");
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder);
    for (const [name, text] of files) await writeFile(join(folder, name), text);
    const inventory = join(gap.medium, "fleet.json");
    await gap.done("near", "inventory", "--fleet", folder, "--to", inventory);
    const manifest = await create("--have", inventory);
    expect(manifest).toMatchObject({ scope: "selection", baseline: [] });
  });

  test("is printed and not written by a dry run", async () => {
    const to = newPlace();
    const { plan } = await gap.json<{ plan: { agents: number; bytes: number } }>(
      "near",
      "bundle",
      "create",
      "--to",
      to,
      "-n",
    );
    expect(plan.agents).toBeGreaterThan(0);
    await expect(stat(to)).rejects.toThrow("ENOENT");
  });
});

describe("where it goes", () => {
  test("an own file name stands for one archive and for volumes", async () => {
    const to = newPlace();
    await gap.done("near", "bundle", "create", "--to", join(to, "monday.tar"), "--arch", "amd64");
    expect(await readdir(to)).toEqual([
      "SHA256SUMS",
      "SHA256SUMS.asc",
      "monday.manifest.json",
      "monday.manifest.json.asc",
      "monday.tar",
    ]);
  });

  test("a second run leaves a finished bundle as it is", async () => {
    const to = newPlace();
    const first = await gap.json<CreatedDocument>(
      "near",
      "bundle",
      "create",
      "--to",
      to,
      "--volume-size",
      "60KiB",
    );
    const before = await Promise.all(first.bundle.volumes.map(({ path }) => stat(path)));
    const second = await gap.json<CreatedDocument>(
      "near",
      "bundle",
      "create",
      "--to",
      to,
      "--volume-size",
      "60KiB",
    );
    expect(second).toEqual(first);
    const after = await Promise.all(second.bundle.volumes.map(({ path }) => stat(path)));
    expect(after.map(({ ino, mtimeMs }) => [ino, mtimeMs])).toEqual(
      before.map(({ ino, mtimeMs }) => [ino, mtimeMs]),
    );
  });

  test("files of another bundle are refused and stay, unless they are given up", async () => {
    const to = newPlace();
    await gap.done("near", "bundle", "create", "--to", join(to, "x.tar"));
    const before = await readFile(join(to, "x.tar"));
    const refused = await gap.near.jam("bundle", "create", "--to", join(to, "x.tar"), "--arch", "amd64");
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain("JAM_BUNDLE_EXISTS");
    expect(await readFile(join(to, "x.tar"))).toEqual(before);
    await gap.done("near", "bundle", "create", "--to", join(to, "x.tar"), "--arch", "amd64", "--force");
    expect(await readFile(join(to, "x.tar"))).not.toEqual(before);
  });

  test("a bundle that is given up leaves no volume behind, and what is not a bundle's stays", async () => {
    const to = newPlace();
    const args = ["bundle", "create", "--to", to, "--volume-size", "60KiB"];
    const first = await gap.json<CreatedDocument>("near", ...args);
    expect(first.bundle.volumes.length).toBeGreaterThan(2);
    await writeFile(join(to, "holiday.tar"), "none of ours");
    await gap.done("near", ...args, "--arch", "amd64", "--versions", "3.6.27", "--force");
    const { bundle } = await gap.json<CreatedDocument>(
      "near",
      ...args,
      "--arch",
      "amd64",
      "--versions",
      "3.6.27",
    );
    const names = await readdir(to);
    expect(names.filter((name) => name.endsWith(".tar")).toSorted()).toEqual(
      ["holiday.tar", ...bundle.volumes.map(({ path }) => basename(path))].toSorted(),
    );
    expect(names.filter((name) => name.includes(first.bundle.id))).toEqual([]);
  });

  test.for([
    ["--volume-size", "4096", "JAM_USAGE_INVALID"],
    ["--volume-size", "huge", "JAM_USAGE_INVALID"],
    ["--since", "20200101T000000Z-00000000", "JAM_SNAPSHOT_NOT_FOUND"],
    ["--snapshot", "../../etc/passwd", "JAM_SNAPSHOT_NOT_FOUND"],
    ["--no-such-flag", "prod", "JAM_USAGE_INVALID"],
    ["--site", "nowhere", "JAM_SITE_NOT_FOUND"],
    ["--have", "no-such-file", "JAM_USAGE_INVALID"],
    ["--versions", "9.9.9", "JAM_USAGE_INVALID"],
  ] as const)("%s %s ends as %s and writes nothing", async ([flag, value, code]) => {
    const to = newPlace();
    const { status, stderr } = await gap.near.jam("bundle", "create", "--to", to, flag, value);
    expect(stderr).toContain(code);
    expect(status).toBeGreaterThan(0);
    await expect(stat(to)).rejects.toThrow("ENOENT");
  });
});

describe("what is not whole", () => {
  test("is refused before anything is written, and left out by name on request", async () => {
    await damaged(
      (path) => rm(path),
      async (other) => {
        const to = join(other.medium, "b");
        const refused = await other.near.jam("bundle", "create", "--to", to, "-o", "json");
        expect(refused.status).toBe(3);
        const { error } = JSON.parse(refused.stdout) as {
          error: { code: string; details: { missing: { agent: string }[] } };
        };
        expect(error.code).toBe("JAM_BUNDLE_INCOMPLETE");
        expect(error.details.missing.map(({ agent }) => agent)).toEqual(["3.6.27-ubuntu-amd64"]);
        await expect(stat(to)).rejects.toThrow("ENOENT");
        await other.done("near", "bundle", "create", "--to", to, "--allow-partial");
        expect(await manifestIn(to)).toMatchObject({
          scope: "selection",
          missing: [{ agent: "3.6.27-ubuntu-amd64", reason: "its tarball is missing" }],
        });
        const imported = await other.done("far", "bundle", "import", to);
        expect(imported.stdout).toContain("3.6.27-ubuntu-amd64");
      },
    );
  });

  test("is noticed while it is read, and then nothing is sealed", async () => {
    await damaged(
      async (path) => {
        const bytes = await readFile(path);
        bytes[bytes.length - 10] = (bytes.at(-10) ?? 0) ^ 1;
        await rm(path);
        await writeFile(path, bytes);
      },
      async (other) => {
        const to = join(other.medium, "b");
        const refused = await other.near.jam("bundle", "create", "--to", to, "--volume-size", "60KiB");
        expect(refused.status).toBe(4);
        expect(refused.stderr).toContain("JAM_STORE_CORRUPT");
        expect(await readdir(to)).not.toContain("SHA256SUMS");
        const { bundle } = await other.json<CreatedDocument & { bundle: { missing: unknown } }>(
          "near",
          "bundle",
          "create",
          "--to",
          to,
          "--volume-size",
          "60KiB",
          "--allow-partial",
          "--force",
        );
        expect(bundle.missing).toMatchObject([
          { agent: "3.6.27-ubuntu-amd64", reason: expect.stringContaining("damaged") },
        ]);
        expect(await readdir(to)).toContain("SHA256SUMS");
        await other.done("far", "bundle", "import", to);
        expect((await other.far.published()).agents).not.toContain("3.6.27-ubuntu-amd64");
        const at = join(other.medium, "at-once");
        const again = await other.json<CreatedDocument>(
          "near",
          "bundle",
          "create",
          "--to",
          at,
          "--volume-size",
          "60KiB",
          "--allow-partial",
        );
        const volumes = again.bundle.volumes.map(({ path }) => path);
        const archives = (await readdir(at)).filter((name) => name.endsWith(".tar"));
        expect(archives.map((name) => join(at, name)).toSorted()).toEqual(volumes.toSorted());
      },
    );
  });
});

async function damaged(
  damage: (path: string) => Promise<void>,
  use: (other: AirGap) => Promise<void>,
): Promise<void> {
  await using other = await airGap(upstream);
  const { agents } = await other.json<{ agents: { sha256: string }[] }>("near", "list", "3.6.27");
  const sha256 = agents[0]?.sha256 as string;
  const path = join(other.near.data, "blobs/sha256", sha256.slice(0, 2), sha256);
  await damage(path);
  await use(other);
}

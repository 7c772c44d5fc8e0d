/** What happens to media on their way, and what operators do about it, with the commands that they type. */
import {
  copyFile,
  rename,
  rm,
  truncate,
  appendFile,
  readFile,
  writeFile,
  mkdtemp,
  mkdir,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { VerifyReport } from "../../src/bundle/verify/verify-report.ts";
import { airGap, type AirGap, type CreatedDocument } from "../helpers/air-gap.ts";
import { copyOf, filesOf, membersOf } from "../helpers/damaged-media.ts";
import { runProcess } from "../helpers/jam-process.ts";
import { peer } from "../helpers/peers.ts";
import { startUpstream, type TestUpstream } from "../helpers/upstream.ts";

const gpg = peer("gpg");

interface RepairedDocument {
  readonly bundle: {
    readonly id: string;
    readonly volumes: readonly { readonly path: string; readonly sha256: string }[];
  };
  readonly repaired: readonly number[];
  readonly outcome?: string;
}

let upstream: TestUpstream;
let gap: AirGap;
/** A bundle in volumes, another one of a part, and one in one piece. */
let volumes: string;
let other: string;
let single: string;
let id: string;
let names: readonly string[];
let agentsOf: ReadonlyMap<string, readonly string[]>;

beforeAll(async () => {
  upstream = await startUpstream({ tarballBytes: 20_000, releases: ["2.9.60", "3.6.26", "3.6.27"] });
  gap = await airGap(upstream);
  volumes = join(gap.medium, "volumes");
  other = join(gap.medium, "other");
  single = join(gap.medium, "single");
  const create = ["bundle", "create", "--to"];
  const made = await gap.json<CreatedDocument>("near", ...create, volumes, "--volume-size", "40KiB");
  id = made.bundle.id;
  names = made.bundle.volumes.map(({ path }) => path.slice(volumes.length + 1));
  await gap.done("near", ...create, single, "--manifest-html");
  await gap.done("near", ...create, other, "--volume-size", "40KiB", "--versions", "3.6.26");
  const manifest = JSON.parse(await readFile(join(single, `jam-${id}.manifest.json`), "utf8")) as {
    readonly catalogue: readonly { readonly sha256: string; readonly agents: readonly string[] }[];
  };
  agentsOf = new Map(manifest.catalogue.map(({ sha256, agents }) => [sha256, agents]));
});

afterAll(async () => {
  for (const one of [gap, upstream]) await one[Symbol.asyncDispose]();
});

async function verify(
  folder: string,
  side: "near" | "far" = "far",
): Promise<VerifyReport & { status: number | null }> {
  const { status, stdout, stderr } = await gap[side].here("bundle", "verify", folder, "-o", "json");
  expect(stdout, stderr).toContain('"outcome"');
  return { ...(JSON.parse(stdout) as VerifyReport), status };
}

/** Agents of which at least a part is in a volume. */
async function agentsIn(folder: string, name: string): Promise<string[]> {
  const members = membersOf(await readFile(join(folder, name)));
  const hashes = members.map((member) => /^tarballs\/([0-9a-f]{64})/.exec(member.name)?.[1] ?? "");
  return hashes.flatMap((sha256) => agentsOf.get(sha256) ?? []);
}

describe("a sound bundle", () => {
  test("is whole for every command, for its two sides, and for stock tools", async () => {
    expect(names.length).toBeGreaterThan(3);
    for (const folder of [volumes, single]) {
      const report = await verify(folder);
      expect(report).toMatchObject({
        status: 0,
        outcome: "whole",
        bundle: id,
        affected: [],
        repair: { volumes: [] },
      });
      expect(report.beside.map(({ path, state }) => [path, state])).toContainEqual(["SHA256SUMS", "whole"]);
      expect((await runProcess("sha256sum", ["-c", "--strict", "SHA256SUMS"], { cwd: folder })).status).toBe(
        0,
      );
      const listed = await runProcess("tar", ["tf", await anyVolume(folder)], { cwd: folder });
      expect(listed).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/^jam-volume.json\nmanifest.json\n/),
      });
    }
  });

  test.skipIf(gpg.isMissing)(`is signed so that stock gpg agrees${gpg.note}`, async () => {
    const home = await mkdtemp(join(tmpdir(), "jam-gpg-"));
    try {
      const run = (...args: string[]) =>
        runProcess("gpg", ["--homedir", home, "--batch", ...args], { cwd: volumes });
      expect((await run("--import", join(gap.near.folder, "public.asc"))).status).toBe(0);
      for (const name of ["SHA256SUMS", `jam-${id}.manifest.json`]) {
        const { status, stderr } = await run("--verify", `${name}.asc`, name);
        expect({ status, stderr }).toMatchObject({
          status: 0,
          stderr: expect.stringContaining("Good signature"),
        });
      }
    } finally {
      await runProcess("gpgconf", ["--homedir", home, "--kill", "all"]).catch(() => undefined);
      await rm(home, { recursive: true, force: true });
    }
  });

  test("tells what it is from any one volume, and to whoever does not trust it", async () => {
    const one = await gap.json<{ bundles: readonly Record<string, unknown>[] }>(
      "far",
      "bundle",
      "inspect",
      join(volumes, names[2] as string),
      "--agents",
    );
    expect(one.bundles).toHaveLength(1);
    expect(one.bundles[0]).toMatchObject({
      id,
      scope: "mirror",
      signature: { state: "trusted" },
      missing: [],
      volumes: { found: [3], count: names.length, volumeSize: 40_960 },
    });
    const { agents, carries } = one.bundles[0] as {
      agents: readonly { carried: boolean }[];
      carries: { agents: number };
    };
    expect(agents.length).toBe(carries.agents);
    await using stranger = await airGap(upstream);
    const { stdout, status } = await stranger.far.jam("bundle", "inspect", volumes);
    expect(status).toBe(0);
    expect(stdout).toContain("NOT TRUSTED here");
    expect(stdout).toContain(`volumes    1-${names.length} of ${names.length}`);
    const report = await stranger.far.jam("bundle", "verify", volumes, "-o", "json");
    expect(report.status).toBe(4);
    expect(JSON.parse(report.stdout)).toMatchObject({
      outcome: "damaged",
      signedBy: null,
      signature: { state: "unknown" },
    });
    expect((await stranger.far.jam("bundle", "verify", volumes, "--allow-unsigned")).status).toBe(0);
  });
});

describe("a damaged volume", () => {
  test.for([
    ["jam-volume.json", "header"],
    ["jam-volume.json", "body"],
    ["manifest.json", "header"],
    ["manifest.json", "body"],
    ["manifest.json.asc", "header"],
    ["manifest.json.asc", "body"],
    ["tarballs/", "header"],
    ["tarballs/", "body"],
    ["manifest.json.asc", "padding"],
  ] as const)("with a flipped bit in the %s's %s is named and made again", async ([file, part]) => {
    await using media = await copyOf(volumes);
    const [, name = ""] = names;
    await media.flip(name, await media.partOf(name, file, part));
    const report = await verify(media.folder);
    expect(report).toMatchObject({
      status: 4,
      outcome: "damaged",
      bundle: id,
      repair: { bundle: id, volumes: [2] },
    });
    const bad = report.volumes.filter(({ state }) => state !== "whole");
    expect(bad).toMatchObject([
      {
        number: 2,
        path: media.path(name),
        state: "damaged",
        fault: { code: expect.stringMatching(/^JAM_/) },
      },
    ]);
    const inIt = await agentsIn(volumes, name);
    if (part === "padding") expect(report.affected).toEqual([]);
    else if (part === "body" && file === "tarballs/") {
      expect(report.affected.length).toBeGreaterThan(0);
      expect(inIt).toEqual(expect.arrayContaining([...report.affected]));
    } else expect([...report.affected].sort()).toEqual(inIt.sort());
    const repaired = await gap.json<RepairedDocument>("near", "bundle", "repair", media.folder);
    expect(repaired).toMatchObject({ repaired: [2], outcome: "whole", bundle: { id } });
    expect(await media.files()).toEqual(await filesOf(volumes));
  });

  test.for([
    ["cut short", (path: string) => truncate(path, 30_000)],
    ["cut to nothing", (path: string) => truncate(path, 0)],
    ["appended to", (path: string) => appendFile(path, "something")],
    ["appended to by a block", (path: string) => appendFile(path, Buffer.alloc(512))],
    ["lost", (path: string) => rm(path)],
    ["of another bundle", async (path: string) => copyFile(await anyVolume(other), path)],
  ] as const)("that was %s is named and made again", async ([what, harm]) => {
    await using media = await copyOf(volumes);
    const [, , name = ""] = names;
    await harm(media.path(name));
    const report = await verify(media.folder);
    expect(report).toMatchObject({ status: 4, bundle: id, repair: { volumes: [3] } });
    const inIt = await agentsIn(volumes, name);
    if (what.startsWith("appended")) expect(report.affected).toEqual([]);
    else if (what === "cut short") expect(inIt).toEqual(expect.arrayContaining([...report.affected]));
    else expect([...report.affected].sort()).toEqual(inIt.sort());
    const states = report.volumes.filter(({ state }) => state !== "whole").map(({ state }) => state);
    expect(states).toEqual(
      what === "lost" ? ["missing"] : what === "of another bundle" ? ["missing", "foreign"] : ["damaged"],
    );
    expect(await gap.json("near", "bundle", "repair", media.folder)).toMatchObject({
      repaired: [3],
      outcome: "whole",
    });
    expect(await media.files()).toEqual(await filesOf(volumes));
  });

  test("of a bundle in one piece is named by the manifest beside, and made again without a store", async () => {
    for (const file of ["jam-volume.json", "manifest.json", "manifest.json.asc"]) {
      await using media = await copyOf(single);
      const name = `jam-${id}.tar`;
      await media.flip(name, await media.partOf(name, file, "body"));
      const report = await verify(media.folder);
      expect(report).toMatchObject({ status: 4, bundle: id, repair: { volumes: [1], volumeSize: null } });
      expect(report.affected.length).toBe([...agentsOf.values()].flat().length);
      const repaired = await gap.json("far", "bundle", "repair", media.path(name));
      expect(repaired).toMatchObject({ repaired: [1], outcome: "whole" });
      expect(await media.files()).toEqual(await filesOf(single));
    }
  });

  test("is told as a table with the next command; a foreign file beside is said to be none of it", async () => {
    await using media = await copyOf(volumes);
    await rm(media.path(names[0] as string));
    await writeFile(media.path("photos.tar"), "no archive at all");
    const { status, stdout } = await gap.far.jam("bundle", "verify", media.folder);
    expect(status).toBe(4);
    expect(stdout).toMatch(/missing {4}volume 1\n/);
    expect(stdout).toMatch(/foreign {4}.*photos\.tar/);
    expect(stdout).toContain(`jam bundle repair ${media.folder}`);
    const repaired = await gap.near.jam("bundle", "repair", media.folder);
    expect(repaired.status).toBe(4);
    expect(repaired.stdout).toContain("1 volume repaired");
    expect(repaired.stdout).toContain("Remove files that do not belong there");
  });
});

async function anyVolume(folder: string): Promise<string> {
  const name = [...(await filesOf(folder)).keys()].find((name) => name.endsWith(".tar"));
  return join(folder, name as string);
}

test("volumes that changed places are named and change back, where no store has their contents", async () => {
  await using media = await copyOf(volumes);
  const [, second = "", third = ""] = names;
  await rename(media.path(second), media.path("aside"));
  await rename(media.path(third), media.path(second));
  await rename(media.path("aside"), media.path(third));
  const report = await verify(media.folder);
  expect(report).toMatchObject({ status: 4, affected: [], repair: { volumes: [2, 3] } });
  expect(report.volumes.filter(({ state }) => state === "swapped")).toMatchObject([
    { number: 2, path: media.path(third) },
    { number: 3, path: media.path(second) },
  ]);
  expect(await gap.json("far", "bundle", "repair", media.folder)).toMatchObject({
    repaired: [2, 3],
    outcome: "whole",
  });
  expect(await media.files()).toEqual(await filesOf(volumes));
});

test("what lies beside is checked and restored; a second copy of a volume does no harm", async () => {
  const beside = ["SHA256SUMS", "SHA256SUMS.asc", `jam-${id}.manifest.json`, `jam-${id}.manifest.json.asc`];
  for (const name of beside) {
    await using media = await copyOf(volumes);
    await media.flip(name, 40);
    expect(await verify(media.folder)).toMatchObject({ status: 4, repair: { volumes: [] }, affected: [] });
    expect(await gap.json("near", "bundle", "repair", media.folder)).toMatchObject({
      repaired: [],
      outcome: "whole",
    });
    expect(await media.files()).toEqual(await filesOf(volumes));
  }
  await using media = await copyOf(volumes);
  await copyFile(media.path(names[0] as string), media.path("copy.tar"));
  const report = await verify(media.folder);
  expect(report).toMatchObject({ status: 0, notes: [expect.stringContaining("Volume 1 was found 2 times")] });
});

test("a report is enough for the side that made the bundle", async () => {
  await using media = await copyOf(volumes);
  const [first = "", , third = ""] = names;
  await rm(media.path(first));
  await truncate(media.path(third), 100);
  const { stdout } = await gap.far.jam("bundle", "verify", media.folder, "-o", "json");
  const report = join(gap.near.folder, "report.json");
  await writeFile(report, stdout);
  const to = join(gap.medium, "again");
  const made = await gap.json<RepairedDocument>("near", "bundle", "repair", report, "--to", to);
  expect(made.repaired).toEqual([1, 3]);
  const whole = await filesOf(volumes);
  expect(await filesOf(to)).toEqual(new Map([first, third].map((name) => [name, whole.get(name)])));
  const strange = await gap.far.jam("bundle", "repair", report, "--to", to, "-o", "json");
  expect(JSON.parse(strange.stdout)).toMatchObject({ error: { code: "JAM_BUNDLE_NOT_FOUND" } });
  const lost = await gap.far.jam("bundle", "repair", media.folder, "-o", "json");
  expect(lost.status).toBe(3);
  expect(JSON.parse(lost.stdout)).toMatchObject({
    error: {
      code: "JAM_BUNDLE_INCOMPLETE",
      details: { volumes: [1, 3], agents: expect.arrayContaining([expect.any(String)]) },
    },
  });
});

test("the side that made a bundle puts it right when nothing of it is legible any more", async () => {
  await using media = await copyOf(single);
  const name = `jam-${id}.tar`;
  const beside = ["SHA256SUMS", "SHA256SUMS.asc", `jam-${id}.manifest.json`, `jam-${id}.manifest.json.asc`];
  for (const file of beside) await rm(media.path(file));
  await writeFile(media.path(name), Buffer.alloc(2000));
  expect(await verify(media.folder)).toMatchObject({ bundle: null, outcome: "damaged", status: 4 });
  const unknown = await gap.far.jam("bundle", "repair", media.folder, "-o", "json");
  expect(JSON.parse(unknown.stdout)).toMatchObject({ error: { code: "JAM_BUNDLE_NOT_FOUND" } });
  const repaired = await gap.json("near", "bundle", "repair", media.path(name));
  expect(repaired).toMatchObject({ repaired: [1], outcome: "whole" });
  expect(await media.files()).toEqual(await filesOf(single));
});

describe("dividing in another way", () => {
  test("gives to the byte what making it so gives, there and back again", async () => {
    const halves = join(gap.medium, "halves");
    await gap.done("near", "bundle", "create", "--to", halves, "--volume-size", "96KiB");
    const steps: [string[], string, string][] = [
      [["split", single, "--volume-size", "40KiB"], "split", volumes],
      [["split", join(gap.medium, "split"), "--volume-size", "96KiB"], "resplit", halves],
      [["join", join(gap.medium, "resplit")], "joined", single],
    ];
    for (const [args, folder, expected] of steps) {
      const to = join(gap.medium, folder);
      await gap.done("near", "bundle", ...args, "--to", to);
      const wanted = new Map(await filesOf(expected));
      // The page is made with the bundle, and so is not a part of what is divided.
      const isPage = wanted.delete(`jam-${id}.html`);
      const files = new Map(await filesOf(to));
      for (const name of isPage ? ["SHA256SUMS", "SHA256SUMS.asc"] : []) {
        files.delete(name);
        wanted.delete(name);
      }
      expect(files).toEqual(wanted);
      expect(await verify(to)).toMatchObject({ status: 0, outcome: "whole" });
    }
  });

  test("leaves the sums unsigned where there is no key, and refuses streams, lost volumes and its own folder", async () => {
    await using media = await copyOf(volumes);
    const to = join(gap.medium, "refused");
    const refusals: [string[], string][] = [
      [["join", "-", "--to", to], "JAM_USAGE_INVALID"],
      [["split", "-", "--volume-size", "40KiB", "--to", to], "JAM_USAGE_INVALID"],
      [["join", media.path(names[1] as string), "--to", to], "JAM_BUNDLE_INCOMPLETE"],
      [["join", media.folder, "--to", media.path("joined.tar")], "JAM_USAGE_INVALID"],
      [["split", media.folder, "--volume-size", "1KiB", "--to", to], "JAM_USAGE_INVALID"],
      [["join", media.folder, other, "--to", to], "JAM_BUNDLE_MALFORMED"],
    ];
    for (const [args, code] of refusals) {
      const { stdout } = await gap.far.jam("bundle", ...args, "-o", "json");
      expect(JSON.parse(stdout), args.join(" ")).toMatchObject({ error: { code } });
    }
    await media.flip(names[1] as string, await media.partOf(names[1] as string, "tarballs/", "body"));
    const damaged = await gap.far.jam("bundle", "join", media.folder, "--to", to, "-o", "json");
    expect(damaged.status).toBe(4);
    expect(JSON.parse(damaged.stdout)).toMatchObject({
      error: {
        code: "JAM_BUNDLE_DAMAGED",
        details: { agents: expect.arrayContaining([expect.any(String)]) },
      },
    });
    await rm(to, { recursive: true, force: true });
    await rm(join(gap.far.folder, "jam-keys"), { recursive: true, force: true });
    await mkdir(to);
    const { status, stderr } = await gap.far.jam("bundle", "join", volumes, "--to", join(to, "all.tar"));
    expect(status, stderr).toBe(0);
    expect(stderr).toContain("SHA256SUMS is not signed");
    expect([...(await filesOf(to)).keys()]).not.toContain("SHA256SUMS.asc");
    expect((await filesOf(to)).get("all.tar")).toEqual((await filesOf(single)).get(`jam-${id}.tar`));
  });
});

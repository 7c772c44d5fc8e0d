/** What happens to a data directory outside of jam: umasks, copies, killed commands. */
import { execFileSync } from "node:child_process";
import { lstatSync, readdirSync } from "node:fs";
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { JAM, runProcess, type Finished } from "../helpers/jam-process.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { startUpstream, type TestUpstream } from "../helpers/upstream.ts";

let upstream: TestUpstream;
let mirror: TestMirror;

beforeAll(async () => {
  upstream = await startUpstream({ releases: ["3.6.26", "3.6.27"], arches: ["amd64"], oses: ["ubuntu"] });
  mirror = await temporaryMirror(upstream);
  await mirror.sync();
});

afterAll(async () => {
  for (const one of [mirror, upstream]) await one[Symbol.asyncDispose]();
});

interface CheckDocument {
  readonly ok: boolean;
  readonly checks: readonly {
    readonly check: string;
    readonly state: string;
    readonly detail: string;
    readonly hint?: string;
  }[];
}

async function problemsOf(one: TestMirror): Promise<CheckDocument["checks"]> {
  const { stdout } = await one.jam("check", "-o", "json");
  const { checks } = JSON.parse(stdout) as CheckDocument;
  return checks.filter(({ check, state }) => ["permissions", "mirror"].includes(check) && state !== "ok");
}

const syncWith = (umask: string, { folder }: TestMirror): Promise<Finished> =>
  runProcess("sh", ["-c", `umask ${umask}; exec "$0" "$@"`, process.execPath, JAM, "sync", "--quiet"], {
    cwd: folder,
  });

describe("a sync with the umask", () => {
  test("077 makes what no other user can serve, and check says so with the remedy", async () => {
    await using other = await temporaryMirror(upstream);
    expect((await syncWith("077", other)).status).toBe(0);
    expect(await problemsOf(other)).toMatchObject([
      {
        check: "permissions",
        state: "warn",
        detail: expect.stringContaining("only the owner can read"),
        hint: expect.stringContaining(`chmod -R go+rX ${other.data}`),
      },
    ]);
    execFileSync("chmod", ["-R", "go+rX", other.data]);
    expect(await problemsOf(other)).toEqual([]);
  });

  test.for(["022", "027", "002"])("%s is fine", async (umask) => {
    await using other = await temporaryMirror(upstream);
    expect((await syncWith(umask, other)).status).toBe(0);
    expect(await problemsOf(other)).toEqual([]);
  });

  test("000 makes nothing that everybody can write", async () => {
    await using other = await temporaryMirror(upstream);
    expect((await syncWith("000", other)).status).toBe(0);
    const open = ["", ...readdirSync(other.data, { recursive: true, encoding: "utf8" })].filter((name) => {
      const stat = lstatSync(join(other.data, name));
      return !stat.isSymbolicLink() && (stat.mode & 0o002) !== 0;
    });
    expect(open).toEqual([]);
    expect(await problemsOf(other)).toEqual([]);
  });

  test("of a folder that everybody can write is a failure of the check", async () => {
    await using other = await temporaryMirror(upstream);
    await other.sync();
    execFileSync("chmod", ["o+w", join(other.data, "published")]);
    expect(await problemsOf(other)).toMatchObject([
      {
        check: "permissions",
        state: "fail",
        detail: expect.stringMatching(/every user .* can change 1 of \d+ entries .*published/),
        hint: expect.stringContaining(`chmod -R o-w ${other.data}`),
      },
    ]);
    expect((await other.jam("check")).status).toBe(2);
  });
});

describe("a copy whose links were resolved", () => {
  test("is named by what reads, put right by what writes, and shows the same agents again", async () => {
    await using other = await temporaryMirror(upstream, { mode: "offline" });
    await cp(mirror.data, other.data, { recursive: true, dereference: true });
    for (const args of [["list"], ["status"]]) {
      const { status, stderr } = await other.jam(...args);
      expect({ args, status, stderr }).toMatchObject({
        status: 2,
        stderr: expect.stringMatching(/copied without its links[^]*jam prune/),
      });
    }
    expect(await problemsOf(other)).toMatchObject([
      { check: "mirror", state: "fail", hint: expect.stringContaining("jam prune") },
    ]);
    const pruned = await other.jam("prune");
    expect(pruned).toMatchObject({ status: 0, stderr: expect.stringContaining("links; they were put back") });
    expect(await problemsOf(other)).toEqual([]);
    expect((await other.published()).agents).toEqual((await mirror.published()).agents);
  });

  test("is put right by a sync, too, which fetches nothing for that", async () => {
    await using other = await temporaryMirror(upstream);
    await cp(mirror.data, other.data, { recursive: true, dereference: true });
    const report = await other.sync();
    expect(report).toMatchObject({ outcome: "unchanged", fetched: { bytes: 0 } });
    expect((await other.published()).agents).toEqual((await mirror.published()).agents);
  });
});

test.for([
  ["prune", ["prune"]],
  ["a sync", ["sync"]],
  ["a site's removal", ["site", "remove", "nobody"]],
  ["an import", ["bundle", "import", "."]],
] as const)("%s clears away what a killed command left", async ([, args]) => {
  const left = ["published/.tmp-1-x-1/tools/agent", "refs", ".", "state", "snapshots"];
  await mkdir(join(mirror.data, left[0]!), { recursive: true });
  for (const folder of left) await writeFile(join(mirror.data, folder, ".tmp-1-x-2"), "x");
  await writeFile(join(mirror.folder, "odd.tar"), "no volume");
  await mirror.jam(...args);
  await rm(join(mirror.folder, "odd.tar"));
  const names = readdirSync(mirror.data, { recursive: true, encoding: "utf8" });
  expect(names.filter((name) => name.includes(".tmp-"))).toEqual([]);
});

describe.runIf(process.getuid?.() === 0)("root in the directory of another user", () => {
  test("is warned by sync, and check has the command that gives the files back", async () => {
    await using other = await temporaryMirror(upstream);
    await mkdir(other.data);
    execFileSync("chown", ["65534:65534", other.data]);
    const synced = await other.jam("sync");
    expect(synced.status).toBe(0);
    expect(synced.stderr).toContain(`${other.data} belongs to another user (uid 65534)`);
    const [problem] = await problemsOf(other);
    expect(problem).toMatchObject({ check: "permissions", state: "fail" });
    const command = /Run as root: (.+?)\. Then/.exec(problem?.hint ?? "")?.[1] ?? "";
    execFileSync("sh", ["-c", command]);
    expect(await problemsOf(other)).toEqual([]);
  });

  test("is not warned where the directory is root's own", async () => {
    await using other = await temporaryMirror(upstream);
    expect((await other.jam("sync")).stderr).not.toContain("belongs to another user");
  });
});

/** How the program starts: on which Node, from a checkout and from a package, and how it ends. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdir, readFile, readdir, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { JAM, runJam, runProcess, temporaryFolder } from "../helpers/jam-process.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as { version: string };

/** A Node that jam does not run on, or undefined where there is none. */
async function findOldNode(): Promise<string | undefined> {
  for (const path of ["/usr/bin/node", "/usr/local/bin/node"]) {
    const found = await runProcess(path, ["--version"]).catch(() => undefined);
    if (found !== undefined && /^v(?:1\d|2[0-35])\./.test(found.stdout)) return path;
  }
  return undefined;
}
const oldNode = await findOldNode();
if (oldNode === undefined) process.stderr.write("No old Node here: its message is not tested.\n");

test("prints its version", async () => {
  expect(await runJam(["--version"])).toEqual({
    status: 0,
    signal: null,
    stdout: `${version}\n`,
    stderr: "",
  });
});

test.for(["/proc/none/of/these", "/dev/null/below", ""])(
  "starts without caches where their folder cannot be made: XDG_CACHE_HOME=%s",
  async (cache) => {
    // Below /proc the system answers as if the parent were missing, although it is there; automounts do the same.
    const ran = await runJam(["config", "path"], { env: { XDG_CACHE_HOME: cache, HOME: "/proc" } });
    expect(ran.signal).toBeNull();
    expect(ran.stderr).not.toContain("JAM_INTERNAL");
  },
);

describe("the range of Node versions in package.json", () => {
  test.for([
    ["^24.11 || ^26", /^$/],
    ["^8 || ^26", /^$/],
    [
      "^99.5 || ^100",
      /^jam: this is Node 26\.\d+\.\d+, jam needs Node 99 \(99\.5 or later\) or 100\. .+npm ci/,
    ],
    ["^26.999", /jam needs Node 26 \(26\.999 or later\)\. /],
  ] as const)("decides where jam runs: %s", async ([node, complaint]) => {
    await using folder = await temporaryFolder();
    await cp(join(ROOT, "bin"), join(folder.path, "bin"), { recursive: true });
    await mkdir(join(folder.path, "src"));
    await writeFile(join(folder.path, "src/main.ts"), "export const main = () => undefined;\n");
    await writeFile(join(folder.path, "package.json"), JSON.stringify({ type: "module", engines: { node } }));
    const { status, stderr } = await runProcess(process.execPath, [join(folder.path, "bin/jam.js")]);
    expect(stderr).toMatch(complaint);
    expect(status).toBe(stderr === "" ? 0 : 2);
  });
});

describe("the smaller nursery of a server", () => {
  test.for([
    [["serve", "--help"], 2],
    [["--data", "x", "serve", "--help"], 2],
    [["help", "serve"], 1],
    [["--data", "serve", "config", "path"], 1],
    [["explain", "serve"], 1],
  ] as const)("restarts only the command serve: jam %s", async ([args, starts]) => {
    await using folder = await temporaryFolder();
    const record = join(folder.path, "starts");
    const preload = join(folder.path, "preload.cjs");
    await writeFile(preload, `require("fs").appendFileSync(${JSON.stringify(record)}, "started\\n");`);
    await runProcess(process.execPath, ["--require", preload, JAM, ...args], { cwd: folder.path });
    expect((await readFile(record, "utf8")).match(/started/g)).toHaveLength(starts);
  });
});

describe("on an old Node", () => {
  test.skipIf(oldNode === undefined)(
    "says in one line what runs, what is needed and what to do",
    async () => {
      await using folder = await temporaryFolder();
      await cp(join(ROOT, "bin"), join(folder.path, "bin"), { recursive: true });
      await cp(join(ROOT, "package.json"), join(folder.path, "package.json"));
      const { status, stdout, stderr } = await runProcess(oldNode ?? "", [
        join(folder.path, "bin/jam.js"),
        "list",
      ]);
      expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
      expect(stderr).toMatch(
        /^jam: this is Node \d+\.\d+\.\d+, jam needs Node 24 \(24\.11 or later\) or 26\..+npm ci.+\n$/,
      );
    },
  );

  test.skipIf(oldNode === undefined)("continues with the Node of the checkout", async () => {
    const { status, stdout, stderr } = await runProcess(oldNode ?? "", [
      JAM,
      "help",
      "nothing",
      "-o",
      "json",
    ]);
    expect({ status, stderr }).toEqual({ status: 2, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "JAM_USAGE_INVALID" } });
  });

  test.skipIf(oldNode === undefined)(
    "forwards a signal to that Node, and exits with its status",
    async () => {
      await using folder = await temporaryFolder();
      const own = join(folder.path, "node_modules/node/bin/node");
      await mkdir(join(own, ".."), { recursive: true });
      await cp(join(ROOT, "bin"), join(folder.path, "bin"), { recursive: true });
      await cp(join(ROOT, "package.json"), join(folder.path, "package.json"));
      await writeFile(
        own,
        "#!/bin/sh\ntrap 'echo got TERM; exit 7' TERM\necho ready\nwhile :; do sleep 0.05; done\n",
      );
      await chmod(own, 0o755);
      const child = spawn(oldNode ?? "", [join(folder.path, "bin/jam.js"), "serve"], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let text = "";
      child.stdout.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
        if (piece.includes("ready")) child.kill("SIGTERM");
      });
      const [status] = (await once(child, "close")) as [number];
      expect([status, text]).toEqual([7, "ready\ngot TERM\n"]);
    },
  );
});

test("keeps compiled code in a folder of the user's own, and starts where that is impossible", async () => {
  await using folder = await temporaryFolder();
  const cache = join(folder.path, "cache");
  expect(
    (await runJam(["config", "path"], { cwd: folder.path, env: { XDG_CACHE_HOME: cache } })).status,
  ).toBe(0);
  const { mode } = await stat(join(cache, "jam/compiled"));
  expect(mode & 0o777).toBe(0o700);
  expect(await readdir(join(cache, "jam/compiled"))).not.toEqual([]);

  const shared = join(folder.path, "shared");
  await mkdir(join(shared, "jam/compiled"), { recursive: true });
  await chmod(join(shared, "jam/compiled"), 0o777);
  expect(
    (await runJam(["config", "path"], { cwd: folder.path, env: { XDG_CACHE_HOME: shared } })).status,
  ).toBe(0);
  expect(await readdir(join(shared, "jam/compiled"))).toEqual([]);

  await writeFile(join(folder.path, "file"), "");
  const blocked = { XDG_CACHE_HOME: join(folder.path, "file") };
  expect((await runJam(["config", "path"], { cwd: folder.path, env: blocked })).status).toBe(0);
});

test("a reader that leaves early is no failure", async () => {
  const { status, stdout, stderr } = await runProcess("bash", [
    "-c",
    `set -o pipefail; "${process.execPath}" "${JAM}" config schema | head -n 1`,
  ]);
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "{\n", stderr: "" });
});

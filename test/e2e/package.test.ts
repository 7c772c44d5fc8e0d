/** The package as an operator gets it: packed, installed into an empty project from the registry, and used there. */
import { cp, readFile, readdir, symlink, writeFile } from "node:fs/promises";
import { delimiter, dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runProcess, temporaryFolder, type Finished } from "../helpers/jam-process.ts";
import { startUpstream } from "../helpers/upstream.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** What `npm pack` needs of a checkout; it builds there, so other tests must not share the folder. */
const NEEDED = /^(?:bin|src|docs|package\.json|\.npmrc|tsconfig.*\.json|[A-Z]+(?:\.md)?)$/;

/** npm's own settings, cache and proxies are the user's: the registry is the one that `npm ci` used. */
function npm(args: readonly string[], cwd: string): Promise<Finished> {
  const env = Object.entries(process.env).filter(([name]) => !/^npm_(?!config_)|^NODE_/i.test(name));
  return runProcess("npm", args, { cwd, env: Object.fromEntries(env) as Record<string, string> });
}

async function pack(folder: string): Promise<{ readonly file: string; readonly paths: readonly string[] }> {
  const checkout = join(folder, "checkout");
  const names = (await readdir(ROOT)).filter((name) => NEEDED.test(name));
  await Promise.all(names.map((name) => cp(join(ROOT, name), join(checkout, name), { recursive: true })));
  await symlink(join(ROOT, "node_modules"), join(checkout, "node_modules"));
  const packed = await npm(["pack", "--silent", "--pack-destination", folder], checkout);
  expect(packed.status, packed.stderr).toBe(0);
  // The build of the program may write before it; the name comes last.
  const file = join(folder, packed.stdout.trim().split("\n").at(-1) ?? "");
  const listed = await runProcess("tar", ["-tzf", file]);
  expect(listed.status, listed.stderr).toBe(0);
  return {
    file,
    paths: listed.stdout
      .trim()
      .split("\n")
      .map((path) => path.replace("package/", "")),
  };
}

describe("the package", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let packed: Awaited<ReturnType<typeof pack>>;
  let project: string;
  /** Why it could not be installed here, as a sentence. */
  let unreachable: string | undefined;

  beforeAll(async () => {
    folder = await temporaryFolder();
    packed = await pack(folder.path);
    project = join(folder.path, "project");
    await cp(join(ROOT, ".npmrc"), join(project, ".npmrc"));
    await writeFile(join(project, "package.json"), '{ "private": true }\n');
    const installed = await npm(
      ["install", "--prefer-offline", "--no-update-notifier", packed.file],
      project,
    );
    const isRefused = installed.status !== 0;
    if (
      isRefused &&
      /\b(?:EAI_AGAIN|ENOTFOUND|ECONNREFUSED|ETIMEDOUT|ENETUNREACH)\b/.test(installed.stderr)
    ) {
      unreachable = "The npm registry cannot be reached: the package was not installed.";
      process.stderr.write(`${unreachable}\n`);
    } else expect(installed.status, installed.stderr).toBe(0);
  });
  afterAll(async () => {
    await folder[Symbol.asyncDispose]();
  });

  /** The installed command, on the Node that runs the tests. */
  const jam = (...args: string[]) =>
    runProcess(join(project, "node_modules/.bin/jam"), args, {
      cwd: project,
      env: { PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter) },
    });

  test("holds the compiled program, its papers and guides, and nothing else", () => {
    expect(packed.paths).toEqual(
      expect.arrayContaining([
        "LICENSE",
        "README.md",
        "CHANGELOG.md",
        "SECURITY.md",
        "package.json",
        "bin/jam.js",
        "dist/main.js",
        "docs/guides/point-a-controller.md",
        "docs/reference/errors.md",
      ]),
    );
    const foreign = packed.paths.filter(
      (path) => !/^(?:bin|dist|docs)\/|^[A-Z]+(?:\.md)?$|^package\.json$/.test(path),
    );
    expect(foreign).toEqual([]);
    expect(packed.paths.filter((path) => path.endsWith(".ts") || path.startsWith("src/"))).toEqual([]);
  });

  test("mirrors from an upstream once it is installed", async (context) => {
    if (unreachable !== undefined) context.skip(unreachable);
    const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as { version: string };
    expect(await jam("--version")).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: "" });

    await using upstream = await startUpstream({ releases: ["3.6.27"], arches: ["amd64"] });
    await writeFile(join(project, "key.asc"), upstream.tree.key.publicKeyArmored);
    expect(await jam("init", "--upstream", upstream.url)).toMatchObject({ status: 0 });
    const synced = await jam("sync", "--keyring", "key.asc", "-o", "json");
    expect(synced.status, synced.stderr).toBe(0);
    expect(JSON.parse(synced.stdout)).toMatchObject({ outcome: "updated", fetched: { agents: 1 } });
    const listed = await jam("list", "-o", "json");
    expect(JSON.parse(listed.stdout)).toMatchObject({
      agents: [{ version: "3.6.27", release: "ubuntu", arch: "amd64", streams: ["released"] }],
    });
  });
});

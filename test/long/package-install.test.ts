/** The package as an operator gets it: packed, installed into an empty project from the npm registry, and used there. */
import { cp, readFile, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runProcess, temporaryFolder } from "../helpers/jam-process.ts";
import { npm, pack, ROOT } from "../helpers/packed.ts";
import { startUpstream } from "../helpers/upstream.ts";

describe("the package", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let project: string;
  /** Why it could not be installed here, as a sentence. */
  let unreachable: string | undefined;

  beforeAll(async () => {
    folder = await temporaryFolder();
    const packed = await pack(folder.path);
    project = join(folder.path, "project");
    await cp(join(ROOT, ".npmrc"), join(project, ".npmrc"));
    await writeFile(join(project, "package.json"), '{ "private": true }\n');
    const installed = await npm(
      ["install", "--prefer-offline", "--fetch-retries=1", "--no-update-notifier", packed.file],
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

/** What commands load that only read: every module counts at their start. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isPackaged, JAM, runProcess, TEST_CACHE } from "../helpers/jam-process.ts";
import { temporaryMirror, type TestMirror } from "../helpers/mirror.ts";
import { startUpstream } from "../helpers/upstream.ts";

/** Records the modules that are loaded after it. */
const RECORDER = `import { appendFileSync } from "node:fs";
import { registerHooks } from "node:module";
registerHooks({ load: (url, context, next) => {
  appendFileSync("loaded", url + "\\n");
  return next(url, context);
} });
`;

let mirror: TestMirror;
beforeAll(async () => {
  await using upstream = await startUpstream();
  mirror = await temporaryMirror(upstream);
  await mirror.sync();
  await writeFile(join(mirror.folder, "recorder.mjs"), RECORDER);
});
afterAll(async () => mirror[Symbol.asyncDispose]());

// A package has few files: which of them are loaded is a matter of how it is made.
test
  .skipIf(isPackaged)
  .for([
    ["list"],
    ["status"],
    ["which", "3.6.9"],
    ["which", "3.6.9", "--to", "3.6.10", "--arch", "amd64", "--safe"],
    ["which", "--bootstrap", "--client", "3.6.9"],
    ["which", "--migrate", "--from-controller", "2.9.51", "--to-controller", "3.6.9"],
    ["snapshot", "list"],
  ])("a command that only reads loads no schemas: jam %s", async (args) => {
  // The first command keeps the checked settings.
  await mirror.jam(...args);
  await writeFile(join(mirror.folder, "loaded"), "");
  const { stderr } = await runProcess(process.execPath, ["--import", "./recorder.mjs", JAM, ...args], {
    cwd: mirror.folder,
    env: { XDG_CACHE_HOME: TEST_CACHE },
  });
  expect(stderr).not.toContain("error:");
  const loaded = (await readFile(join(mirror.folder, "loaded"), "utf8")).trim().split("\n");
  expect(loaded.filter((url) => url.endsWith(`/src/cli/commands/${args[0]}.ts`))).toHaveLength(1);
  expect(loaded.filter((url) => url.includes("/node_modules/zod/"))).toEqual([]);
});

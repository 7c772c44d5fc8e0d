/**
 * `npm run test:packaged [-- FILES]`: the end-to-end tests against the archive instead of the sources. The archive is made for
 * this machine and unpacked to a temporary folder, unless JAM_ARCHIVE=FILE names one.
 */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { runProgram } from "./target.ts";

const CHECKOUT = resolve(import.meta.dirname, "../..");
const folder = await mkdtemp(join(tmpdir(), "jam-test-packaged-"));
try {
  const { JAM_ARCHIVE: given } = process.env;
  if (given === undefined) {
    const script = join(import.meta.dirname, "main.ts");
    await runProgram(process.execPath, [
      script,
      "--arch",
      process.arch,
      "--format",
      "archive",
      "--to",
      folder,
    ]);
  }
  const made = (await readdir(folder)).find((name) => name.endsWith(".tar.gz"));
  const archive = given ?? join(folder, String(made));
  await runProgram("tar", ["-xzf", archive, "-C", folder]);
  const program = (await readdir(folder)).find((name) => /^jam-[^/]*(?<!\.gz)$/.test(name));
  const JAM_BIN = join(folder, String(program), "jam");
  process.stdout.write(`JAM_BIN=${JAM_BIN}\n`);
  process.exitCode = await new Promise<number>((done) => {
    const vitest = spawn("npx", ["vitest", "run", "--project", "e2e", ...process.argv.slice(2)], {
      cwd: CHECKOUT,
      stdio: "inherit",
      env: { ...process.env, JAM_BIN },
    });
    vitest.once("exit", (status) => done(status ?? 1));
  });
} finally {
  await rm(folder, { recursive: true, force: true });
}

import { rmSync } from "node:fs";
import { cp, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { bundleProgram } from "../scripts/package/bundle-program.ts";

const CHECKOUT = resolve(import.meta.dirname, "..");
/** Names the folder for processes that a part of the bench starts. */
const VARIABLE = "JAM_BENCH_PROGRAM";

/** The entry of the program as packages contain it: operators do not run the sources of a checkout. */
export const JAM = join(process.env[VARIABLE] ?? (await makeProgram()), "bin/jam.js");

/** The folder is deleted when this process ends. */
async function makeProgram(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "jam-bench-program-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  await bundleProgram(CHECKOUT, join(folder, "dist"));
  for (const name of ["bin", "package.json"])
    await cp(join(CHECKOUT, name), join(folder, name), { recursive: true });
  process.env[VARIABLE] = folder;
  return folder;
}

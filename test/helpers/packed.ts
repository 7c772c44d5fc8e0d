import { cp, readdir, symlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect } from "vitest";
import { runProcess, type Finished } from "./jam-process.ts";

/** The checkout. */
export const ROOT = resolve(import.meta.dirname, "../..");
/** What builds need of a checkout. */
const NEEDED = /^(?:bin|src|docs|scripts|package(?:-lock)?\.json|\.npmrc|tsconfig.*\.json|[A-Z]+(?:\.md)?)$/;

/** Copies what builds need of this checkout to a folder of its own: a build writes there, so tests must not share it. */
export async function copyCheckout(checkout: string): Promise<void> {
  const names = (await readdir(ROOT)).filter((name) => NEEDED.test(name));
  await Promise.all(names.map((name) => cp(join(ROOT, name), join(checkout, name), { recursive: true })));
  await symlink(join(ROOT, "node_modules"), join(checkout, "node_modules"));
}

/** npm's own settings, cache and proxies are the user's: the registry is the one that `npm ci` used. */
export function npm(args: readonly string[], cwd: string): Promise<Finished> {
  const env = Object.entries(process.env).filter(([name]) => !/^npm_(?!config_)|^NODE_/i.test(name));
  return runProcess("npm", args, { cwd, env: Object.fromEntries(env) as Record<string, string> });
}

/** The package of this checkout, packed in a copy below `folder`, and the paths in it. */
export async function pack(
  folder: string,
): Promise<{ readonly file: string; readonly paths: readonly string[] }> {
  const checkout = join(folder, "checkout");
  await copyCheckout(checkout);
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

import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PackageError } from "./target.ts";

/** An npm package as package-lock.json describes it. */
export interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
}

/** Names of licence files in npm packages. */
const LICENCE_FILE = /^(?:licen[cs]e|copying|notice)(?:[.-].*)?$/i;

/**
 * Puts the licences of jam and of every npm package that it uses to `<folder>/licenses`.
 * @throws PackageError when a package is under no licence that its package.json names
 */
export async function stageLicences(checkout: string, folder: string): Promise<void> {
  const target = join(folder, "licenses");
  await mkdir(target, { recursive: true });
  await copyFile(join(checkout, "LICENSE"), join(target, "LICENSE"));
  const rows = ["package\tversion\tlicence"];
  for (const { path, name, locked } of await productionPackages(checkout)) {
    if (locked.license === undefined) throw new PackageError(`${name} names no licence.`);
    rows.push([name, locked.version, locked.license].join("\t"));
    await copyLicences(
      join(checkout, path),
      join(target, "npm", `${name}-${locked.version}`),
      locked.license,
    );
  }
  await writeFile(join(target, "npm.tsv"), `${[...new Set(rows)].join("\n")}\n`);
}

/** The npm packages that the program uses, with their paths in the checkout. */
export async function productionPackages(
  checkout: string,
): Promise<{ readonly path: string; readonly name: string; readonly locked: LockedPackage }[]> {
  const lock = JSON.parse(await readFile(join(checkout, "package-lock.json"), "utf8")) as {
    packages: Record<string, LockedPackage>;
  };
  return Object.entries(lock.packages)
    .filter(([path, { dev }]) => path !== "" && dev !== true)
    .map(([path, locked]) => {
      const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
      return { path, name, locked };
    });
}

async function copyLicences(from: string, to: string, licence: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const names = (await readdir(from)).filter((name) => LICENCE_FILE.test(name)).sort();
  for (const name of names) await copyFile(join(from, name), join(to, name));
  if (names.length === 0)
    await writeFile(join(to, "LICENSE"), `${licence} (the package has no licence file)\n`);
}

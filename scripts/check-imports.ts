/**
 * Checks every module against the table of who may import whom, and that no modules import each other. Run by
 * `npm run check:imports`. Exit status: 0 all is well, 1 a violation, or nothing was looked at.
 */
import { globSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { posix } from "node:path";
import { findCycles } from "./find-cycles.ts";
import { COMPUTED, type ScannedImport, scanImports } from "./import-scan.ts";
import { IMPORT_TABLE, type ImportRule } from "./import-table.ts";

/** A source file: its path from the project's root, with forward slashes, and its text. */
export interface SourceModule {
  readonly path: string;
  readonly text: string;
}

/** One import that the table does not allow. */
export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly specifier: string;
  readonly because: string;
}

/** Every import of `modules` that breaks a rule, in the order of the files. */
export function findViolations(
  modules: readonly SourceModule[],
  table: Readonly<Record<string, ImportRule>> = IMPORT_TABLE,
): Violation[] {
  return modules.flatMap(({ path, text }) =>
    scanImports(text).flatMap((found) => {
      const because = findBreach(path, found, table) ?? findTestBreach(path, found);
      return because === undefined ? [] : [{ path, line: found.line, specifier: found.specifier, because }];
    }),
  );
}

/** Groups of modules that import each other in a circle; an import of types counts. */
export function findImportCycles(modules: readonly SourceModule[]): string[][] {
  return findCycles(
    new Map(
      modules.map(({ path, text }) => [
        path,
        scanImports(text)
          .filter(({ specifier }) => specifier.startsWith("."))
          .map(({ specifier }) => posix.join(posix.dirname(path), specifier)),
      ]),
    ),
  );
}

/** Rules about single modules, which the table of folders cannot say. */
function findTestBreach(path: string, { specifier, isTypeOnly }: ScannedImport): string | undefined {
  if (!path.startsWith("test/")) return undefined;
  const mayAskJuju = /^test\/(?:judges|debian)\//.test(path);
  if (!mayAskJuju && specifier.endsWith("helpers/interop.ts") && !isTypeOnly)
    return "Juju's own code takes minutes to build; test/judges is for the tests that ask it";
  if (path !== "test/helpers/property.ts" && specifier === "@fast-check/vitest")
    return "test/helpers/property.ts has the same, with as many runs as the tier wants";
  return undefined;
}

/** Why the table does not allow the import, or undefined when it does. */
function findBreach(
  path: string,
  found: ScannedImport,
  table: Readonly<Record<string, ImportRule>>,
): string | undefined {
  const { specifier } = found;
  const folder = folderOf(path, table);
  const rule = table[folder];
  if (rule === undefined) return `${folder} has no rule in scripts/import-table.ts`;
  if (specifier === COMPUTED) {
    return path.startsWith("src/") ? "a computed import cannot be checked; name the file" : undefined;
  }
  if (specifier.startsWith(".")) {
    const target = posix.join(posix.dirname(path), specifier);
    return findProjectBreach({ path, folder, target, isTypeOnly: found.isTypeOnly }, table);
  }
  const builtin = builtinName(specifier);
  if (builtin !== undefined) {
    if (!specifier.startsWith("node:")) return `write node:${specifier}`;
    return rule.node === "any" || rule.node.includes(builtin) ? undefined : rule.because;
  }
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  return rule.packages === "any" || rule.packages.includes(name) ? undefined : rule.because;
}

function findProjectBreach(
  found: {
    readonly path: string;
    readonly folder: string;
    readonly target: string;
    readonly isTypeOnly: boolean;
  },
  table: Readonly<Record<string, ImportRule>>,
): string | undefined {
  const { path, folder, target, isTypeOnly } = found;
  if (target.startsWith("test/fixtures/") && path.startsWith("test/")) return undefined;
  const isSource = target.startsWith("src/");
  if (path.startsWith("src/") && !isSource) return "nothing outside src belongs to the program";
  const targetFolder = folderOf(target, table);
  const rule = table[folder] as ImportRule;
  const allowed = (name: string) => rule.project.includes(name) || (isSource && rule.project.includes("src"));
  if (isWithin(path, target, folder, targetFolder) || allowed(targetFolder)) return undefined;
  if (rule.typesOf?.includes(targetFolder) === true) {
    return isTypeOnly ? undefined : `only types of ${targetFolder}: ${rule.because}`;
  }
  return rule.because;
}

/** A folder may import itself; of the tiers of tests, which share a row, each only itself. */
function isWithin(path: string, target: string, folder: string, targetFolder: string): boolean {
  if (folder !== targetFolder) return false;
  return folder !== "test" || tierOf(path) === tierOf(target);
}

/** `test/e2e/x.test.ts` → `test/e2e`; a file of `test` itself is in `test`. */
function tierOf(path: string): string {
  return path.split("/").slice(0, -1).slice(0, 2).join("/");
}

/** `src/store/fs/blobs.ts` belongs to `store`, `src/main.ts` has a rule of its own, others the longest key that fits. */
function folderOf(path: string, table: Readonly<Record<string, ImportRule>>): string {
  if (path.startsWith("src/")) return path.split("/")[1] as string;
  const fitting = Object.keys(table).filter((key) => path.startsWith(`${key}/`));
  return fitting.toSorted((a, b) => b.length - a.length)[0] ?? path.split("/").slice(0, 2).join("/");
}

/** `fs` for `node:fs/promises` and `fs`; undefined for what is not part of Node. */
function builtinName(specifier: string): string | undefined {
  const name = specifier.replace(/^node:/, "");
  const isBuiltin = specifier.startsWith("node:") || builtinModules.includes(name);
  return isBuiltin ? name.split("/")[0] : undefined;
}

function readModules(): SourceModule[] {
  return globSync(["{src,test,bench,scripts}/**/*.ts"], { exclude: ["test/interop/**"] })
    .map((path) => path.replaceAll("\\", "/"))
    .sort()
    .map((path) => ({ path, text: readFileSync(path, "utf8") }));
}

if (import.meta.main) {
  const modules = readModules();
  const violations = findViolations(modules);
  for (const { path, line, specifier, because } of violations) {
    console.error(`${path}:${line}: may not import ${specifier}: ${because}`);
  }
  const cycles = findImportCycles(modules);
  for (const cycle of cycles) console.error(`These import each other: ${cycle.join(", ")}`);
  const imports = modules.reduce((sum, { text }) => sum + scanImports(text).length, 0);
  if (imports === 0) console.error("No import was looked at: is this the project's root?");
  else {
    const source = modules.filter(({ path }) => path.startsWith("src/")).length;
    console.log(
      `${imports} imports in ${modules.length} modules (${source} in src): ${violations.length} not allowed, ${cycles.length} cycles`,
    );
  }
  if (imports === 0 || violations.length + cycles.length > 0) process.exitCode = 1;
}

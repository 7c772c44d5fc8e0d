/**
 * Holds the sources to the table of who may import whom. Run by `npm run check:imports`.
 * Exit status: 0 all is well, 1 a violation, or nothing was looked at.
 */
import { globSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { posix } from "node:path";
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

/** What is kept away from unit tests: they are about values. */
const UNIT_TEST_BARRED = new Set(["fs", "net", "http", "https", "http2", "child_process"]);

/** Every import of `modules` that breaks a rule, in the order of the files. */
export function findViolations(
  modules: readonly SourceModule[],
  table: Readonly<Record<string, ImportRule>> = IMPORT_TABLE,
): Violation[] {
  return modules.flatMap(({ path, text }) =>
    scanImports(text).flatMap((found) => {
      const because = path.startsWith("test/") ? judgeTest(path, found) : judge(path, found, table);
      return because === undefined ? [] : [{ path, line: found.line, specifier: found.specifier, because }];
    }),
  );
}

function judgeTest(path: string, found: ScannedImport): string | undefined {
  const { specifier, isTypeOnly } = found;
  if (!path.startsWith("test/judges/") && specifier.endsWith("helpers/interop.ts") && !isTypeOnly)
    return "Juju's own code takes minutes to build; test/judges is for the tests that ask it";
  if (path !== "test/helpers/property.ts" && specifier === "@fast-check/vitest")
    return "test/helpers/property.ts has the same, with as many runs as the tier wants";
  return path.startsWith("test/unit/") ? judgeUnitTest(found) : undefined;
}

function judgeUnitTest({ specifier }: ScannedImport): string | undefined {
  const name = builtinName(specifier);
  return name !== undefined && UNIT_TEST_BARRED.has(name)
    ? "unit tests do without files and network; test/integration is for those"
    : undefined;
}

/** Why the import is not allowed, or undefined when it is. */
function judge(
  path: string,
  found: ScannedImport,
  table: Readonly<Record<string, ImportRule>>,
): string | undefined {
  const { specifier } = found;
  const layer = layerOf(path);
  const rule = table[layer];
  if (rule === undefined) return `${layer} has no rule in scripts/import-table.ts`;
  if (specifier === COMPUTED) return "a computed import cannot be checked; name the file";
  if (specifier.startsWith("."))
    return judgeProject(posix.join(posix.dirname(path), specifier), layer, rule, found);
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

function judgeProject(
  target: string,
  layer: string,
  rule: ImportRule,
  { isTypeOnly }: ScannedImport,
): string | undefined {
  if (!target.startsWith("src/")) return "nothing outside src belongs to the program";
  const targetLayer = layerOf(target);
  if (targetLayer === layer || rule.project.includes(targetLayer)) return undefined;
  if (rule.typesOf?.includes(targetLayer) === true) {
    return isTypeOnly ? undefined : `only types of ${targetLayer}: ${rule.because}`;
  }
  return rule.because;
}

/** `src/store/fs/blobs.ts` belongs to `store`, `src/main.ts` is a layer of its own. */
function layerOf(path: string): string {
  return path.split("/")[1] ?? path;
}

/** `fs` for `node:fs/promises` and `fs`; undefined for what is not part of Node. */
function builtinName(specifier: string): string | undefined {
  const name = specifier.replace(/^node:/, "");
  const isBuiltin = specifier.startsWith("node:") || builtinModules.includes(name);
  return isBuiltin ? name.split("/")[0] : undefined;
}

function readModules(): SourceModule[] {
  return globSync(["src/**/*.ts", "test/**/*.ts"])
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
  const seen = modules.filter(({ path }) => path.startsWith("src/"));
  const imports = seen.reduce((sum, { text }) => sum + scanImports(text).length, 0);
  if (imports === 0) console.error("No import was looked at: is this the project's root?");
  else console.log(`${imports} imports in ${seen.length} modules, ${violations.length} not allowed`);
  if (imports === 0 || violations.length > 0) process.exitCode = 1;
}

import { expect, test } from "vitest";
import { findImportCycles, findViolations } from "../../../scripts/check-imports.ts";
import { scanImports } from "../../../scripts/import-scan.ts";

const at = (path: string, text: string) =>
  findViolations([{ path, text }]).map(({ line, because }) => `${line}: ${because}`);

test("finds every form in which a module is named", () => {
  const text = `import a from "./a.ts";
import type { B } from "./b.ts";
import {
  type C,
  c,
} from "./c.ts";
import "./d.ts";
export * from "./e.ts";
export { type F } from "./f.ts";
export type { G } from "./g.ts";
const h = await import("./h.ts");
type I = typeof import("./i.ts");
const j = await import(name);
`;
  expect(scanImports(text).map(({ specifier, line, isTypeOnly }) => [specifier, line, isTypeOnly])).toEqual([
    ["./a.ts", 1, false],
    ["./b.ts", 2, true],
    ["./c.ts", 3, false],
    ["./d.ts", 7, false],
    ["./e.ts", 8, false],
    ["./f.ts", 9, false],
    ["./g.ts", 10, true],
    ["./h.ts", 11, false],
    ["./i.ts", 12, true],
    ["(computed)", 13, false],
  ]);
});

test("takes nothing for an import that stands in a comment or a template", () => {
  const text = `// import a from "./a.ts";
/*
import b from "./b.ts";
*/
const quote = /["'\`]/;
const c = \`
import c from "./c.ts";
\`;
export const e = "from";
`;
  expect(scanImports(text)).toEqual([]);
});

test.for([
  [
    "src/juju/x.ts",
    'import { readFile } from "node:fs/promises";',
    "1: Juju's rules are pure; semver tests ranges only",
  ],
  ["src/juju/x.ts", 'import got from "got";', "1: Juju's rules are pure; semver tests ranges only"],
  [
    "src/sync/x.ts",
    '\nimport { a } from "../store/store.ts";',
    "2: only types of store: a use case takes its collaborators as arguments, by the contracts",
  ],
  [
    "src/cli/commands/x.ts",
    'import { a } from "../../store/store.ts";',
    "1: only types of store: a face parses and prints; adapters come from compose",
  ],
  [
    "src/store/fs/x.ts",
    `const a = await import("../../sync/plan.ts");`,
    "1: an adapter knows its disk, not the use case",
  ],
  [
    "src/store/x.ts",
    "const a = await import(`./${name}.ts`);",
    "1: a computed import cannot be checked; name the file",
  ],
  ["src/store/x.ts", 'import fs from "fs";', "1: write node:fs"],
  [
    "src/store/x.ts",
    'import { a } from "../../test/helpers/a.ts";',
    "1: nothing outside src belongs to the program",
  ],
  ["src/fresh/x.ts", 'import { a } from "./a.ts";', "1: fresh has no rule in scripts/import-table.ts"],
  [
    "test/unit/x.test.ts",
    'import { readFileSync } from "node:fs";',
    "1: unit tests work without files and network; test/integration is for those",
  ],
  [
    "test/e2e/x.test.ts",
    'import { buildInterop } from "../helpers/interop.ts";',
    "1: Juju's own code takes minutes to build; test/judges is for the tests that ask it",
  ],
  [
    "test/unit/x.test.ts",
    'import { fc, test } from "@fast-check/vitest";',
    "1: test/helpers/property.ts has the same, with as many runs as the tier wants",
  ],
  [
    "test/unit/x.test.ts",
    `import { a } from "../peers/sample-upstream/tree.ts";`,
    "1: unit tests work without files and network; test/integration is for those",
  ],
  [
    "test/e2e/x.test.ts",
    `import { a } from "../integration/y.ts";`,
    "1: a test file shares nothing with another one; what two need belongs in test/helpers",
  ],
  [
    "test/peers/sample-upstream/x.ts",
    `import { a } from "../../../src/juju/version.ts";`,
    "1: a peer of jam knows nothing of jam's own code, or both could be wrong in the same way",
  ],
  [
    "bench/x.ts",
    `import { a } from "../test/e2e/y.ts";`,
    "1: a bench measures the program, as packages contain it, against peers; it is no part of a test",
  ],
] as const)("refuses in %s: %s", ([path, text, violation]) => {
  expect(at(path, text)).toEqual([violation]);
});

test.for([
  ["src/juju/x.ts", 'import Range from "semver/classes/range.js";'],
  ["src/cli/x.ts", 'import type { Store } from "../store/store.ts";'],
  ["src/cli/x.ts", 'import { compose } from "../compose/sync.ts";'],
  ["src/sync/x.ts", 'import { a } from "./a.ts";'],
  ["src/config/x.ts", 'import { readFile } from "node:fs/promises";'],
  ["src/cli/x.ts", 'import { script } from "@bomb.sh/tab";'],
  ["test/judges/x.test.ts", 'import { buildInterop } from "../helpers/interop.ts";'],
  ["test/helpers/property.ts", 'export { fc, test } from "@fast-check/vitest";'],
  ["test/helpers/x.ts", 'import type { InteropAnswer } from "./interop.ts";'],
] as const)("allows in %s: %s", ([path, text]) => {
  expect(at(path, text)).toEqual([]);
});

test("names modules that import each other, types included, and no others", () => {
  const modules = [
    { path: "src/juju/a.ts", text: `import type { B } from "./b.ts";` },
    { path: "src/juju/b.ts", text: `export { c } from "./which/c.ts";` },
    { path: "src/juju/which/c.ts", text: `const { a } = await import("../a.ts");` },
    { path: "src/juju/d.ts", text: `import { a } from "./a.ts";` },
  ];
  expect(findImportCycles(modules)).toEqual([["src/juju/a.ts", "src/juju/b.ts", "src/juju/which/c.ts"]]);
  expect(findImportCycles(modules.slice(1))).toEqual([]);
});

/** The modules that pages for maintainers name. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const PAGES = ["ARCHITECTURE.md", "CONTRIBUTING.md", "docs/reference/threat-model.md"];
const LAYERS = new Set(globSync("src/*/", { cwd: ROOT }).map((path) => path.split("/")[1]));

/** `mirror/publish` and `src/store/store.ts`, where the first part is a folder of src. */
function modulesOf(text: string): string[] {
  return [...text.matchAll(/`(?:src\/)?([a-z]+(?:\/[\w-]+)+)(?:\.ts|\/)?`/g)]
    .map(([, name = ""]) => name)
    .filter((name) => LAYERS.has(name.split("/")[0]));
}

test.for(PAGES)("that %s names exist", (page) => {
  const names = modulesOf(readFileSync(join(ROOT, page), "utf8"));
  if (page === "ARCHITECTURE.md") expect(names.length).toBeGreaterThan(40);
  const missing = names.filter(
    (name) => !existsSync(join(ROOT, "src", `${name}.ts`)) && !existsSync(join(ROOT, "src", name)),
  );
  expect(missing).toEqual([]);
});

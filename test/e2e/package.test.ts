/** What `npm pack` makes. test/long/package-install.test.ts installs it from the registry. */
import { access, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { runProcess, temporaryFolder } from "../helpers/jam-process.ts";
import { pack, ROOT } from "../helpers/packed.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let packed: Awaited<ReturnType<typeof pack>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  packed = await pack(folder.path);
});
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

test("holds the compiled program, its papers and guides, and nothing else", () => {
  expect(packed.paths).toEqual(
    expect.arrayContaining([
      "LICENSE",
      "README.md",
      "CHANGELOG.md",
      "SECURITY.md",
      "package.json",
      "bin/jam.js",
      "dist/main.js",
      "docs/guides/point-a-controller.md",
      "docs/reference/errors.md",
    ]),
  );
  const foreign = packed.paths.filter(
    (path) => !/^(?:bin|dist|docs)\/|^[A-Z]+(?:\.md)?$|^package\.json$/.test(path),
  );
  expect(foreign).toEqual([]);
  expect(packed.paths.filter((path) => path.endsWith(".ts") || path.startsWith("src/"))).toEqual([]);
});

test("runs elsewhere, without the sources", async () => {
  await runProcess("tar", ["-xzf", packed.file, "-C", folder.path]);
  const root = join(folder.path, "package");
  await expect(access(join(root, "src"))).rejects.toThrow("ENOENT");
  await symlink(join(ROOT, "node_modules"), join(root, "node_modules"));
  const bin = join(root, "bin/jam.js");
  expect((await runProcess(process.execPath, [bin, "--version"])).stdout).toBe(`${packageJson.version}\n`);
  const shown = await runProcess(process.execPath, [bin, "config", "show", "-o", "json"], {
    cwd: folder.path,
  });
  expect(JSON.parse(shown.stdout)).toMatchObject({ file: null });
});

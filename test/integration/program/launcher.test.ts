/** The executable of a package, with a Node that prints what it gets. */
import { chmod, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fillIn } from "../../../scripts/package/fill-in.ts";
import { runProcess, temporaryFolder } from "../../helpers/jam-process.ts";

const INSTALLATION = {
  kind: "archive",
  version: "1.2.3",
  arch: process.arch,
  node: "26.10.0",
  glibc: "2.28",
  madeAt: 1_800_000_000,
} as const;

const NODE = `#!/bin/sh
echo "libraries $LD_LIBRARY_PATH"
echo "before \${JAM_INTERNAL_LIBRARY_PATH-unset}"
echo "launcher $JAM_INTERNAL_LAUNCHER"
for word in "$@"; do echo "word $word"; done
exit 7
`;

/** Puts the executable and the Node to `folder`. */
async function install(folder: string, loader = "/bin/sh"): Promise<void> {
  await mkdir(join(folder, "runtime/lib"), { recursive: true });
  const text = await fillIn("jam", INSTALLATION);
  await writeFile(join(folder, "jam"), text.replaceAll(/\/lib\S*\/ld-linux-[\w.-]+/g, loader));
  await writeFile(join(folder, "runtime/node"), NODE);
  for (const file of ["jam", "runtime/node"]) await chmod(join(folder, file), 0o755);
}

describe("the executable of a package", () => {
  let place: Awaited<ReturnType<typeof temporaryFolder>>;
  let program: string;

  beforeEach(async () => {
    place = await temporaryFolder();
    program = join(place.path, "with space", "jam-1.2.3-linux-x64");
    await install(program);
  });
  afterEach(() => place[Symbol.asyncDispose]());

  const expected = (launcher: string, words = ["list", "a b", ""], before = "") => ({
    status: 7,
    stderr: "",
    stdout: [
      `libraries ${join(program, "runtime/lib")}${before === "" ? "" : `:${before}`}`,
      `before ${before}`,
      `launcher ${launcher}`,
      `word ${join(program, "program/bin/jam.js")}`,
      ...words.map((word) => `word ${word}`),
      "",
    ].join("\n"),
  });

  test("starts the Node in its folder with all arguments, and exits as Node does", async () => {
    const jam = join(program, "jam");
    expect(await runProcess(jam, ["list", "a b", ""], { cwd: place.path })).toMatchObject(expected(jam));
  });

  test("is found through PATH", async () => {
    const env = { PATH: `${program}:/usr/bin:/bin` };
    const found = await runProcess("/usr/bin/env", ["jam", "list", "a b", ""], { cwd: place.path, env });
    expect(found).toMatchObject(expected(join(program, "jam")));
  });

  test.for([
    { called: "./jam", cwd: "", launcher: "./jam" },
    { called: "../jam-1.2.3-linux-x64/jam", cwd: "", launcher: "../jam-1.2.3-linux-x64/jam" },
    { called: "jam", cwd: "", launcher: "jam" },
  ])("can be called by sh as $called", async ({ called, launcher }) => {
    const ran = await runProcess("/bin/sh", [called, "list", "a b", ""], { cwd: program });
    const full = join(program, "/") + launcher;
    expect(ran.status, ran.stderr).toBe(7);
    expect(ran.stdout).toContain(`launcher ${full}\n`);
    expect(ran.stdout).toContain(`${join(dirname(full), "runtime/lib").split("/").at(-1)}\n`);
  });

  test("follows symbolic links, absolute and relative, one after the other", async () => {
    const bin = join(place.path, "bin");
    await mkdir(bin);
    await symlink(join(program, "jam"), join(bin, "absolute"));
    await symlink("../with space/jam-1.2.3-linux-x64/jam", join(bin, "relative"));
    await symlink("relative", join(bin, "chain"));
    for (const name of ["absolute", "relative", "chain"]) {
      const ran = await runProcess(join(bin, name), ["--version"], { cwd: "/" });
      expect(ran.status, ran.stderr).toBe(7);
      expect(ran.stdout).toContain(`launcher ${join(bin, name)}\n`);
      expect(ran.stdout).toContain("word --version\n");
    }
  });

  test("says what is missing when a link cannot be followed", async () => {
    await symlink(join(program, "jam"), join(place.path, "link"));
    const ran = await runProcess(join(place.path, "link"), [], { env: { PATH: "/nowhere" } });
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain("the program readlink is needed");
  });

  test("keeps the library path of its caller behind its own", async () => {
    const jam = join(program, "jam");
    const ran = await runProcess(jam, ["list"], { cwd: "/", env: { LD_LIBRARY_PATH: "/opt/other" } });
    expect(ran).toMatchObject(expected(jam, ["list"], "/opt/other"));
  });

  test("sets no library path where the system has the libraries", async () => {
    await rm(join(program, "runtime/lib"), { recursive: true });
    const ran = await runProcess(join(program, "jam"), [], { cwd: "/" });
    expect(ran.stdout).toContain("libraries \nbefore unset\n");
  });

  test.for([":", ";", "$"])(
    "refuses a folder with %s in its path, where no library would be found",
    async (sign) => {
      const folder = join(place.path, `a${sign}b`);
      await install(folder);
      const ran = await runProcess(join(folder, "jam"), []);
      expect(ran.status).toBe(1);
      expect(ran.stderr).toContain("whose path contains : ; or $");
    },
  );

  test("names the system that it is for where the loader is missing", async () => {
    const folder = join(place.path, "other");
    await install(folder, "/lib/ld-none.so");
    const ran = await runProcess(join(folder, "jam"), []);
    expect(ran.status).toBe(1);
    expect(ran.stderr).toMatch(
      /jam for Linux on \S+ with glibc 2\.28 or later; \/lib\/ld-none\.so is missing/,
    );
  });
});

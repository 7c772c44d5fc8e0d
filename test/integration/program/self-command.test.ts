import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { restoreLibraryPath } from "../../../src/cli/process-io.ts";
import { programCommand } from "../../../src/cli/program-info.ts";
import { jamHere } from "../../helpers/jam-here.ts";
import { temporaryFolder } from "../../helpers/jam-process.ts";
import { smallProgram } from "../../helpers/small-program.ts";

test("show says that this is a checkout, and how it is started", async () => {
  const shown = await jamHere("/", ["self", "show", "-o", "json"]);
  expect(shown).toMatchObject({ status: 0, stderr: "" });
  expect(JSON.parse(shown.stdout)).toMatchObject({
    kind: "checkout",
    node: process.version.slice(1),
    platform: `linux-${process.arch}`,
    command: [process.execPath, expect.stringMatching(/\/bin\/jam\.js$/)],
    madeAt: null,
  });
});

test("verify and bundle say what a checkout cannot do, and what to do instead", async () => {
  await using place = await temporaryFolder();
  const verified = await jamHere(place.path, ["self", "verify", "-o", "json"]);
  expect(verified.status).toBe(2);
  expect(JSON.parse(verified.stdout)).toMatchObject({ error: { code: "JAM_PROGRAM_NOT_PACKAGED" } });
  const bundled = await jamHere(place.path, ["self", "bundle", "--to", "stick"]);
  expect(bundled.status).toBe(2);
  expect(bundled.stderr).toContain("jam self bundle --archive FILE --to FOLDER");
  expect(await readdir(place.path)).toEqual([]);
});

test("bundle writes the archives for the architectures that are asked for", async () => {
  await using place = await temporaryFolder();
  await mkdir(join(place.path, "made"));
  const files: string[] = [];
  for (const arch of ["x64", "arm64"]) {
    const program = await smallProgram(place.path, { arch });
    files.push(`made/jam-1.2.3-linux-${arch}.tar.gz`);
    await writeFile(join(place.path, files.at(-1) ?? ""), await program.archive());
  }
  const command = ["self", "bundle", "--archive", ...files, "--to", "stick"];
  const one = await jamHere(place.path, [...command, "--arch", "amd64", "-o", "json"]);
  expect(one.status, one.stderr).toBe(0);
  expect(one.stderr).toContain("SHA256SUMS is not signed");
  expect(JSON.parse(one.stdout)).toMatchObject({
    program: { folder: join(place.path, "stick/jam"), signed: false, archives: [{ arch: "x64" }] },
  });
  const both = await jamHere(place.path, command);
  expect(both.stdout).toMatch(/linux-x64\.tar\.gz +\S+ \S+ +was there already/);
  expect(both.stdout).toMatch(/linux-arm64\.tar\.gz +\S+ \S+ +written/);

  const missing = await jamHere(place.path, [...command, "--arch", "s390x"]);
  expect(missing.status).toBe(5);
  expect(missing.stderr).toContain("Available: x64, arm64.");
});

test("the caller's library path is restored, whether there was one or not", () => {
  const without = { JAM_INTERNAL_LIBRARY_PATH: "", LD_LIBRARY_PATH: "/opt/jam/lib" };
  restoreLibraryPath(without);
  expect(without).toEqual({});
  const before = { JAM_INTERNAL_LIBRARY_PATH: "/a:/b", LD_LIBRARY_PATH: "/opt/jam/lib:/a:/b" };
  restoreLibraryPath(before);
  expect(before).toEqual({ LD_LIBRARY_PATH: "/a:/b" });
  const unpacked = { LD_LIBRARY_PATH: "/a" };
  restoreLibraryPath(unpacked);
  expect(unpacked).toEqual({ LD_LIBRARY_PATH: "/a" });
});

test("units start the executable of a package as it was called, without `..`", async () => {
  await using place = await temporaryFolder();
  await mkdir(join(place.path, "bin"));
  const called = `${place.path}/bin/../bin/jam`;
  expect(programCommand({ JAM_INTERNAL_LAUNCHER: called })).toEqual([join(place.path, "bin/jam")]);
});

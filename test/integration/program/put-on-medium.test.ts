import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { composeProgramSources, putProgram, type RunningProgram } from "../../../src/compose/program.ts";
import { isJamError } from "../../../src/shared/errors.ts";
import { sha256Of } from "../../../src/shared/sha256.ts";
import { temporaryFolder } from "../../helpers/jam-process.ts";
import { smallProgram, type SmallProgram } from "../../helpers/small-program.ts";

const signal = new AbortController().signal;
const NAME = "jam-1.2.3-linux-x64.tar.gz";
const OTHER = "jam-1.2.3-linux-arm64.tar.gz";

const codeOf = (run: Promise<unknown>) =>
  run.then(
    () => undefined,
    (error: unknown) => (isJamError(error) ? error.code : error),
  );

describe("the program on a medium", () => {
  let place: Awaited<ReturnType<typeof temporaryFolder>>;
  let program: SmallProgram;
  let stick: string;

  beforeEach(async () => {
    place = await temporaryFolder();
    program = await smallProgram(join(place.path, "opt"));
    stick = join(place.path, "stick");
  });
  afterEach(() => place[Symbol.asyncDispose]());

  interface Put {
    readonly archives?: readonly string[];
    readonly running?: RunningProgram | undefined;
    readonly force?: boolean;
    readonly isUnpacked?: boolean;
  }

  async function put({ archives = [], running = program, force = false, isUnpacked = false }: Put = {}) {
    const sources = await composeProgramSources(archives, running, signal);
    return putProgram(stick, sources, { force, isUnpacked, signal });
  }

  /** Archives of both architectures with a signed list, as their maker leaves them. */
  async function made(): Promise<string> {
    const folder = join(place.path, "made");
    await mkdir(folder);
    const other = await smallProgram(folder, { arch: "arm64" });
    const archives = { [NAME]: await program.archive(), [OTHER]: await other.archive() };
    for (const [name, bytes] of Object.entries(archives)) await writeFile(join(folder, name), bytes);
    const sums = Object.entries(archives).map(([name, bytes]) => `${sha256Of(bytes)}  ${name}\n`);
    await writeFile(join(folder, "SHA256SUMS"), sums.join(""));
    await writeFile(join(folder, "SHA256SUMS.asc"), "signature\n");
    return folder;
  }

  test("is the archive of the installed program, with a list and instructions", async () => {
    const result = await put();
    const bytes = await readFile(join(stick, "jam", NAME));
    expect(bytes.equals(await program.archive())).toBe(true);
    expect(result).toMatchObject({
      isSigned: false,
      archives: [{ name: NAME, arch: "x64", size: bytes.length, sha256: sha256Of(bytes), isNew: true }],
    });
    expect(await readdir(join(stick, "jam"))).toEqual(
      ["INSTALL.txt", "SHA256SUMS", "install.sh", NAME].sort(),
    );
    expect(await readFile(join(stick, "jam/SHA256SUMS"), "utf8")).toBe(`${sha256Of(bytes)}  ${NAME}\n`);
  });

  test("is the same a second time, and nothing is written", async () => {
    await put();
    expect((await put()).archives).toMatchObject([{ name: NAME, isNew: false }]);
  });

  test.for([NAME, "INSTALL.txt", "install.sh"])("does not replace another %s without force", async (name) => {
    await mkdir(join(stick, "jam"), { recursive: true });
    await writeFile(join(stick, "jam", name), "somebody else's\n");
    expect(await codeOf(put())).toBe("JAM_PROGRAM_EXISTS");
    expect(await readdir(join(stick, "jam"))).toEqual([name]);
    expect(await readFile(join(stick, "jam", name), "utf8")).toBe("somebody else's\n");
    await put({ force: true });
    expect(await readFile(join(stick, "jam", name), "utf8")).not.toContain("somebody");
  });

  test("has the maker's signature when his list is next to the archives", async () => {
    const folder = await made();
    const result = await put({ archives: [join(folder, OTHER), join(folder, NAME)], running: undefined });
    expect(result.isSigned).toBe(true);
    for (const name of ["SHA256SUMS", "SHA256SUMS.asc"]) {
      expect(await readFile(join(stick, "jam", name))).toEqual(await readFile(join(folder, name)));
    }
  });

  test("has the maker's signature when his list is next to the installed program", async () => {
    const folder = await made();
    for (const name of ["SHA256SUMS", "SHA256SUMS.asc"])
      await writeFile(join(place.path, "opt", name), await readFile(join(folder, name)));
    expect((await put()).isSigned).toBe(true);
  });

  test("refuses an archive that its maker's list does not confirm", async () => {
    const folder = await made();
    const other = await smallProgram(join(place.path, "changed"), { files: { jam: "changed\n" } });
    await writeFile(join(folder, NAME), await other.archive());
    expect(await codeOf(put({ archives: [join(folder, NAME)] }))).toBe("JAM_PROGRAM_DAMAGED");
    await writeFile(join(place.path, "opt/SHA256SUMS"), `${"0".repeat(64)}  ${NAME}\n`);
    expect(await codeOf(put())).toBe("JAM_PROGRAM_DAMAGED");
    expect(await readdir(join(stick, "jam"))).not.toContain(NAME);
  });

  test("gets another architecture later; the list then has both", async () => {
    const folder = await made();
    await put();
    await rm(join(folder, "SHA256SUMS"));
    const result = await put({ archives: [join(folder, OTHER)] });
    expect(result.archives.map(({ name, isNew }) => [name, isNew])).toEqual([
      [OTHER, true],
      [NAME, false],
    ]);
    const list = await readFile(join(stick, "jam/SHA256SUMS"), "utf8");
    expect(list.split("\n").map((line) => line.slice(66))).toEqual([OTHER, NAME, ""]);
  });

  test.for([
    { what: "a changed file", change: (path: string) => writeFile(join(path, "runtime/node"), "other\n") },
    { what: "a missing file", change: (path: string) => rm(join(path, "program/dist/main.js")) },
    {
      what: "a list that is cut off",
      change: (path: string) => writeFile(join(path, "files.sha256"), "0123"),
    },
  ])("is not made of a program with $what", async ({ change }) => {
    await change(program.folder);
    expect(await codeOf(put())).toBe("JAM_PROGRAM_DAMAGED");
  });

  test("leaves out what was put next to the installed program later", async () => {
    const before = await program.archive();
    await writeFile(join(program.folder, "notes.txt"), "mine\n");
    await put();
    expect((await readFile(join(stick, "jam", NAME))).equals(before)).toBe(true);
  });

  test("is unpacked on request, and stays when it is there already", async () => {
    const unpacked = join(stick, "jam/jam-1.2.3-linux-x64");
    for (const turn of [1, 2]) {
      expect((await put({ isUnpacked: true })).unpacked, `turn ${turn}`).toEqual(["jam-1.2.3-linux-x64"]);
      expect(await readFile(join(unpacked, "runtime/node"), "utf8")).toBe("node\n");
    }
    await writeFile(join(unpacked, "jam"), "changed\n");
    expect(await codeOf(put({ isUnpacked: true }))).toBe("JAM_PROGRAM_EXISTS");
    await put({ isUnpacked: true, force: true });
    expect(await readFile(join(unpacked, "jam"), "utf8")).not.toBe("changed\n");
    expect((await readdir(join(stick, "jam"))).filter((name) => name.startsWith("."))).toEqual([]);
  });
});

describe("an archive that is handed in", () => {
  test.for([
    { what: "is cut off", change: (bytes: Buffer) => bytes.subarray(0, bytes.length - 20) },
    {
      what: "has a flipped byte",
      change: (bytes: Buffer) => {
        const changed = Buffer.from(bytes);
        changed[60] = (changed[60] ?? 0) ^ 0xff;
        return changed;
      },
    },
    { what: "is another file", change: () => Buffer.from("this is no archive\n".repeat(100)) },
    { what: "is empty", change: () => Buffer.alloc(0) },
  ])("is refused when it $what", async ({ change }) => {
    await using place = await temporaryFolder();
    const program = await smallProgram(place.path);
    const file = join(place.path, NAME);
    await writeFile(file, change(await program.archive()));
    const error: unknown = await composeProgramSources([file], undefined, signal).catch(
      (cause: unknown) => cause,
    );
    expect(error).toMatchObject({ code: "JAM_PROGRAM_DAMAGED" });
  });

  test("is refused when a file in it is not in its list, or differs from it", async () => {
    await using place = await temporaryFolder();
    const program = await smallProgram(place.path);
    const file = join(place.path, NAME);
    await writeFile(join(program.folder, "extra"), "extra\n");
    await writeFile(file, await program.archive());
    await expect(composeProgramSources([file], undefined, signal)).rejects.toThrow(
      "extra is not in its list",
    );
    await rm(join(program.folder, "extra"));
    await writeFile(join(program.folder, "jam"), "changed\n");
    await writeFile(file, await program.archive());
    await expect(composeProgramSources([file], undefined, signal)).rejects.toThrow("jam is not the file");
  });

  test("is refused when it cannot be read", async () => {
    await expect(composeProgramSources(["/nowhere/jam.tar.gz"], undefined, signal)).rejects.toMatchObject({
      code: "JAM_MEDIUM_UNUSABLE",
    });
  });
});

import { createHash } from "node:crypto";
import { chmod, copyFile, cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { FILES_LIST, INSTALLATION_FILE, modeOf, type Installation } from "../../src/program/installation.ts";
import { listFiles } from "../../src/program/list-files.ts";
import { bundleProgram } from "./bundle-program.ts";
import { fillIn } from "./fill-in.ts";
import { manPages } from "../man/pages.ts";
import { stageLicences } from "./licences.ts";
import { stageLibraries, stageNode } from "./runtime.ts";
import { writeSbom } from "./sbom.ts";
import { GLIBC, PackageError, PINNED, runProgram, type Arch } from "./target.ts";

const CHECKOUT = resolve(import.meta.dirname, "../..");

export interface StageOptions {
  readonly arch: Arch;
  /** Is created; what is in it already is deleted. */
  readonly folder: string;
  /** What the folder becomes a part of. */
  readonly kind: Installation["kind"];
  /**
   * Whether Node's libraries (libstdc++, libgcc_s, libatomic) are included. A package whose system installs them, such as
   * one that depends on libstdc++6, libgcc-s1 and libatomic1, leaves them out.
   */
  readonly libraries: boolean;
  /** Seconds since 1970; see `madeAt`. */
  readonly madeAt: number;
}

/**
 * Puts the whole program for one architecture into a folder that can be at any place:
 *
 * | Path | What |
 * |---|---|
 * | `jam` | the executable, a script for sh; a symbolic link to it works, too |
 * | `runtime/` | Node, and its libraries in `lib/` |
 * | `program/` | the code of jam and of its npm packages |
 * | `licenses/`, `sbom.cdx.json` | what is in it, and under which licence |
 * | `completions/`, `man/man1`, `man/man5` | for bash, zsh and fish; manual pages |
 * | `docs/`, `CHANGELOG.md`, `README.txt` | |
 * | `install.sh`, `INSTALL.txt` | what `jam self bundle` puts next to the archive |
 * | `installation.json`, `files.sha256` | what `jam self` reads |
 *
 * @throws PackageError
 */
export async function stageProgram(options: StageOptions): Promise<Installation> {
  const { arch, folder, kind, libraries, madeAt } = options;
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, "program/bin"), { recursive: true });
  await bundleProgram(CHECKOUT, join(folder, "program/dist"));
  for (const name of ["bin/jam.js", "bin/own-node.js", "package.json"])
    await copyFile(join(CHECKOUT, name), join(folder, "program", name));
  await stageNode(arch, folder);
  if (libraries) await stageLibraries(arch, folder);
  await stageLicences(CHECKOUT, folder);
  await writeFile(join(folder, "sbom.cdx.json"), await writeSbom(CHECKOUT, options));
  await cp(join(CHECKOUT, "docs"), join(folder, "docs"), { recursive: true });
  await copyFile(join(CHECKOUT, "CHANGELOG.md"), join(folder, "CHANGELOG.md"));
  await stageCompletions(folder);
  await stageManPages(folder, madeAt);

  const installation = {
    kind,
    version: await readVersion(),
    arch,
    node: PINNED.node.version,
    glibc: GLIBC,
    madeAt,
  };
  for (const name of ["jam", "README.txt", "INSTALL.txt", "install.sh"])
    await writeFile(join(folder, name), await fillIn(name, installation));
  await writeFile(join(folder, INSTALLATION_FILE), `${JSON.stringify(installation, undefined, 2)}\n`);
  await finishFiles(folder);
  return installation;
}

/** SOURCE_DATE_EPOCH, else the time of the last commit: the same sources give the same package. */
export async function madeAt(): Promise<number> {
  const given = process.env["SOURCE_DATE_EPOCH"];
  const text = given ?? (await runProgram("git", ["log", "-1", "--format=%ct"], { cwd: CHECKOUT })).trim();
  if (!/^\d{1,11}$/.test(text))
    throw new PackageError(`SOURCE_DATE_EPOCH=${text} is not a number of seconds.`);
  return Number(text);
}

async function readVersion(): Promise<string> {
  const described = JSON.parse(await readFile(join(CHECKOUT, "package.json"), "utf8")) as {
    version: string;
    devDependencies: { node: string };
  };
  if (described.devDependencies.node !== PINNED.node.version) {
    throw new PackageError("package.json and scripts/package/pinned.json name different versions of Node.");
  }
  return described.version;
}

/** The scripts are the program's own, printed by what was staged, on the Node that runs this. */
async function stageCompletions(folder: string): Promise<void> {
  await mkdir(join(folder, "completions"));
  for (const [shell, name] of [
    ["bash", "jam.bash"],
    ["zsh", "_jam"],
    ["fish", "jam.fish"],
  ] as const) {
    const script = await runProgram(process.execPath, [
      join(folder, "program/bin/jam.js"),
      "completion",
      shell,
    ]);
    await writeFile(join(folder, "completions", name), script);
  }
}

async function stageManPages(folder: string, time: number): Promise<void> {
  const frame = { version: await readVersion(), date: new Date(time * 1000).toISOString().slice(0, 10) };
  for (const { name, text } of await manPages(frame)) {
    const section = join(folder, "man", `man${name.slice(-1)}`);
    await mkdir(section, { recursive: true });
    await writeFile(join(section, name), text);
  }
}

async function finishFiles(folder: string): Promise<void> {
  const lines: string[] = [];
  for (const path of await listFiles(folder)) {
    await chmod(join(folder, path), modeOf(path));
    const bytes = await readFile(join(folder, path));
    lines.push(`${createHash("sha256").update(bytes).digest("hex")}  ${path}\n`);
  }
  await writeFile(join(folder, FILES_LIST), lines.join(""), { mode: 0o644 });
}

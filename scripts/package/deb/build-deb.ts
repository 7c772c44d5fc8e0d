import { chmod, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stageProgram } from "../stage.ts";
import { PackageError, runProgram, TARGETS, type Arch } from "../target.ts";
import { readMaintainer } from "./control.ts";
import { debName } from "./package-name.ts";
import { PROGRAM_FOLDER, stageDeb } from "./stage-deb.ts";

/** What differs from one build to another. */
export interface BuildOptions {
  readonly arch: Arch;
  /** Where the package is written. */
  readonly to: string;
  /** Seconds since 1970: the modification time of every file. */
  readonly madeAt: number;
  /** How hard xz tries, 0 to 9. Default 6; a test has no time for a small package. */
  readonly level?: number;
}

/**
 * Writes a Debian package and returns its file name. The same sources give the same bytes.
 * @throws PackageError when dpkg-deb is missing or fails
 */
export async function buildDeb({ arch, to, madeAt, level = 6 }: BuildOptions): Promise<string> {
  await requireDpkg();
  const root = await mkdtemp(join(tmpdir(), "jam-deb-"));
  try {
    const program = join(root, PROGRAM_FOLDER);
    const { version, glibc } = await stageProgram({
      arch,
      folder: program,
      kind: "deb",
      libraries: true,
      madeAt,
    });
    const architecture = TARGETS[arch].debian;
    await stageDeb(root, { version, architecture, glibc, maintainer: readMaintainer(process.env), madeAt });
    await setModes(root);
    const name = debName(version, architecture);
    await runProgram(
      "dpkg-deb",
      ["--root-owner-group", "-Zxz", `-z${level}`, "--build", root, join(to, name)],
      {
        // One thread: the number of them changes the bytes.
        env: { ...process.env, SOURCE_DATE_EPOCH: String(madeAt), DPKG_DEB_THREADS_MAX: "1" },
      },
    );
    return name;
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function requireDpkg(): Promise<void> {
  try {
    await runProgram("dpkg-deb", ["--version"]);
  } catch (cause) {
    throw new PackageError(
      "dpkg-deb is missing, which writes Debian packages. Install the package dpkg, or give --format archive.",
      { cause },
    );
  }
}

const EXECUTABLE = /^(?:DEBIAN\/(?:postinst|prerm|postrm)|usr\/lib\/jam\/(?:jam|runtime\/node))$/;

/** Modes that depend neither on the umask nor on the disk of the build. */
async function setModes(root: string): Promise<void> {
  await chmod(root, 0o755);
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isSymbolicLink()) continue;
    const isExecutable = entry.isDirectory() || EXECUTABLE.test(path.slice(root.length + 1));
    await chmod(path, isExecutable ? 0o755 : 0o644);
  }
}

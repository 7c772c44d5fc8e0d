/** Node and the libraries that it needs and a bare system does not have. */
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { extract } from "tar";
import { fetchDebian, fetchNpm } from "./fetch.ts";
import { PINNED, runProgram, type Arch } from "./target.ts";

/** Puts the Node binary to `<folder>/runtime/node`, unchanged, and its licences to `<folder>/licenses/node`. */
export async function stageNode(arch: Arch, folder: string): Promise<void> {
  const { version } = PINNED.node;
  const tarball = await fetchNpm({ ...PINNED.node[arch], version });
  const unpacked = await mkdtemp(join(tmpdir(), "jam-package-"));
  try {
    await extract({ file: tarball, cwd: unpacked, strip: 1 }, ["package/bin/node", "package/LICENSE"]);
    await mkdir(join(folder, "runtime"), { recursive: true });
    await copyFile(join(unpacked, "bin/node"), join(folder, "runtime/node"));
    await chmod(join(folder, "runtime/node"), 0o755);
    await mkdir(join(folder, "licenses/node"), { recursive: true });
    await copyFile(join(unpacked, "LICENSE"), join(folder, "licenses/node/LICENSE"));
  } finally {
    await rm(unpacked, { recursive: true, force: true });
  }
}

/**
 * Puts libstdc++, libgcc_s and libatomic to `<folder>/runtime/lib`, and their licences to `<folder>/licenses/gcc`. They
 * come from an older Debian, whose libraries need an older glibc than Node itself does.
 */
export async function stageLibraries(arch: Arch, folder: string): Promise<void> {
  const { source, version } = PINNED.libraries;
  await mkdir(join(folder, "runtime/lib"), { recursive: true });
  await mkdir(join(folder, "licenses/gcc"), { recursive: true });
  const unpacked = await mkdtemp(join(tmpdir(), "jam-package-"));
  try {
    for (const library of PINNED.libraries[arch]) {
      await runProgram("dpkg-deb", ["--extract", await fetchDebian(library), unpacked]);
      await copyFile(join(unpacked, library.file), join(folder, "runtime/lib", library.soname));
    }
    const { licence } = PINNED.libraries;
    await runProgram("dpkg-deb", ["--extract", await fetchDebian(licence), unpacked]);
    await copyFile(join(unpacked, licence.file), join(folder, "licenses/gcc/copyright"));
    await writeFile(
      join(folder, "licenses/gcc/README"),
      `libstdc++.so.6, libgcc_s.so.1 and libatomic.so.1 are the unchanged files of Debian's packages of ${source} ${version}.
They are under the GNU General Public License, version 3, with the GCC Runtime Library Exception, version 3.1.
Their source is Debian's source package ${source} ${version}.
`,
    );
  } finally {
    await rm(unpacked, { recursive: true, force: true });
  }
}

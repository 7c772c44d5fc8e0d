/** What a packaged program consists of, as files in one folder. */

/** Describes the program, in its folder. */
export const INSTALLATION_FILE = "installation.json";

/** The SHA-256 of every other file of the program, in its folder, as `sha256sum` prints them. */
export const FILES_LIST = "files.sha256";

/** Contents of `INSTALLATION_FILE`. */
export interface Installation {
  /** `archive`: a folder from jam-VERSION-linux-ARCH.tar.gz; `deb`: a Debian package. */
  readonly kind: "archive" | "deb";
  readonly version: string;
  /** Of Node, as `process.arch`. */
  readonly arch: string;
  /** Version of Node, without a `v`. */
  readonly node: string;
  /** The lowest version of glibc that it starts on. */
  readonly glibc: string;
  /** Seconds since 1970: the modification time of every file in the archive. */
  readonly madeAt: number;
}

/** The name of the program's folder, and of its archive without `.tar.gz`. */
export function archiveName({ version, arch }: Pick<Installation, "version" | "arch">): string {
  return `jam-${version}-linux-${arch}`;
}

/** The files that can be executed. Everything else, on any disk, is 0644: archives do not depend on the disk. */
const EXECUTABLE = new Set(["jam", "runtime/node"]);

/** The mode of a file of the program, by its path in the folder. */
export function modeOf(path: string): number {
  return EXECUTABLE.has(path) ? 0o755 : 0o644;
}

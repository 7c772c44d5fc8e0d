/** What a packaged program consists of, as files in one folder. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/** Describes the program, in its folder. */
export const INSTALLATION_FILE = "installation.json";

/** The SHA-256 of every other file of the program, in its folder, as `sha256sum` prints them. */
export const FILES_LIST = "files.sha256";

const installationSchema = z.object({
  /** `archive`: a folder from jam-VERSION-linux-ARCH.tar.gz; `deb`: a Debian package. */
  kind: z.enum(["archive", "deb"]),
  version: z.string().regex(/^[0-9][0-9A-Za-z.+-]{0,60}$/),
  /** Of Node, as `process.arch`. */
  arch: z.string().regex(/^[a-z0-9]{1,20}$/),
  /** Version of Node, without a `v`. */
  node: z.string().max(60),
  /** The lowest version of glibc that it starts on. */
  glibc: z.string().max(20),
  /** Seconds since 1970: the modification time of every file in the archive. */
  madeAt: z.int().nonnegative(),
});

/** Contents of `INSTALLATION_FILE`. */
export type Installation = Readonly<z.infer<typeof installationSchema>>;

/** The description of a packaged program, or undefined when the text is none. */
export function parseInstallation(text: string): Installation | undefined {
  try {
    return installationSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** The description of the packaged program in `folder`; undefined when there is none. */
export function readInstallation(folder: string): Installation | undefined {
  try {
    return parseInstallation(readFileSync(join(folder, INSTALLATION_FILE), "utf8"));
  } catch {
    return undefined;
  }
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

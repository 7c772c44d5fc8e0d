import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { formatConfigText } from "../../../src/cli/init/config-text.ts";
import { formatSystemdUnits } from "../../../src/cli/init/schedule-text.ts";
import { SYSTEM_FILE } from "../../../src/config/load.ts";
import { listFiles } from "../../../src/program/list-files.ts";
import { formatControl, formatDebianChangelog, type ControlOptions } from "./control.ts";
import { formatCopyright } from "./copyright.ts";
import { PACKAGE } from "./package-name.ts";

const FILES = join(import.meta.dirname, "files");
const CHECKOUT = resolve(import.meta.dirname, "../../..");

/** Where the program is in the package. */
export const PROGRAM_FOLDER = "usr/lib/jam";
const DOC = `usr/share/doc/${PACKAGE}`;
const DATA = "/var/lib/jam";

/**
 * Makes the tree of a Debian package around the program in `<root>/usr/lib/jam`: settings, units, manual pages,
 * completions, papers, and the control files in `<root>/DEBIAN`.
 */
export async function stageDeb(root: string, options: Omit<ControlOptions, "installedKiB">): Promise<void> {
  const put = (path: string, contents: string | Buffer) => writeUnder(root, path, contents);
  await put(SYSTEM_FILE, formatConfigText({ data: DATA, keys: "/etc/jam/keys" }));
  await mkdir(join(root, "usr/bin"), { recursive: true });
  await symlink("../lib/jam/jam", join(root, "usr/bin/jam"));
  for (const { name, text } of units()) await put(`usr/lib/systemd/system/${name}`, text);
  const program = join(root, PROGRAM_FOLDER);
  for (const page of await listFiles(join(program, "man"))) {
    await put(`usr/share/man/${page}.gz`, compress(await readFile(join(program, "man", page), "utf8")));
  }
  for (const [from, to] of COMPLETIONS) {
    await put(to, await readFile(join(program, "completions", from)));
  }
  await put(`${DOC}/copyright`, await formatCopyright(program));
  await put(`${DOC}/changelog.gz`, compress(await readFile(join(CHECKOUT, "CHANGELOG.md"), "utf8")));
  const full = { ...options, installedKiB: 0 };
  await put(`${DOC}/changelog.Debian.gz`, compress(formatDebianChangelog(full)));
  await put(`usr/share/lintian/overrides/${PACKAGE}`, await readFile(join(FILES, "lintian-overrides")));
  await writeControl(root, full);
}

const COMPLETIONS = [
  ["jam.bash", "usr/share/bash-completion/completions/jam"],
  ["_jam", "usr/share/zsh/vendor-completions/_jam"],
  ["jam.fish", "usr/share/fish/vendor_completions.d/jam.fish"],
] as const;

/** The units that `jam init --systemd` writes; the server is the service that the package is named for. */
function units(): { readonly name: string; readonly text: string }[] {
  const place = { program: ["/usr/bin/jam"], config: SYSTEM_FILE, data: DATA, isPackaged: true };
  return formatSystemdUnits(place).map(({ name, text }) => ({
    name: name === "jam-serve.service" ? "jam.service" : name,
    text,
  }));
}

/** The gzip header has no name and no time. */
function compress(text: string): Buffer {
  return gzipSync(text, { level: 9 });
}

async function writeUnder(root: string, path: string, contents: string | Buffer): Promise<void> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, contents);
}

async function writeControl(root: string, options: ControlOptions): Promise<void> {
  const files = await listFiles(root);
  let kib = 0;
  const sums: string[] = [];
  for (const path of files) {
    const file = join(root, path);
    const { size } = await stat(file);
    kib += Math.ceil(size / 1024);
    if (path !== "usr/bin/jam")
      sums.push(
        `${createHash("md5")
          .update(await readFile(file))
          .digest("hex")}  ${path}\n`,
      );
  }
  const put = (name: string, contents: string) => writeUnder(root, `DEBIAN/${name}`, contents);
  await put("control", formatControl({ ...options, installedKiB: kib }));
  await put("conffiles", `${SYSTEM_FILE}\n`);
  await put("md5sums", sums.join(""));
  for (const name of ["postinst", "prerm", "postrm"]) {
    await copyFile(join(FILES, name), join(root, "DEBIAN", name));
  }
}

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Where Debian's systems have the text of a licence. Source: base-files. */
const COMMON: Readonly<Record<string, string>> = {
  "Apache-2.0": "Apache-2.0",
  "CC0-1.0": "CC0-1.0",
  "LGPL-3.0+": "LGPL-3",
};

/** One npm package in the program. */
interface PackagedModule {
  readonly name: string;
  /** An expression of SPDX. */
  readonly licence: string;
  readonly text: string;
}

/**
 * The machine-readable copyright file, from the licences that were staged in `program`, the folder of the program.
 * Source: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
 */
export async function formatCopyright(program: string): Promise<string> {
  const modules = await readModules(join(program, "licenses"));
  const node = await readFile(join(program, "licenses/node/LICENSE"), "utf8");
  const gcc = await readFile(join(program, "licenses/gcc/copyright"), "utf8");
  return [
    "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/",
    "Upstream-Name: juju-agent-mirror",
    "Comment:",
    " The program is bundled with the npm packages that it uses; the folder of each",
    " below has its licence, and its code is in usr/lib/jam/program/dist.",
    "",
    files("*", ["the contributors of juju-agent-mirror"], "Apache-2.0"),
    files("usr/lib/jam/runtime/node", copyrightLines(node), "Node"),
    files("usr/lib/jam/runtime/lib/*", ["Free Software Foundation, Inc."], "GPL-3+ with GCC-3.1 exception"),
    ...modules.map(({ name, text, licence }) =>
      files(`usr/lib/jam/licenses/npm/${name}/*`, copyrightLines(text), expression(licence)),
    ),
    licence("Node", node),
    licence(
      "GPL-3+ with GCC-3.1 exception",
      `${gcc}\n\nOn Debian systems the text of the GPL is in\n/usr/share/common-licenses/GPL-3.`,
    ),
    ...licenceTexts(modules),
  ].join("\n");
}

async function readModules(folder: string): Promise<PackagedModule[]> {
  const [, ...rows] = (await readFile(join(folder, "npm.tsv"), "utf8")).trim().split("\n");
  return Promise.all(
    rows.map(async (row) => {
      const [name = "", version = "", licence = ""] = row.split("\t");
      const place = join(folder, "npm", `${name}-${version}`);
      const names = (await readdir(place)).sort();
      const texts = await Promise.all(names.map((one) => readFile(join(place, one), "utf8")));
      return { name: `${name}-${version}`, licence, text: texts.join("\n") };
    }),
  );
}

/** `(MIT OR CC0-1.0)` in Debian's form. */
function expression(licence: string): string {
  return licence.replaceAll(/[()]/g, "").replaceAll(/ (OR|AND) /g, (word) => word.toLowerCase());
}

/** The lines of a licence that name holders. */
function copyrightLines(text: string): string[] {
  const lines = text
    .split("\n")
    .map((line) => line.replace(/^[\s*#/-]+/, "").trim())
    .filter((line) => /^(?:Copyright\b|\([cC]\)|©)/.test(line) && /\d{4}|contributors|authors/i.test(line));
  return lines.length === 0 ? ["its authors"] : [...new Set(lines)];
}

function files(pattern: string, holders: readonly string[], licence: string): string {
  return `Files: ${pattern}\nCopyright:\n${holders.map((line) => ` ${line}\n`).join("")}License: ${licence}\n`;
}

function licence(name: string, text: string): string {
  const lines = text
    .trim()
    .split(/\r?\n/)
    .map((line) => (line.trim() === "" ? " ." : ` ${line.trimEnd()}`));
  return `License: ${name}\n${lines.join("\n")}\n`;
}

/** The text of each licence once: from Debian's own files, or as the first package has it, without its holders. */
function licenceTexts(modules: readonly PackagedModule[]): string[] {
  const names = new Set([
    "Apache-2.0",
    ...modules.flatMap((one) => expression(one.licence).split(/ or | and /)),
  ]);
  return [...names].sort().map((name) => {
    const common = COMMON[name];
    if (common !== undefined) {
      return licence(
        name,
        `On Debian systems the text of this licence is in\n/usr/share/common-licenses/${common}.`,
      );
    }
    const text = modules.find((one) => one.licence === name)?.text ?? "";
    const kept = text.split("\n").filter((line) => !/^\W*(?:copyright\b|\(c\)|©)/i.test(line));
    return licence(name, kept.join("\n"));
  });
}

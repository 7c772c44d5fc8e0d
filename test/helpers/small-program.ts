/** A program that looks like an installed package of jam and is a few kilobytes large. */
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  archiveName,
  FILES_LIST,
  INSTALLATION_FILE,
  modeOf,
  type Installation,
} from "../../src/program/installation.ts";
import { listFiles } from "../../src/program/list-files.ts";
import { archiveOf } from "../../src/program/write-archive.ts";
import { sha256Of } from "../../src/shared/sha256.ts";
import { formatSums } from "../../src/shared/sums.ts";

export interface SmallProgram {
  readonly installation: Installation;
  /** Its folder, below the one that was given. */
  readonly folder: string;
  /** The bytes of its archive. */
  archive(): Promise<Buffer>;
}

/** Files of a package, by path. */
const FILES: Readonly<Record<string, string>> = {
  jam: "#!/bin/sh\n",
  "runtime/node": "node\n",
  "program/dist/main.js": "main\n",
  "install.sh": "install\n",
  "INSTALL.txt": "read me\n",
};

/** Writes the program to a folder of its own in `parent`. */
export async function smallProgram(
  parent: string,
  change: Partial<Installation> & { readonly files?: Readonly<Record<string, string>> } = {},
): Promise<SmallProgram> {
  const { files = {}, ...described } = change;
  const installation: Installation = {
    kind: "archive",
    version: "1.2.3",
    arch: "x64",
    node: "26.10.0",
    glibc: "2.28",
    madeAt: 1_800_000_000,
    ...described,
  };
  const name = archiveName(installation);
  const folder = join(parent, name);
  const all = { ...FILES, ...files, [INSTALLATION_FILE]: JSON.stringify(installation) };
  for (const [path, text] of Object.entries(all)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
    await chmod(join(folder, path), modeOf(path));
  }
  const sums = Object.entries(all).map(([path, text]) => ({ name: path, sha256: sha256Of(text) }));
  await writeFile(join(folder, FILES_LIST), formatSums(sums.sort((a, b) => (a.name < b.name ? -1 : 1))));
  return {
    installation,
    folder,
    archive: async () => {
      const pieces: Uint8Array[] = [];
      const { madeAt } = installation;
      for await (const piece of archiveOf(folder, await listFiles(folder), { name, madeAt }))
        pieces.push(piece);
      return Buffer.concat(pieces);
    },
  };
}

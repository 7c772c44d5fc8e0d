import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { archiveName, type Installation } from "../../src/program/installation.ts";
import { TARGETS, type Arch } from "./target.ts";

/** A file of `files/` with the words between @ signs replaced by what they mean for this package. */
export async function fillIn(name: string, installation: Installation): Promise<string> {
  const { machine, loader } = TARGETS[installation.arch as Arch];
  const values: Record<string, string> = {
    MACHINE: machine,
    LOADER: loader,
    GLIBC: installation.glibc,
    VERSION: installation.version,
    NODE: installation.node,
    FOLDER: archiveName(installation),
  };
  const text = await readFile(join(import.meta.dirname, "files", name), "utf8");
  return text.replaceAll(/@([A-Z]+)@/g, (all, key: string) => values[key] ?? all);
}

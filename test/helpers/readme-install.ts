/** The ways to install that README shows. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";

/** The blocks of the chapter on the installation, in their order. */
export async function installationBlocks(): Promise<string[]> {
  const readme = await readFile(join(resolve(import.meta.dirname, "../.."), "README.md"), "utf8");
  const chapter = /^## Install\n(.*?)^## /ms.exec(readme)?.[1] ?? "";
  return [...chapter.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) => block);
}

/** The blocks name one of the two architectures; on the other one people type the other name. */
export function forThisMachine(lines: string): string {
  return process.arch === "x64"
    ? lines
    : lines.replaceAll(/\bx64\b/g, process.arch).replaceAll("amd64", process.arch);
}

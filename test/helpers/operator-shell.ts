/**
 * A shell of an operator who types what a page shows: a home folder, and `jam` in the PATH.
 *
 * ```ts
 * await using shell = await operatorShell(upstream);
 * await shell.types("jam sync\njam list 3.6 -o json   # a comment");
 * ```
 */
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, dirname, join, resolve } from "node:path";
import { expect } from "vitest";
import { JAM_COMMAND, runProcess, temporaryFolder, type Finished } from "./jam-process.ts";
import type { TestUpstream } from "./upstream.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** `jam serve` ends as soon as it has printed its URL, so that what the page shows after it can be typed. */
const SHIM = `if [ "$1" != serve ]; then exec ${JAM_COMMAND.join(" ")} "$@"; fi
url=$(mktemp)
${JAM_COMMAND.join(" ")} "$@" --listen 127.0.0.1:0 > "$url" & server=$!
until [ -s "$url" ]; do kill -0 $server || exit 1; sleep 0.05; done
cat "$url"; rm "$url"; kill $server; wait $server
`;

/** A block of code of a page. */
export interface PageBlock {
  readonly language: string;
  readonly text: string;
}

/** The blocks of a page, named from the root of the checkout, in their order. */
export async function blocksOf(page: string): Promise<PageBlock[]> {
  const text = await readFile(join(ROOT, page), "utf8");
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = "", block = ""]) => ({
    language,
    text: block,
  }));
}

/** Those that a shell runs. */
export function shellBlocks(blocks: readonly PageBlock[]): string[] {
  return blocks.filter(({ language }) => language === "sh").map(({ text }) => text);
}

export interface OperatorShell extends AsyncDisposable {
  readonly path: string;
  /** Runs the lines in one `sh`, which stops at the first that fails; `statuses` are the ends that are right: 0. */
  types(lines: string, statuses?: readonly number[]): Promise<Finished>;
  /** Puts a program into the PATH, as a script for `sh`. */
  has(program: string, script: string): Promise<void>;
}

/** `jam init` without flags is typed with the address and the key of `upstream`. */
export async function operatorShell(upstream: TestUpstream): Promise<OperatorShell> {
  const folder = await temporaryFolder();
  const home = join(folder.path, "home");
  const bin = join(folder.path, "bin");
  await Promise.all([home, bin].map((path) => mkdir(path)));
  const has = async (program: string, script: string) => {
    await writeFile(join(bin, program), `#!/bin/sh\n${script}`);
    await chmod(join(bin, program), 0o755);
  };
  await has("jam", SHIM);
  await writeFile(join(home, "key.asc"), upstream.tree.key.publicKeyArmored);
  const PATH = [bin, dirname(process.execPath), process.env["PATH"]].join(delimiter);
  return {
    path: home,
    has,
    types: async (lines, statuses = [0]) => {
      const typed = lines.replaceAll(
        /^jam init(?= *(?:$|#|--(?:systemd|cron|fleet)))/gm,
        `jam init --upstream ${upstream.url} --keyring key.asc`,
      );
      const finished = await runProcess("sh", ["-euc", typed], { cwd: home, env: { PATH } });
      expect(statuses, `${lines}\n${finished.stdout}\n${finished.stderr}`).toContain(finished.status);
      return finished;
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

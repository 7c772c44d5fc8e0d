/** The archive of jam for this machine, as `npm run package` makes it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { runProcess } from "./jam-process.ts";
import { ROOT } from "./packed.ts";

/** What `npm run package` says when something pinned cannot be fetched. */
const UNREACHABLE = /apt-helper|npm pack|Debian archive|dpkg-deb cannot be started/;

export interface MadeArchive {
  readonly file: string;
  /** Folder in the archive. */
  readonly name: string;
  readonly output: string;
}

/**
 * Makes the archive of the checkout in `from` in the folder `to`. Where what it needs cannot be fetched, the reason as a
 * sentence.
 */
export async function makeArchive(
  to: string,
  {
    from = ROOT,
    args = [],
    env = {},
  }: { from?: string; args?: readonly string[]; env?: Record<string, string> } = {},
): Promise<MadeArchive | string> {
  const script = join(from, "scripts/package/main.ts");
  const command = [script, "--arch", process.arch, "--format", "archive", "--to", to, ...args];
  // What is fetched is kept in the user's cache, and npm's and apt's settings are the user's.
  const user = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(?!config_)|^NODE_/i.test(name)),
  ) as Record<string, string>;
  const made = await runProcess(process.execPath, command, { cwd: from, env: { ...user, ...env } });
  if (made.status !== 0 && UNREACHABLE.test(made.stderr)) {
    const reason = `What a package is made of cannot be fetched: ${made.stderr.trim()}`;
    process.stderr.write(`${reason}\n`);
    return reason;
  }
  expect(made.status, made.stderr).toBe(0);
  const { version } = JSON.parse(await readFile(join(from, "package.json"), "utf8")) as { version: string };
  const name = `jam-${version}-linux-${process.arch}`;
  return { file: join(to, `${name}.tar.gz`), name, output: made.stdout + made.stderr };
}

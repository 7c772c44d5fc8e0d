/**
 * The stock gpg, with a home of its own in a folder that goes with the scope.
 *
 * ```ts
 * test.skipIf(stockGpg.isMissing)(`…${stockGpg.note}`, async () => {
 *   await using gpg = await startGpg();
 *   await writeFile(gpg.file("text"), "…");
 *   await gpg.run("--clearsign", "text");
 * });
 * ```
 */
import { join } from "node:path";
import { type Finished, runProcess, temporaryFolder } from "./jam-process.ts";
import { peer } from "./peers.ts";

/** Whether it is here. */
export const stockGpg = peer("gpg");

export interface Gpg extends AsyncDisposable {
  /** Where it runs; its home, too. */
  readonly path: string;
  file(name: string): string;
  run(...args: string[]): Promise<Finished>;
  /** Makes a key that signs, without passphrase; resolves to its fingerprint. */
  makeKey(name: string, algorithm: string, expires?: string): Promise<string>;
}

/** A gpg that knows no keys yet. */
export async function startGpg(): Promise<Gpg> {
  const folder = await temporaryFolder();
  const options = { cwd: folder.path, env: { GNUPGHOME: folder.path, LC_ALL: "C" } };
  const run = (...args: string[]) => runProcess("gpg", ["--batch", "--quiet", ...args], options);
  return {
    path: folder.path,
    file: (name) => join(folder.path, name),
    run,
    async makeKey(name, algorithm, expires = "never") {
      await run("--passphrase", "", "--quick-generate-key", name, algorithm, "sign", expires);
      const { stdout } = await run("--with-colons", "--list-keys", name);
      const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(stdout)?.[1];
      if (fingerprint === undefined) throw new Error(`gpg made no key ${name}.`);
      return fingerprint;
    },
    [Symbol.asyncDispose]: async () => {
      await runProcess("gpgconf", ["--kill", "all"], options).catch(() => undefined);
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Options that make gpg start at another time. */
export function clockAt(ms: number): string[] {
  // With the mark the clock stands still: what gpg makes in a later second would have another date.
  return ["--faked-system-time", `${new Date(ms).toISOString().replaceAll(/[-:]|\.\d+Z/g, "")}!`];
}

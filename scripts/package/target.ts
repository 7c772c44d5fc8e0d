import { spawn } from "node:child_process";
import pinned from "./pinned.json" with { type: "json" };

/** What a package can be made for, in the words of Node. */
export const ARCHES = ["x64", "arm64"] as const;
export type Arch = (typeof ARCHES)[number];

/** What the launcher says and checks for each architecture. */
export const TARGETS = {
  x64: { machine: "x86_64", debian: "amd64", loader: "/lib64/ld-linux-x86-64.so.2" },
  arm64: { machine: "aarch64", debian: "arm64", loader: "/lib/ld-linux-aarch64.so.1" },
} as const satisfies Record<Arch, object>;

/** The lowest glibc on which Node starts; the libraries that come with it need less. Source: `objdump -T node`. */
export const GLIBC = "2.28";

/** Versions and hashes of everything that is fetched for a package. */
export const PINNED = pinned;

/** An error that the maker of packages can do something about. */
export class PackageError extends Error {}

/**
 * Standard output of a program that ends well.
 * @throws PackageError with what it wrote when it does not
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string | undefined>> } = {},
): Promise<string> {
  const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return new Promise((done, fail) => {
    child.once("error", (error) => fail(new PackageError(`${program} cannot be started: ${error.message}`)));
    child.once("close", (status) => {
      if (status === 0) done(stdout);
      else fail(new PackageError(`${[program, ...args].join(" ")} failed:\n${stderr.trim()}`));
    });
  });
}

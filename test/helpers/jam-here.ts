/** The program in this process: what it wrote and its exit status, without the time that a process takes to start. */
import type { CommandIo, OutputStream } from "../../src/cli/io.ts";
import { COMMANDS } from "../../src/cli/registry.ts";
import { run } from "../../src/cli/run.ts";

export interface RanHere {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `argv` in the folder `cwd`, with an empty environment; on a terminal without colours when it has columns. */
export async function jamHere(
  cwd: string,
  argv: readonly string[],
  { columns }: { readonly columns?: number } = {},
): Promise<RanHere> {
  const written = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof written): OutputStream => ({
    write: (text) => {
      written[name] += text;
      return Promise.resolve();
    },
    isTTY: columns !== undefined,
    columns: () => columns,
  });
  const io: CommandIo = { stdout: stream("stdout"), stderr: stream("stderr"), env: { TERM: "dumb" }, cwd };
  const status = await run({ argv, io, signal: new AbortController().signal, commands: COMMANDS });
  return { status, ...written };
}

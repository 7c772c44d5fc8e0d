import { cancelOnSignals, processIo, restartForServer, restoreLibraryPath } from "./cli/process-io.ts";
import { COMMANDS } from "./cli/registry.ts";
import { run } from "./cli/run.ts";

// The global `process`, not the module node:process: importing that opens standard input and loads what no command
// needs, which takes milliseconds at every start.

/** Runs the command line of this process and sets its exit status. */
export async function main(): Promise<void> {
  restartForServer(process);
  restoreLibraryPath(process.env);
  const signal = cancelOnSignals(process);
  process.exitCode = await run({
    argv: process.argv.slice(2),
    io: processIo(process, signal),
    signal,
    commands: COMMANDS,
  });
}

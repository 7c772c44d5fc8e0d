import type { CommandEntry } from "./command.ts";
import type { CommandIo } from "./io.ts";

/** What `run` works on; `main.ts` makes it from the process. */
export interface RunOptions {
  /** Arguments without node and script. */
  readonly argv: readonly string[];
  readonly io: CommandIo;
  /** Aborts the command. */
  readonly signal: AbortSignal;
  readonly commands: readonly CommandEntry[];
}

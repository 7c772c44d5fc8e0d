import type { Config } from "../config/config.ts";
import type { ConfigFlags } from "../config/overrides.ts";
import type { CommandContext, CommandEntry } from "./command.ts";
import type { GlobalOptions } from "./global-options.ts";
import type { CommandIo } from "./io.ts";
import { createOutput, createPaint, widthOf } from "./output/output.ts";
import { readVersion } from "./program-info.ts";

/** The parts of a context. */
export interface ContextParts {
  readonly io: CommandIo;
  readonly globals: GlobalOptions;
  readonly signal: AbortSignal;
  readonly commands: readonly CommandEntry[];
}

/** The world of one command call. */
export function createContext({ io, globals, signal, commands }: ContextParts): CommandContext {
  let loaded: Promise<Config> | undefined;
  return {
    io,
    globals,
    commands,
    output: createOutput(io, globals),
    paint: createPaint(io.stdout, globals.mayColor, io.env),
    width: widthOf(io),
    paintError: createPaint(io.stderr, globals.mayColor, io.env),
    signal,
    now: () => new Date(),
    config: (flags = {}) => (loaded ??= readConfig(io, globals, flags)),
  };
}

async function readConfig(io: CommandIo, globals: GlobalOptions, flags: ConfigFlags): Promise<Config> {
  const { loadConfig } = await import("../config/load.ts");
  const data = globals.data === undefined ? {} : { data: globals.data };
  return loadConfig({
    file: globals.config,
    flags: { ...data, ...flags },
    env: io.env,
    cwd: io.cwd,
    version: readVersion(),
  });
}

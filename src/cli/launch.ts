import { scanArguments } from "./arguments.ts";

const SMALL_NURSERY = "--max-semi-space-size=1";

/**
 * Replaces this process by the same one with a smaller V8 nursery when the command is `serve`. A server lives long and
 * creates many short-lived small objects next to large buffers: with the default nursery it needs some 10 MiB more. V8
 * reads the setting at its start only.
 */
export function restartForServer(process: NodeJS.Process): void {
  const { execArgv, execPath, argv } = process;
  const isPossible = process.execve !== undefined && process.platform !== "win32";
  if (!isPossible || execArgv.includes(SMALL_NURSERY)) return;
  if (scanArguments(argv.slice(2)).commandName !== "serve") return;
  process.execve?.(execPath, [execPath, SMALL_NURSERY, ...execArgv, ...argv.slice(1)], process.env);
}

/** Aborted by the first SIGINT or SIGTERM. A second signal of the same kind ends the process at once. */
export function cancelOnSignals(process: NodeJS.Process): AbortSignal {
  const cancel = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => {
      cancel.abort(new DOMException(`received ${name}`, "AbortError"));
    });
  }
  return cancel.signal;
}

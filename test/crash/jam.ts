import { jamHere } from "../helpers/jam-here.ts";
import { startJam, type RunningJam } from "../helpers/running-jam.ts";
import type { Finished } from "../helpers/jam-process.ts";

/** Starts `jam` in `folder`, below another program where `wrapper` names one. */
export function startSteadyJam(
  folder: string,
  args: readonly string[],
  wrapper: readonly string[] = [],
): RunningJam {
  // One thread for all file operations makes the order of system calls the same in every run.
  return startJam(args, { cwd: folder, env: { UV_THREADPOOL_SIZE: "1", NO_PROXY: "127.0.0.1" }, wrapper });
}

/**
 * Runs `jam` to its end: in a process of its own below a wrapper, which kills or traces it, else in this one. A trial looks
 * at what it finds by half a dozen commands, and starting them would take most of its time.
 */
export async function runSteadyJam(
  folder: string,
  args: readonly string[],
  wrapper: readonly string[] = [],
): Promise<Finished> {
  if (wrapper.length > 0) return startSteadyJam(folder, args, wrapper).finished;
  return { ...(await jamHere(folder, args)), signal: null };
}

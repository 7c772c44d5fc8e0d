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

/** Runs `jam` to its end. */
export function runSteadyJam(
  folder: string,
  args: readonly string[],
  wrapper: readonly string[] = [],
): Promise<Finished> {
  return startSteadyJam(folder, args, wrapper).finished;
}

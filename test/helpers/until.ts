import { setTimeout as sleep } from "node:timers/promises";

/** Resolves when `isSo` says so; it is asked every 50 ms. Throws after `maxMs`. */
export async function until(isSo: () => Promise<boolean> | boolean, maxMs = 20_000): Promise<void> {
  const end = performance.now() + maxMs;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`not so after ${maxMs} ms: ${isSo.toString()}`);
    await sleep(50);
  }
}

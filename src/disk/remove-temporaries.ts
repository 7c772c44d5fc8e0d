import { rm } from "node:fs/promises";
import { join } from "node:path";
import { listNames } from "./durable-write.ts";
import { attempt } from "./io-error.ts";
import { isTemporaryName } from "./temporary-name.ts";

/** Removes what crashed runs left unfinished in `folder`; for those who know that nobody else writes there. */
export async function removeTemporaries(folder: string): Promise<void> {
  for (const name of await listNames(folder)) {
    if (!isTemporaryName(name)) continue;
    const path = join(folder, name);
    await attempt(`remove ${path}`, () => rm(path, { recursive: true, force: true }));
  }
}

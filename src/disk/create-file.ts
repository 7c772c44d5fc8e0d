import { link, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { syncFolder, temporaryPath, writeFlushed } from "./durable-write.ts";
import { attempt } from "./io-error.ts";
import { isLinkRefused, systemCode } from "../shared/errors.ts";

/**
 * Creates a file whole or not at all, and never replaces one: false when something is at `path` already.
 * Order: bytes → flush → name → flush of the folder. `mode` is what the umask leaves of it.
 */
export async function createFile(path: string, bytes: Uint8Array, mode: number): Promise<boolean> {
  const folder = dirname(path);
  const staged = temporaryPath(folder);
  const isNew = await attempt(`write ${path}`, async () => {
    try {
      await writeFlushed(staged, bytes, mode);
      return await giveName(staged, path);
    } finally {
      await rm(staged, { force: true });
    }
  });
  if (isNew) await syncFolder(folder);
  return isNew;
}

/** A link, unlike a rename, fails if the name exists, even if it was created a moment ago. */
async function giveName(staged: string, path: string): Promise<boolean> {
  try {
    await link(staged, path);
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    if (!isLinkRefused(error)) throw error;
    await rename(staged, path);
    return true;
  }
}

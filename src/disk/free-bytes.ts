import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { isAbsent } from "../shared/errors.ts";

/** Free bytes for this user at a folder; where it does not exist yet, at the nearest parent that does. */
export async function readFreeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    const parent = dirname(folder);
    if (isAbsent(error) && parent !== folder) return readFreeBytes(parent);
    throw error;
  }
}

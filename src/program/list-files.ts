import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** The paths of everything below `folder` that is not a folder, sorted by bytes, with `/` between names. */
export async function listFiles(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, "/").length))
    .sort(byBytes);
}

/** Orders texts as `LC_ALL=C sort` does. */
export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

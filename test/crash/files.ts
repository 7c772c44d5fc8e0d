import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

/** A file, and what tells whether it was written again. */
export interface SeenFile {
  readonly bytes: Buffer;
  readonly inode: bigint;
  readonly writtenAtNs: bigint;
}

/** Every plain file below a folder, by its path from there; none where there is no folder. */
export async function readFiles(folder: string): Promise<Map<string, SeenFile>> {
  const files = new Map<string, SeenFile>();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const { ino, mtimeNs } = await stat(path, { bigint: true });
    files.set(path.slice(folder.length + 1), {
      bytes: await readFile(path),
      inode: ino,
      writtenAtNs: mtimeNs,
    });
  }
  return files;
}

/** True for the same file with the same bytes, never written in between. */
export function isUntouched(before: SeenFile, after: SeenFile | undefined): boolean {
  return (
    after !== undefined &&
    after.inode === before.inode &&
    after.writtenAtNs === before.writtenAtNs &&
    after.bytes.equals(before.bytes)
  );
}

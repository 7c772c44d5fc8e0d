import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { listNames, removeFile } from "../../disk/durable-write.ts";
import { attemptUnlessAbsent } from "../../disk/io-error.ts";
import { removeTemporaries } from "../../disk/remove-temporaries.ts";
import { STORE_FOLDERS, blobPath, parsePartialName, partialPaths } from "../layout.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import { isBlobFile } from "./blobs.ts";

/** Blob folders hold no temporary files: a blob arrives there by the rename of its partial file. */
const SWEPT = ["", ...STORE_FOLDERS.filter((folder) => !folder.startsWith("blobs"))];

/** Removes what crashed runs left: unfinished trees and files, and partial files that nobody can use any more. */
export async function recoverStore(root: string): Promise<void> {
  for (const folder of SWEPT) await removeTemporaries(join(root, folder));
  await removeUselessPartials(root);
}

/** A partial file is useless when it is empty or its blob is here; a note is useless without its bytes. */
async function removeUselessPartials(root: string): Promise<void> {
  const seen = new Set<Sha256>();
  for (const name of await listNames(join(root, "partial"))) {
    const parsed = parsePartialName(name);
    if (parsed === undefined || seen.has(parsed.sha256)) continue;
    seen.add(parsed.sha256);
    const paths = partialPaths(parsed.sha256);
    const bytes = join(root, paths.bytes);
    const stat = await attemptUnlessAbsent(`read ${bytes}`, () => lstat(bytes));
    if ((stat?.size ?? 0) > 0 && !(await isBlobFile(join(root, blobPath(parsed.sha256))))) continue;
    await removeFile(bytes);
    await removeFile(join(root, paths.source));
  }
}

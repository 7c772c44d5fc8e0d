import { constants } from "node:fs";
import { chmod, copyFile, link, open } from "node:fs/promises";
import { join } from "node:path";
import { isAbsent, isLinkRefused, JamError } from "../../shared/errors.ts";
import { attempt } from "../../disk/io-error.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import { blobPath } from "../layout.ts";

/**
 * Gives a blob a further name, or copies it, flushed, where the file system has no hard links. The caller flushes the folder.
 * @throws JamError JAM_STORE_CORRUPT when there is no such blob, JAM_STORE_…
 */
export async function linkBlob(root: string, sha256: Sha256, target: string): Promise<void> {
  const blob = join(root, blobPath(sha256));
  await attempt(`write ${target}`, async () => {
    try {
      await link(blob, target);
    } catch (error) {
      if (isAbsent(error)) throw missingBlob(sha256, target);
      if (!isLinkRefused(error)) throw error;
      await copyFlushed(blob, target);
    }
  });
}

async function copyFlushed(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  await chmod(to, 0o444);
  const file = await open(to, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A tree lists a blob that is not in the store. */
export function missingBlob(sha256: Sha256, path: string): JamError {
  return new JamError(
    "JAM_STORE_CORRUPT",
    `${path} cannot be published: blob ${sha256} is not in the store.`,
    {
      hint: "Run `jam sync` to fetch it again.",
      details: { sha256, path },
    },
  );
}

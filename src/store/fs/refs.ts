import { lstatSync, readdirSync, readlinkSync, renameSync } from "node:fs";
import { lstat, readlink, rm, rmdir, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { listNames, makeFolder, removeFile, syncFolder, temporaryPath } from "../../disk/durable-write.ts";
import { attempt, attemptUnlessAbsent, toStoreError } from "../../disk/io-error.ts";
import { isAbsent, systemCode, JamError } from "../../shared/errors.ts";
import { faceLink, formatRefTarget, isTreeId, parseRefTarget } from "../layout.ts";
import { MIRROR_REF } from "../../shared/ref-name.ts";
import type { RequireHeld } from "./lease.ts";
import { checkRefName } from "../store-errors.ts";
import type { Ref, RefStore } from "../store.ts";

/** What file systems without symbolic links answer: FAT, exFAT, some SMB and FUSE mounts. */
const NO_SYMLINK = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);

/** Refs as symbolic links `refs/<name>` → `../published/<id>`; one rename moves a ref. */
export function fsRefStore(root: string, requireHeld: RequireHeld): RefStore {
  return {
    read: async (name) => readRef(root, name),
    async swap(name, expected, next) {
      checkRefName(next);
      requireHeld();
      if (readRef(root, name) !== expected) return false;
      await checkPublished(root, next);
      await ensureFaceLink(root, name);
      return pointRef(root, { name, next }, () => {
        requireHeld();
        return readRef(root, name) === expected;
      });
    },
    list: () => listRefs(root),
    async delete(name) {
      checkRefName(name);
      requireHeld();
      if (await removeFile(join(root, "refs", name))) await syncFolder(join(root, "refs"));
      if (name !== MIRROR_REF) await removeFaceLink(root, name);
    },
  };
}

async function listRefs(root: string): Promise<readonly Ref[]> {
  // The mirror's ref is always asked for: a copy that lost its links has no name to list, and must not count as empty.
  const names = new Set([MIRROR_REF, ...(await listNames(join(root, "refs"))).filter(isTreeId)]);
  return [...names].sort().flatMap((name) => {
    const target = readRef(root, name);
    return target === undefined ? [] : [{ name, target }];
  });
}

/** The link of a ref and the folder that only it was in; the mirror's stays, it is there before the first tree. */
async function removeFaceLink(root: string, ref: string): Promise<void> {
  const link = faceLink(ref);
  const path = join(root, link.path);
  const target = await attemptUnlessAbsent(`read ${path}`, async () =>
    (await lstat(path)).isSymbolicLink() ? readlink(path) : undefined,
  );
  if (target !== link.target) return;
  await removeFile(path);
  const folder = dirname(path);
  await attempt(`remove ${folder}`, async () => {
    try {
      await rmdir(folder);
    } catch (error) {
      if (systemCode(error) !== "ENOTEMPTY") throw error;
    }
  });
  await syncFolder(dirname(folder));
}

/**
 * Makes the link through which a ref's tree is read, unless it is there.
 * @throws JamError JAM_STORE_FORMAT when something else has its name
 */
export async function ensureFaceLink(root: string, ref: string): Promise<void> {
  const link = faceLink(ref);
  const path = join(root, link.path);
  const found = await attemptUnlessAbsent(`read ${path}`, async () =>
    (await lstat(path)).isSymbolicLink() ? readlink(path) : "",
  );
  if (found === link.target) return;
  if (found !== undefined) {
    throw new JamError("JAM_STORE_FORMAT", `${path} exists and was not made by jam.`, {
      hint: "Choose another data directory, or move this entry away.",
      details: { path },
    });
  }
  await makeFolder(dirname(path));
  await attempt(`create ${path}`, async () => {
    try {
      await symlink(link.target, path);
    } catch (error) {
      if (systemCode(error) !== "EEXIST") throw noSymbolicLinks(error, root);
    }
  });
  await syncFolder(dirname(path));
}

/** Asked at every request for metadata, so one synchronous call (3 µs) instead of a turn through the thread pool. */
function readRef(root: string, name: string): string | undefined {
  checkRefName(name);
  const path = join(root, "refs", name);
  let target: string;
  try {
    target = readlinkSync(path);
  } catch (error) {
    if (isAbsent(error)) {
      if (name === MIRROR_REF && lostItsLinks(root)) throw copiedWithoutLinks(path, root);
      return undefined;
    }
    if (systemCode(error) === "EINVAL") throw copiedWithoutLinks(path, root);
    throw toStoreError(error, `read ${path}`);
  }
  const id = parseRefTarget(target);
  if (id === undefined) throw notARef(path);
  return id;
}

/** Trees, and not even the link to what they are read through, which is there before the first one is built. */
function lostItsLinks(root: string): boolean {
  const face = join(root, faceLink(MIRROR_REF).path);
  if (lstatSync(face, { throwIfNoEntry: false })?.isSymbolicLink() === true) return false;
  try {
    return readdirSync(join(root, "published")).some(isTreeId);
  } catch (error) {
    if (isAbsent(error)) return false;
    throw toStoreError(error, `list ${join(root, "published")}`);
  }
}

/** False when it may not be pointed any more. Between that look and the rename nothing of this process can happen. */
async function pointRef(
  root: string,
  { name, next }: { readonly name: string; readonly next: string },
  mayPoint: () => boolean,
): Promise<boolean> {
  const folder = join(root, "refs");
  const staged = temporaryPath(folder);
  const isPointed = await attempt(`write ${join(folder, name)}`, async () => {
    try {
      await symlink(formatRefTarget(next), staged);
      if (mayPoint()) {
        renameSync(staged, join(folder, name));
        return true;
      }
      await rm(staged, { force: true });
      return false;
    } catch (error) {
      await rm(staged, { force: true });
      throw noSymbolicLinks(error, root);
    }
  });
  if (isPointed) await syncFolder(folder);
  return isPointed;
}

async function checkPublished(root: string, treeId: string): Promise<void> {
  const path = join(root, "published", treeId);
  const stat = await attemptUnlessAbsent(`read ${path}`, () => lstat(path));
  if (stat?.isDirectory() === true) return;
  throw new JamError("JAM_SNAPSHOT_NOT_FOUND", `There is no published tree ${treeId}.`, {
    hint: "Run `jam snapshot list` to see the snapshots that are kept.",
    details: { tree: treeId },
  });
}

function notARef(path: string): JamError {
  return new JamError("JAM_STORE_CORRUPT", `${path} is not a link to a published tree.`, {
    hint: "Remove it, then run `jam sync` to publish again.",
    details: { path },
  });
}

/** Something else is where a symbolic link of the data directory must be. */
export function copiedWithoutLinks(path: string, root: string): JamError {
  return new JamError(
    "JAM_STORE_COPIED",
    `${path} is not the symbolic link that it must be: this data directory was copied without its links (cp -rL, FAT, SMB, zip), or somebody put something there.`,
    {
      hint: `\`jam prune\` puts the links back where it can tell what they were. Otherwise copy again with links (cp -a, rsync -aH), or move ${path} away and run the command again.`,
      details: { path, data: root },
    },
  );
}

/** The failure of making a symbolic link; where there are none, the error says so. */
export function noSymbolicLinks(error: unknown, root: string): unknown {
  if (!NO_SYMLINK.has(systemCode(error) ?? "")) return error;
  return new JamError("JAM_STORE_COPIED", `The file system of ${root} has no symbolic links.`, {
    cause: error,
    hint: "Put the data directory (`data` in jam.yaml) on a file system with links, such as ext4, xfs or btrfs. To carry agents on FAT or over SMB, make a bundle: jam bundle create --to FOLDER",
    details: { data: root, system: systemCode(error) },
  });
}

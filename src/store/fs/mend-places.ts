import { chmod, lchown, lstat, readlink, rename, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeFolder, replaceFile, syncFolder, temporaryPath, uniqueWord } from "../../disk/durable-write.ts";
import { attempt, attemptUnlessAbsent } from "../../disk/io-error.ts";
import { isJamError } from "../../shared/errors.ts";
import {
  FORMAT_FILE,
  faceLink,
  formatFormat,
  parseRefTarget,
  STORE_FOLDERS,
  STORE_FORMAT,
} from "../layout.ts";
import type { PlaceFault } from "../store.ts";
import { wantedMode } from "./entry-mode.ts";
import { inspectPlaces } from "./inspect-places.ts";

/**
 * Puts the places of a data directory in order: folders, links, modes, the file that names the format. What stands in
 * another thing's place is moved to `quarantine/`; partial files that nobody can use are left to `recoverStore`. Killed at
 * any instant, the next call ends it.
 */
export async function mendPlaces(root: string): Promise<void> {
  // What is in the way first: behind a folder of mode 000 or a file in a folder's place there may be more.
  for (let turn = 0; turn < 3; turn += 1) {
    const faults = (await inspectPlaces(root)).filter(({ remedy }) => remedy !== undefined);
    const mended = [];
    for (const fault of faults) mended.push(await tryMending(root, fault));
    if (!mended.includes(true)) return;
  }
}

/** False when nothing was done about it: the next inspection finds it again. */
async function tryMending(root: string, fault: PlaceFault): Promise<boolean> {
  try {
    return await mendOne(root, fault);
  } catch (error) {
    // One that is not allowed, or not possible here, must not leave the others as they are.
    if (isJamError(error, "JAM_STORE_NO_SPACE")) throw error;
    return false;
  }
}

async function mendOne(root: string, { path, fault }: PlaceFault): Promise<boolean> {
  const place = join(root, path);
  switch (fault) {
    case "format":
      await replaceFile(join(root, FORMAT_FILE), Buffer.from(formatFormat(STORE_FORMAT)));
      return true;
    case "missing":
      return mendMissing(root, path);
    case "kind":
      await moveAside(root, path);
      return true;
    case "link":
      return mendLink(root, path);
    case "exposed":
    case "hidden":
      return mendMode(root, path);
    case "owner":
      return mendOwner(root, place);
    default:
      return false;
  }
}

async function mendMissing(root: string, path: string): Promise<boolean> {
  if ((STORE_FOLDERS as readonly string[]).includes(path)) {
    await makeFolder(join(root, path));
    return true;
  }
  return mendLink(root, path);
}

/** A face's link is known from its name. What a ref showed is found out by whoever knows the snapshots. */
async function mendLink(root: string, path: string): Promise<boolean> {
  if (path.startsWith("refs/")) {
    const target = await attemptUnlessAbsent(`read ${path}`, () => readlink(join(root, path)));
    if (target === undefined || parseRefTarget(target) !== undefined) return false;
    await moveAside(root, path);
    return true;
  }
  const ref = path.startsWith("channels/") ? path.split("/")[1] : "mirror";
  const link = faceLink(ref ?? "");
  const folder = dirname(join(root, link.path));
  await makeFolder(folder);
  await attempt(`create ${path}`, async () => {
    // In a folder that every run clears of what a killed one left.
    const staged = temporaryPath(join(root, "refs"));
    await symlink(link.target, staged);
    await rename(staged, join(root, link.path));
  });
  await syncFolder(folder);
  return true;
}

async function mendMode(root: string, path: string): Promise<boolean> {
  const place = join(root, path);
  const [stat, top] = [await lstat(place), await lstat(root)];
  await attempt(`change the mode of ${place}`, () => chmod(place, wantedMode(path, stat, top)));
  return true;
}

async function mendOwner(root: string, place: string): Promise<boolean> {
  const { uid, gid } = await lstat(root);
  await attempt(`change the owner of ${place}`, () => lchown(place, uid, gid));
  return true;
}

/** Moves an entry to `quarantine/`. Nothing is deleted: what somebody put there may be all that they have of it. */
export async function moveAside(root: string, path: string): Promise<void> {
  const name = `${path.replaceAll("/", "_")}.${uniqueWord()}.aside`;
  await makeFolder(join(root, "quarantine"));
  await attemptUnlessAbsent(`move ${path}`, () => rename(join(root, path), join(root, "quarantine", name)));
  await syncFolder(dirname(join(root, path)));
}

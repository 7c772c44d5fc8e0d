import type { Stats } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { attempt, lstatOrNothing } from "../../disk/io-error.ts";
import { INTERNAL, isWorldWritable } from "./entry-mode.ts";

/** Entries of a data directory with a fault, and the first of them. */
export interface FoundModes {
  readonly count: number;
  readonly example: string | undefined;
}

/** What the modes of a data directory allow other users of this machine. */
export interface ModeReport {
  readonly entries: number;
  /** Neither group nor others can read it: a web server or another service cannot show it. */
  readonly ownerOnly: FoundModes;
  /** Everybody on this machine can change it. */
  readonly worldWritable: FoundModes;
  /** Belongs to another user than the data directory: the owner of the directory cannot replace it. */
  readonly otherOwner: FoundModes;
}

const READABLE = 0o044;
const OPENABLE = 0o011;

/**
 * Looks at the modes of everything in a data directory; none where it is missing. Links have no mode of their own.
 * @throws JamError JAM_STORE_PERMISSION, JAM_STORE_IO
 */
export async function inspectModes(root: string): Promise<ModeReport> {
  const ownerOnly = new Tally();
  const worldWritable = new Tally();
  const otherOwner = new Tally();
  const owner = lstatOrNothing(root)?.uid;
  let entries = 0;
  const look = (path: string, isInternal: boolean): Stats | undefined => {
    const stat = lstatOrNothing(path);
    if (stat === undefined || stat.isSymbolicLink()) return undefined;
    entries += 1;
    if (isWorldWritable(stat)) worldWritable.add(path);
    if (stat.uid !== owner) otherOwner.add(path);
    if (!isInternal && isOwnerOnly(stat)) ownerOnly.add(path);
    return stat;
  };
  const walk = async (folder: string, isInternal: boolean): Promise<void> => {
    if (look(folder, isInternal)?.isDirectory() !== true) return;
    for (const name of await attempt(`list ${folder}`, () => readdir(folder)))
      await walk(join(folder, name), isInternal || (folder === root && INTERNAL.has(name)));
  };
  await walk(root, false);
  return {
    entries,
    ownerOnly: ownerOnly.found(),
    worldWritable: worldWritable.found(),
    otherOwner: otherOwner.found(),
  };
}

class Tally {
  #count = 0;
  #example: string | undefined;

  add(path: string): void {
    this.#count += 1;
    this.#example ??= path;
  }

  found(): FoundModes {
    return { count: this.#count, example: this.#example };
  }
}

/** Group and others count as one: who serves may be in the group. A folder must be opened, too. */
function isOwnerOnly(stat: Stats): boolean {
  return (stat.mode & READABLE) === 0 || (stat.isDirectory() && (stat.mode & OPENABLE) === 0);
}

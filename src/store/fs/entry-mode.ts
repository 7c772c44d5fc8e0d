import type { Stats } from "node:fs";
import type { PlaceFault } from "../store.ts";

/** Nothing of these is shown to anybody. */
export const INTERNAL: ReadonlySet<string> = new Set([
  "partial",
  "quarantine",
  "history",
  "lock.db",
  "lock.json",
  "cache-lock.db",
  "cache-lock.json",
]);

const GROUP = { read: 0o040, open: 0o010 };
const OTHERS = { read: 0o004, open: 0o001 };
const OWNER = { read: 0o400, folder: 0o700 };
const WORLD_WRITABLE = 0o002;
const STICKY = 0o1000;

/** True for what every user of this machine can change. */
export function isWorldWritable(stat: Stats): boolean {
  return (stat.mode & WORLD_WRITABLE) !== 0 && (stat.mode & STICKY) === 0;
}

/** What is wrong with the mode and the owner of an entry; `top` is the data directory itself. */
export function entryFault(path: string, stat: Stats, top: Stats): PlaceFault[] {
  const faults: PlaceFault[] = [];
  const mode = stat.mode & 0o7777;
  const wanted = wantedMode(path, stat, top);
  const isExposed = isWorldWritable(stat);
  const remedy = `chmod ${wanted.toString(8).padStart(4, "0")}`;
  const shown = mode.toString(8).padStart(4, "0");
  if (isExposed)
    faults.push({ path, fault: "exposed", how: `every user can change it: mode ${shown}`, remedy });
  else if (wanted !== mode)
    faults.push({
      path,
      fault: "hidden",
      how: `not everybody who may read the mirror can read it: mode ${shown}`,
      remedy,
    });
  if (stat.uid !== top.uid)
    faults.push({
      path,
      fault: "owner",
      how: `it belongs to user ${stat.uid}, the data directory to user ${top.uid}`,
      remedy: `give it to user ${top.uid}, which only root can`,
    });
  return faults;
}

/**
 * The mode that an entry should have: its own, readable for whoever the data directory lets in, and not changeable for
 * everybody.
 */
export function wantedMode(path: string, stat: Stats, top: Stats): number {
  const isFolder = stat.isDirectory();
  let mode = stat.mode & 0o7777;
  if (isWorldWritable(stat)) mode &= ~WORLD_WRITABLE;
  mode |= isFolder ? OWNER.folder : OWNER.read;
  if (INTERNAL.has(path.split("/", 1)[0] ?? "")) return mode;
  for (const { read, open } of [GROUP, OTHERS])
    if ((top.mode & read) !== 0 && (top.mode & open) !== 0) mode |= isFolder ? read | open : read;
  return mode;
}

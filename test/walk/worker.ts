/**
 * A process that runs commands for a walk, and kills itself without any warning before a change of the disk when it is told
 * to: at the same place each time, so that a failing walk can be shortened.
 */
import fs from "node:fs";
import promises from "node:fs/promises";
import { flushCompileCache, syncBuiltinESMExports } from "node:module";
import { setClockAhead } from "./fake-date.ts";

/** What a worker is to do. */
export interface WorkerOrder {
  readonly folder: string;
  readonly argv: readonly string[];
  readonly clockAheadMs: number;
  /** Before which change of the disk the worker kills itself; undefined for never. */
  readonly killBefore?: number | undefined;
}

let changesLeft = Infinity;

function countChange(): void {
  if (changesLeft === 0) process.kill(process.pid, "SIGKILL");
  changesLeft -= 1;
}

type Call = (...args: unknown[]) => unknown;

/** Calls that change the disk; `open` only where it is for writing. */
const CHANGES = [
  "rename",
  "link",
  "symlink",
  "unlink",
  "mkdir",
  "rmdir",
  "rm",
  "writeFile",
  "chmod",
  "utimes",
  "open",
];

function count(module: object, name: string): void {
  const calls = module as Record<string, Call>;
  const original = calls[name];
  if (original === undefined) return;
  calls[name] = (...args) => {
    const isRead = name.startsWith("open") && (args[1] === undefined || args[1] === "r" || args[1] === 0);
    if (!isRead) countChange();
    return original.apply(module, args);
  };
}

for (const name of CHANGES) {
  count(promises, name);
  count(fs, `${name}Sync`);
}
syncBuiltinESMExports();

const { jamHere } = await import("../helpers/jam-here.ts");

async function obey({ folder, argv, clockAheadMs, killBefore }: WorkerOrder): Promise<void> {
  setClockAhead(clockAheadMs);
  changesLeft = killBefore ?? Infinity;
  const ran = await jamHere(folder, argv);
  changesLeft = Infinity;
  // A process that is killed keeps nothing of what it compiled.
  flushCompileCache();
  process.send?.(ran);
}

process.on("message", (order: WorkerOrder) => void obey(order));
process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
process.send?.("ready");

import { readFile } from "node:fs/promises";

/** Calls that change what is on disk, or make it durable, and the one that tells the main thread of a finished one. */
export const SWEPT_CALLS = [
  "write",
  "pwrite64",
  "fsync",
  "fdatasync",
  "ftruncate",
  "rename",
  "renameat",
  "renameat2",
  "link",
  "linkat",
  "symlink",
  "symlinkat",
  "unlink",
  "unlinkat",
  "mkdir",
  "mkdirat",
  "rmdir",
  "fchmod",
  "chmod",
  "utimensat",
] as const;

/** `openat` is traced to know where files appear; it is not swept, because modules are loaded by hundreds of it. */
export const TRACED_CALLS = [...SWEPT_CALLS, "openat"];

/** Kill at the `ordinal`-th `call` of whichever thread gets there first. */
export interface KillPoint {
  readonly call: string;
  readonly ordinal: number;
}

interface TracedCall {
  readonly thread: string;
  readonly at: number;
  readonly call: string;
  readonly changesDisk: boolean;
}

/** The kill points of a run, in the order in which the run meets them, and how many disk states they reach. */
export interface KillPlan {
  readonly points: readonly KillPoint[];
  /** States of the disk between one change and the next. */
  readonly states: number;
  /** How many of those have a kill point. */
  readonly reached: number;
}

/** strace arguments that note every traced call of all threads in `file`. */
export function traceWith(file: string): string[] {
  return ["strace", "-f", "-qq", "--seccomp-bpf", "-ttt", "-o", file, "-e", `trace=${TRACED_CALLS.join()}`];
}

/** strace arguments that kill the program as it enters the given call. With --seccomp-bpf strace 6.1 does not count. */
export function killAt({ call, ordinal }: KillPoint): string[] {
  const inject = `inject=${call}:signal=SIGKILL:when=${ordinal}`;
  return ["strace", "-f", "-qq", "-o", "/dev/null", "-e", `trace=${call}`, "-e", inject];
}

/**
 * Every kill point of a traced run from the first change below one of the folders on. strace counts each call for each thread by
 * itself, so a point is met where the first thread reaches its ordinal.
 */
export async function planKills(traceFile: string, folders: readonly string[]): Promise<KillPlan> {
  const lines = (await readFile(traceFile, "utf8")).split("\n");
  const isMeant = (line: string) => folders.some((folder) => line.includes(folder));
  const firstLine = lines.findIndex((line) => isMeant(line) && changesDisk(line, folders));
  const start = Number(lines[firstLine]?.split(/ +/)[1]);
  const calls = lines.flatMap((line) => readCall(line, folders));
  const counts = new Map<string, number>();
  const earliest = new Map<string, TracedCall & KillPoint>();
  for (const call of calls) {
    const ordinal = (counts.get(`${call.thread} ${call.call}`) ?? 0) + 1;
    counts.set(`${call.thread} ${call.call}`, ordinal);
    const key = `${call.call} ${ordinal}`;
    if (call.call !== "openat" && !earliest.has(key)) earliest.set(key, { ...call, ordinal });
  }
  const met = [...earliest.values()].filter(({ at }) => at >= start).sort((a, b) => a.at - b.at);
  const changes = calls.filter(({ at, changesDisk: changes }) => changes && at >= start);
  const reached = changes.filter(({ at }, index) =>
    met.some((point) => point.at <= at && point.at > (changes[index - 1]?.at ?? 0)),
  );
  return {
    points: met.map(({ call, ordinal }) => ({ call, ordinal })),
    states: changes.length,
    reached: reached.length,
  };
}

/** One line of strace's: `22760 1795469736.123456 rename("a", "b") = 0`. */
function readCall(line: string, folders: readonly string[]): TracedCall[] {
  const match = /^(\d+) +(\d+\.\d+) (\w+)\(/.exec(line);
  const [, thread, at, call] = match ?? [];
  if (thread === undefined || at === undefined || call === undefined) return [];
  return [{ thread, at: Number(at), call, changesDisk: changesDisk(line, folders) }];
}

function changesDisk(line: string, folders: readonly string[]): boolean {
  const call = /^\d+ +[\d.]+ (\w+)\(/.exec(line)?.[1] ?? "";
  if (/ = -1 E/.test(line)) return false;
  if (call === "openat") {
    return line.includes("O_CREAT") && folders.some((folder) => line.includes(`${folder}/`));
  }
  return !["write", "fsync", "fdatasync"].includes(call) && (SWEPT_CALLS as readonly string[]).includes(call);
}

import { hashBlob } from "../mirror/hash-blob.ts";
import type { SyncObserver } from "../mirror/run-events.ts";
import { isJamError, toJamError } from "../shared/errors.ts";
import { mapConcurrently } from "../shared/map-concurrently.ts";
import type { Sha256 } from "../shared/sha256.ts";
import type { BlobStore } from "../store/store.ts";
import type { Pace } from "./pace.ts";
import type { VerifiedMemory } from "./verified-memory.ts";
import type { VerifyFault } from "./verify-document.ts";

/** Tarballs that are hashed at the same time: two for each thread, so that none waits until the next one is open. */
const HASHED_AT_ONCE = 4;
/** Where little is hashed in a run, fewer are begun: what is begun is also ended. */
const HASHED_AT_ONCE_IF_LIMITED = 2;
/** Larger ones are hashed one by one: a message to a thread and its answer cost as much as 100 KB. */
const SMALL_BYTES = 4 << 20;
/** Small ones that are hashed in one go: some milliseconds, so that threads end at about the same time. */
const MOST_BYTES_IN_A_GO = 8 << 20;
const MOST_IN_A_GO = 256;

/** A tarball that snapshots list. */
export interface ListedTarball {
  readonly sha256: Sha256;
  /** Bytes. */
  readonly size: number;
  /** For people. */
  readonly path: string;
}

/** What is wrong with a tarball. */
export type TarballFault = Pick<VerifyFault, "state" | "how"> & {
  readonly sha256: Sha256;
  /** Its file ends too early. */
  readonly isTruncated?: boolean;
};

export interface TarballCheck {
  readonly blobs: Pick<BlobStore, "stat" | "open" | "findWhole">;
  readonly isDeep: boolean;
  /** Noted as damaged, for example by a server: these are hashed in any case. */
  readonly noted: ReadonlySet<Sha256>;
  readonly pace: Pace;
  /** When each was hashed last; what is hashed now is entered. */
  readonly verified: VerifiedMemory;
  readonly observe: SyncObserver;
  /** Called as soon as a fault is found. */
  readonly onFault: (fault: TarballFault) => Promise<void>;
  /** Called after each tarball that was hashed and is whole. */
  readonly onVerified: () => Promise<void>;
  readonly now: () => Date;
  readonly signal: AbortSignal;
}

/** What was looked at. */
export interface CheckedTarballs {
  readonly tarballs: number;
  readonly bytes: number;
  /** Left for the next run. */
  readonly remaining: number;
}

/**
 * Checks that every tarball is there and has its size. If it is deep, it also hashes them, the one that waits longest
 * first, until the pace is over; otherwise only those that are noted as damaged.
 * @throws JamError JAM_STORE_…, the reason of the signal
 */
export async function checkTarballs(
  listed: readonly ListedTarball[],
  check: TarballCheck,
): Promise<CheckedTarballs> {
  const { isDeep, noted, observe, verified } = check;
  const found = await mapConcurrently(listed, (tarball) => findBySize(tarball, check));
  const toHash = listed.filter(({ sha256 }, at) => found[at] === true && (isDeep || noted.has(sha256)));
  if (!isDeep && toHash.length === 0) return { tarballs: listed.length, bytes: 0, remaining: 0 };
  // Of those that wait as long, the largest first: all threads then end at about the same time.
  const queue = toHash.toSorted(
    (a, b) => compare(verified.get(a.sha256), verified.get(b.sha256)) || b.size - a.size,
  );
  observe({ kind: "planned", items: queue.length, bytes: sum(queue) });
  const atOnce = check.pace.isLimited ? HASHED_AT_ONCE_IF_LIMITED : HASHED_AT_ONCE;
  const groups = check.pace.isLimited ? queue.map((tarball) => [tarball]) : groupSmall(queue);
  const hashed = await mapConcurrently(groups, (group) => hashGroup(group, check), atOnce);
  const done = hashed.flat();
  const remaining = queue.length - done.length;
  return { tarballs: listed.length - remaining, bytes: sum(done), remaining };
}

async function findBySize(
  { sha256, size }: ListedTarball,
  { blobs, onFault }: TarballCheck,
): Promise<boolean> {
  try {
    const stat = await blobs.stat(sha256);
    if (stat?.size === size) return true;
    if (stat === undefined) await onFault({ sha256, state: "missing", how: "it is not in the store" });
    else {
      const how = `it has ${stat.size} bytes instead of ${size}`;
      await onFault({ sha256, state: "damaged", how, isTruncated: stat.size < size });
    }
  } catch (error) {
    await onFault({ sha256, state: "unreadable", how: toJamError(error).message });
  }
  return false;
}

/** In the same order. */
function groupSmall(queue: readonly ListedTarball[]): ListedTarball[][] {
  const groups: ListedTarball[][] = [];
  let bytes = Infinity;
  for (const tarball of queue) {
    const group = groups.at(-1);
    bytes += tarball.size;
    if (group === undefined || bytes > MOST_BYTES_IN_A_GO || group.length === MOST_IN_A_GO) {
      groups.push([tarball]);
      bytes = tarball.size > SMALL_BYTES ? Infinity : tarball.size;
    } else group.push(tarball);
  }
  return groups;
}

/** Those that were looked at. What is not whole is hashed once more, alone: that finds the reason. */
async function hashGroup(group: readonly ListedTarball[], check: TarballCheck): Promise<ListedTarball[]> {
  check.signal.throwIfAborted();
  const whole = group.length > 1 ? await check.blobs.findWhole?.(group) : undefined;
  const looked: ListedTarball[] = [];
  for (const tarball of group) {
    if (whole?.has(tarball.sha256) === true) await tellWhole(tarball, check);
    else if (!(await hashOne(tarball, check))) continue;
    looked.push(tarball);
  }
  return looked;
}

/** Tells of a tarball that was hashed in one go with others. */
async function tellWhole({ path, size, sha256 }: ListedTarball, check: TarballCheck): Promise<void> {
  check.observe({ kind: "item-started", path, size, received: 0 });
  check.observe({ kind: "item-bytes", path, bytes: size });
  check.observe({ kind: "item-done", path, size });
  check.verified.set(sha256, check.now().toISOString());
  await check.onVerified();
}

/** True when it was looked at; false when the pace was over before. */
async function hashOne(tarball: ListedTarball, check: TarballCheck): Promise<boolean> {
  const { observe, onFault, signal, pace } = check;
  signal.throwIfAborted();
  if (pace.isOver()) return false;
  const { path, size, sha256 } = tarball;
  observe({ kind: "item-started", path, size, received: 0 });
  const fault = await findFault(tarball, check);
  if (fault === undefined) {
    observe({ kind: "item-done", path, size });
    check.verified.set(sha256, check.now().toISOString());
    await check.onVerified();
  } else {
    observe({ kind: "item-failed", path, code: "JAM_STORE_CORRUPT", message: fault.how });
    check.verified.delete(sha256);
    await onFault({ sha256, ...fault });
  }
  return true;
}

async function findFault(
  { sha256, path }: ListedTarball,
  { blobs, pace, observe, signal }: TarballCheck,
): Promise<Pick<TarballFault, "state" | "how"> | undefined> {
  try {
    const blob = await blobs.open(sha256);
    if (blob === undefined) return { state: "missing", how: "it is not in the store" };
    try {
      const onBytes = async (bytes: number) => {
        observe({ kind: "item-bytes", path, bytes });
        await pace.spend(bytes);
      };
      const hashed = await hashBlob(blob, { onBytes, signal });
      if (hashed === undefined) return { state: "unreadable", how: "it is being written to" };
      if (hashed.sha256 === sha256) return undefined;
      return { state: "damaged", how: `its bytes have the SHA-256 ${hashed.sha256}` };
    } finally {
      await blob.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    const { message } = toJamError(error);
    return { state: isJamError(error, "JAM_STORE_CORRUPT") ? "damaged" : "unreadable", how: message };
  }
}

function compare(one = "", other = ""): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function sum(tarballs: readonly ListedTarball[]): number {
  return tarballs.reduce((bytes, { size }) => bytes + size, 0);
}

import { defined } from "../../shared/collections.ts";
import { constants } from "node:fs";
import { open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { removeFile, temporaryPath } from "../../disk/durable-write.ts";
import { attempt, attemptUnlessAbsent, lstatOrNothing } from "../../disk/io-error.ts";
import { JamError, isJamError } from "../../shared/errors.ts";
import { type LockedPlace, leaseLost, lockedBy } from "../store-errors.ts";
import type { LeaseHolder, WriterLease } from "../store.ts";

/** Somebody who asks for the holder holds the lock for microseconds; a real writer outlives these attempts. */
const ATTEMPTS = 5;
const ATTEMPT_INTERVAL_MS = 20;

/** Primary result codes. Source: https://sqlite.org/rescode.html */
const SQLITE_BUSY = 5;
const SQLITE_READONLY = 8;
const SQLITE_CANTOPEN = 14;
const SQLITE_NOTADB = 26;

/** How often a lease is looked after. Whatever must not happen after a loss looks itself, at once. */
const WATCH_INTERVAL_MS = 1000;

/** A place in the data directory that one process has at a time: the file that is locked, and the note on who locked it. */
interface Lock {
  readonly place: LockedPlace;
  readonly database: string;
  readonly note: string;
}

/** Who changes the store. */
export const WRITER_LOCK: Lock = { place: "writer", database: "lock.db", note: "lock.json" };

/** Who stores what it pulls through; nobody else touches the files on their way then. */
export const CACHE_LOCK: Lock = { place: "cache", database: "cache-lock.db", note: "cache-lock.json" };

/**
 * Throws JAM_STORE_LOCKED when a lease that was taken through this opening of the store has been lost: somebody else may
 * count on what the caller is about to change.
 */
export type RequireHeld = () => void;

/** The writer's place of a data directory. */
export interface FsWriterLease extends WriterLease {
  readonly requireHeld: RequireHeld;
}

/** A place in a folder; `recover` puts right what crashed runs left, and gives a note on it. */
export function fsLease(
  root: string,
  lock: Lock,
  {
    now,
    recover,
  }: {
    readonly now: () => Date;
    readonly recover: (requireHeld: RequireHeld) => Promise<string | undefined>;
  },
): FsWriterLease {
  let held: FsLease | undefined;
  return {
    async acquire(command) {
      const holder = { host: hostname(), pid: process.pid, command, since: now() };
      const lease = await takeLock(root, lock, holder);
      held = lease;
      try {
        const note = await recover(() => lease.requireHeld());
        return { ...defined({ note }), lost: lease.lost, release: () => lease.release() };
      } catch (error) {
        await lease.release();
        throw error;
      }
    },
    holder: () => currentHolder(root, lock),
    requireHeld: () => held?.requireHeld(),
  };
}

/** Runs `act` while nobody has this place and nobody can take it; false, and nothing was run, where that is not certain. */
export async function whileUnlocked(root: string, lock: Lock, act: () => Promise<void>): Promise<boolean> {
  const { DatabaseSync } = await import("node:sqlite");
  let database: DatabaseSync;
  try {
    database = lockExclusively(new DatabaseSync(join(root, lock.database), { timeout: 0 }));
  } catch (error) {
    if (sqliteResult(error) === undefined) throw error;
    return false;
  }
  try {
    await act();
    return true;
  } finally {
    database.close();
  }
}

/**
 * Takes a place: an exclusive transaction on its database. The kernel ends it with the process, however that dies; a
 * stopped process keeps it. The note tells others who it is and decides nothing.
 * @throws JamError JAM_STORE_LOCKED, JAM_STORE_PERMISSION, JAM_STORE_IO, JAM_MIRROR_EMPTY
 */
async function takeLock(root: string, lock: Lock, holder: LeaseHolder): Promise<FsLease> {
  const { DatabaseSync } = await import("node:sqlite");
  const path = join(root, lock.database);
  const locked = async (cause?: unknown) => lockedBy(await readHolder(root, lock), lock.place, cause);
  for (let turn = 1; ; turn += 1) {
    const before = lockFile(path);
    try {
      const database = lockExclusively(new DatabaseSync(path, { timeout: 0 }));
      // What was locked is the file of that name before and after: else it was replaced meanwhile, and is nobody's.
      const after = lockFile(path);
      if (after !== undefined && (before === undefined || before === after))
        return await holdLease(root, new FsLease(root, lock, { database, identity: after }), holder);
      database.close();
      if (turn === ATTEMPTS) throw await locked();
    } catch (error) {
      const result = sqliteResult(error);
      if (result === undefined) throw error;
      // Emptied in place, never replaced: a lock that another process got meanwhile is on this very file.
      if (result === SQLITE_NOTADB) await empty(path);
      else if (result !== SQLITE_BUSY) throw await lockFailed(root, lock, { result, cause: error });
      if (turn === ATTEMPTS) throw await locked(error);
      if (result === SQLITE_BUSY) await delay(ATTEMPT_INTERVAL_MS);
    }
  }
}

/** A lock on the file of a place. It is lost when that name is gone or names another file, which others can lock. */
class FsLease {
  readonly #lost = new AbortController();
  readonly #root: string;
  readonly #lock: Lock;
  readonly #database: DatabaseSync;
  readonly #identity: string;
  readonly #watch: NodeJS.Timeout;
  #isReleased = false;

  constructor(
    root: string,
    lock: Lock,
    { database, identity }: { readonly database: DatabaseSync; readonly identity: string },
  ) {
    this.#root = root;
    this.#lock = lock;
    this.#database = database;
    this.#identity = identity;
    this.#watch = setInterval(() => this.#look(), WATCH_INTERVAL_MS).unref();
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** One system call of a few microseconds. */
  requireHeld(): void {
    if (!this.#isReleased) this.#look();
    this.lost.throwIfAborted();
  }

  async release(): Promise<void> {
    if (this.#isReleased) return;
    this.#look();
    this.#isReleased = true;
    clearInterval(this.#watch);
    try {
      // After a loss the note may be another writer's.
      if (!this.lost.aborted) await removeFile(this.notePath);
    } finally {
      this.#database.close();
    }
  }

  get notePath(): string {
    return join(this.#root, this.#lock.note);
  }

  #look(): void {
    const path = join(this.#root, this.#lock.database);
    if (this.lost.aborted || isSameLock(path, this.#identity)) return;
    clearInterval(this.#watch);
    this.#lost.abort(leaseLost(this.#root, path, this.#lock.place));
  }
}

/** A file keeps its number while it is open, so no other one can have it. */
function isSameLock(path: string, identity: string): boolean {
  try {
    return lockFile(path) === identity;
  } catch {
    return false;
  }
}

/**
 * What tells the lock file from another one in its place; undefined when there is none. What is behind a link is not
 * ours to lock, and never ours to empty.
 */
function lockFile(path: string): string | undefined {
  const found = lstatOrNothing(path);
  if (found === undefined) return undefined;
  if (found.isFile()) return `${found.dev} ${found.ino}`;
  throw new JamError("JAM_STORE_CORRUPT", `${path} is not a plain file.`, {
    hint: "Look at what is at this path, move it away, then run the command again.",
    details: { path },
  });
}

/** Who has a place now; what a dead holder left in its note does not count. */
async function currentHolder(root: string, lock: Lock): Promise<LeaseHolder | undefined> {
  const holder = await readHolder(root, lock);
  if (holder === undefined) return undefined;
  return (await isLocked(join(root, lock.database))) ? holder : undefined;
}

async function empty(path: string): Promise<void> {
  const file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW);
  try {
    await file.truncate(0);
  } finally {
    await file.close();
  }
}

function lockExclusively(database: DatabaseSync): DatabaseSync {
  try {
    // A journal in memory: taking the lock writes nothing, so it works on a full disk and a kill leaves no journal.
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

async function holdLease(root: string, lease: FsLease, holder: LeaseHolder): Promise<FsLease> {
  const path = lease.notePath;
  try {
    await writeHolder(root, path, holder);
  } catch (error) {
    // Who has to make room on a full disk needs the lock, though nobody can read who holds it then.
    if (isJamError(error, "JAM_STORE_NO_SPACE")) await removeFile(path);
    else {
      await lease.release();
      throw error;
    }
  }
  return lease;
}

async function writeHolder(root: string, path: string, holder: LeaseHolder): Promise<void> {
  const staged = temporaryPath(root);
  await attempt(`write ${path}`, async () => {
    try {
      await writeFile(staged, `${JSON.stringify(holder)}\n`, { flag: "wx", mode: 0o644 });
      await rename(staged, path);
    } catch (error) {
      await rm(staged, { force: true });
      throw error;
    }
  });
}

async function isLocked(path: string): Promise<boolean> {
  const { DatabaseSync } = await import("node:sqlite");
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0, readOnly: true });
    database.exec("SELECT count(*) FROM sqlite_schema");
    return false;
  } catch (error) {
    return sqliteResult(error) === SQLITE_BUSY;
  } finally {
    database?.close();
  }
}

async function readHolder(root: string, lock: Lock): Promise<LeaseHolder | undefined> {
  const path = join(root, lock.note);
  const text = await attemptUnlessAbsent(`read ${path}`, () => readFile(path, "utf8"));
  try {
    const { host, pid, command, since } = JSON.parse(text ?? "") as Record<string, unknown>;
    const holder = {
      host: String(host),
      pid: Number(pid),
      command: String(command),
      since: new Date(String(since)),
    };
    return Number.isNaN(holder.since.getTime()) ? undefined : holder;
  } catch {
    return undefined;
  }
}

/** The primary result code of an SQLite failure, or undefined for another error. */
function sqliteResult(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error)) return undefined;
  return typeof error.errcode === "number" ? error.errcode & 0xff : undefined;
}

async function lockFailed(
  root: string,
  lock: Lock,
  { result, cause }: { readonly result: number; readonly cause: unknown },
): Promise<JamError> {
  const path = join(root, lock.database);
  const format = join(root, "format");
  const marker = await attemptUnlessAbsent(`read ${format}`, () => readFile(format)).catch(
    () => new Uint8Array(),
  );
  if (marker === undefined && result === SQLITE_CANTOPEN) {
    return new JamError("JAM_MIRROR_EMPTY", `There is no mirror in ${root} yet.`, {
      cause,
      hint: "Run `jam sync`.",
    });
  }
  const isForbidden = result === SQLITE_READONLY || result === SQLITE_CANTOPEN;
  return new JamError(isForbidden ? "JAM_STORE_PERMISSION" : "JAM_STORE_IO", `Cannot lock ${path}.`, {
    cause,
    hint: isForbidden
      ? "Run as the user that owns the data directory, or give this user the right to write there."
      : "Put the data directory on a file system that supports file locks.",
    details: { path, sqlite: result },
  });
}

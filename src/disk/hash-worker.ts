import { createHash, type Hash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { parentPort } from "node:worker_threads";

/*
 * This file imports nothing of the project: a thread loads its code anew, which takes time and memory.
 */

/**
 * What the thread does next for one hash; it answers before the next task of the same job is sent. `fd` is an open file of
 * this process: threads share descriptors.
 */
export type HashTask =
  /** Hashes a part of a file; where `isLast` and the file does not end before, that ends the job as well. */
  | {
      readonly job: number;
      readonly do: "read";
      readonly fd: number;
      readonly start: number;
      readonly end: number;
      readonly isLast: boolean;
    }
  /** Hashes bytes of shared memory. */
  | { readonly job: number; readonly do: "add"; readonly bytes: Uint8Array }
  /** Writes bytes of shared memory to a file, then hashes them while the processor has them in its cache. */
  | {
      readonly job: number;
      readonly do: "write";
      readonly bytes: Uint8Array;
      readonly fd: number;
      readonly position: number;
    }
  /** Writes a part of one file to another and hashes it. It ends early where the part cannot be read. */
  | {
      readonly job: number;
      readonly do: "copy";
      readonly fd: number;
      readonly start: number;
      readonly end: number;
      readonly to: number;
      readonly position: number;
    }
  /** Opens files, and compares their bytes with the hashes that they should have; a job of its own. */
  | { readonly job: number; readonly do: "compare"; readonly files: readonly HashedPath[] }
  /** Ends the job. */
  | { readonly job: number; readonly do: "finish" };

/** A file, and what it should be. */
export interface HashedPath {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
}

/** What became of a task. */
export type HashAnswer =
  | {
      readonly job: number;
      readonly bytes: number;
      readonly digest?: string;
      /** For each file that was compared. */
      readonly isWhole?: readonly boolean[];
    }
  | { readonly job: number; readonly error: { readonly message: string; readonly code: string | undefined } };

const hashes = new Map<number, Hash>();
/** What was read is hashed while the processor has it in its own cache: 1 MiB takes 7 % longer for each byte. */
const buffer = Buffer.allocUnsafeSlow(2 ** 18);

function perform(task: HashTask): HashAnswer {
  const { job } = task;
  if (task.do === "compare") return { job, bytes: 0, isWhole: task.files.map((file) => isWhole(file)) };
  const hash = hashes.get(job) ?? createHash("sha256");
  hashes.set(job, hash);
  try {
    switch (task.do) {
      case "read": {
        const bytes = readPart(task, hash);
        if (!task.isLast || bytes < task.end - task.start) return { job, bytes };
        return { job, bytes, digest: finish(job, hash) };
      }
      case "write":
        writeAll(task);
        hash.update(task.bytes);
        return { job, bytes: task.bytes.length };
      case "copy":
        return { job, bytes: copyPart(task, hash) };
      case "add":
        hash.update(task.bytes);
        return { job, bytes: task.bytes.length };
      case "finish":
        return { job, bytes: 0, digest: finish(job, hash) };
    }
  } catch (error) {
    hashes.delete(job);
    const message = error instanceof Error ? error.message : String(error);
    return { job, error: { message, code: (error as NodeJS.ErrnoException).code } };
  }
}

function finish(job: number, hash: Hash): string {
  hashes.delete(job);
  return hash.digest("hex");
}

/** The number of bytes read: fewer where the file ends. */
function readPart(
  part: { readonly fd: number; readonly start: number; readonly end: number },
  hash: Hash,
): number {
  const { fd, start, end } = part;
  let position = start;
  while (position < end) {
    const count = readSync(fd, buffer, 0, Math.min(buffer.length, end - position), position);
    if (count === 0) break;
    hash.update(buffer.subarray(0, count));
    position += count;
  }
  return position - start;
}

/** The number of bytes copied. A piece stays in this processor's cache from the read to the hash. */
function copyPart(part: Extract<HashTask, { readonly do: "copy" }>, hash: Hash): number {
  const { start, end, to } = part;
  for (let position = start; position < end;) {
    const count = readOrEnd(part.fd, Math.min(buffer.length, end - position), position);
    if (count === 0) return position - start;
    const bytes = buffer.subarray(0, count);
    writeAll({ fd: to, bytes, position: part.position + position - start });
    hash.update(bytes);
    position += count;
  }
  return end - start;
}

/** Whoever wanted the bytes reads them itself, and meets the failure. */
function readOrEnd(fd: number, bytes: number, position: number): number {
  try {
    return readSync(fd, buffer, 0, bytes, position);
  } catch {
    return 0;
  }
}

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
/** What changed later than that may change again without another date: some file systems keep whole or even seconds. */
const SETTLED_MS = 2_100n;

/**
 * Whether a regular file has this size and hash, and did not change meanwhile. False also where that could not be told:
 * whoever asks looks again, and finds the reason.
 */
function isWhole({ path, size, sha256 }: HashedPath): boolean {
  let fd: number | undefined;
  try {
    fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const before = fstatSync(fd, { bigint: true });
    const ageMs = BigInt(Date.now()) - before.ctimeNs / 1_000_000n;
    if (!before.isFile() || before.size !== BigInt(size) || ageMs < SETTLED_MS) return false;
    const hash = createHash("sha256");
    if (readPart({ fd, start: 0, end: size }, hash) < size || hash.digest("hex") !== sha256) return false;
    const after = fstatSync(fd, { bigint: true });
    return after.size === before.size && after.mtimeNs === before.mtimeNs && after.ctimeNs === before.ctimeNs;
  } catch {
    return false;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function writeAll({
  fd,
  bytes,
  position,
}: {
  readonly fd: number;
  readonly bytes: Uint8Array;
  readonly position: number;
}) {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(fd, bytes, done, bytes.length - done, position + done);
  }
}

parentPort?.on("message", (task: HashTask | { readonly forget: number }) => {
  if ("forget" in task) hashes.delete(task.forget);
  // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  else parentPort?.postMessage(perform(task));
});

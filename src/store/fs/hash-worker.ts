import { createHash, type Hash } from "node:crypto";
import { readSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { systemCode } from "../../shared/errors.ts";
import { READ_BYTES } from "../../shared/limits.ts";

/** A part of a file for the thread to hash; the next part of the same job is sent when it has answered. */
export interface HashPart {
  readonly job: number;
  /** An open file of this process: threads share descriptors. */
  readonly fd: number;
  readonly start: number;
  readonly end: number;
  readonly isLast: boolean;
}

/** What became of a part. */
export type HashedPart =
  | { readonly job: number; readonly read: number; readonly digest?: string }
  | { readonly job: number; readonly error: { readonly message: string; readonly code: string | undefined } };

const hashes = new Map<number, Hash>();
const buffer = Buffer.allocUnsafeSlow(READ_BYTES);

function hashPart({ job, fd, start, end, isLast }: HashPart): HashedPart {
  const hash = hashes.get(job) ?? createHash("sha256");
  hashes.set(job, hash);
  let position = start;
  try {
    while (position < end) {
      const count = readSync(fd, buffer, 0, Math.min(buffer.length, end - position), position);
      if (count === 0) break;
      hash.update(buffer.subarray(0, count));
      position += count;
    }
  } catch (error) {
    hashes.delete(job);
    const message = error instanceof Error ? error.message : String(error);
    return { job, error: { message, code: systemCode(error) } };
  }
  const read = position - start;
  if (!isLast && position === end) return { job, read };
  hashes.delete(job);
  return position === end ? { job, read, digest: hash.digest("hex") } : { job, read };
}

parentPort?.on("message", (part: HashPart | { readonly forget: number }) => {
  if ("forget" in part) hashes.delete(part.forget);
  // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  else parentPort?.postMessage(hashPart(part));
});

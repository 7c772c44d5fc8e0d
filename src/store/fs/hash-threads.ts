import { availableParallelism } from "node:os";
import type { Worker } from "node:worker_threads";
import { parseSha256, type Sha256 } from "../../shared/sha256.ts";
import type { HashedPart, HashPart } from "./hash-worker.ts";

/** Files that are hashed at the same time take turns after so many bytes. */
const PART_BYTES = 4 << 20;

const MAX_THREADS = Math.max(1, Math.min(2, availableParallelism()));

/** A thread that nobody needs for so long ends, and its memory is free again. */
const IDLE_MS = 10_000;

/** The result for a file: no digest where it ended early, after `read` bytes. */
export interface HashedFile {
  readonly digest: Sha256 | undefined;
  readonly read: number;
}

/** What is reported of hashing, and what ends it. */
export interface HashWatch {
  readonly onBytes: ((bytes: number) => void | Promise<void>) | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Hashes open files in up to two threads, so that a process which serves or prints meanwhile is not held up. Threads begin
 * with the first file, and keep the process alive only while they work.
 */
export class HashThreads {
  readonly #threads: HashThread[] = [];
  #nextJob = 0;

  /**
   * Hashes the first `size` bytes of an open file, which has to stay open until this has settled.
   * @throws a system error, the reason of the signal
   */
  async hash(fd: number, size: number, { onBytes, signal }: HashWatch): Promise<HashedFile> {
    signal?.throwIfAborted();
    const thread = await this.#leastBusy();
    const job = this.#nextJob++;
    thread.begin();
    let isDone = false;
    try {
      for (let start = 0; ;) {
        const end = Math.min(start + PART_BYTES, size);
        const part = await thread.run({ job, fd, start, end, isLast: end === size });
        if ("error" in part) throw Object.assign(new Error(part.error.message), { code: part.error.code });
        start += part.read;
        isDone = end === size || start < end;
        await onBytes?.(part.read);
        if (isDone) return { digest: parseSha256(part.digest), read: start };
        signal?.throwIfAborted();
      }
    } finally {
      if (!isDone) thread.forget(job);
      thread.end();
    }
  }

  async #leastBusy(): Promise<HashThread> {
    const { Worker } = await import("node:worker_threads");
    const living = this.#threads.filter((thread) => !thread.isOver);
    this.#threads.splice(0, this.#threads.length, ...living);
    const [idlest] = living.toSorted((a, b) => a.jobs - b.jobs);
    if (idlest !== undefined && (idlest.jobs === 0 || living.length >= MAX_THREADS)) return idlest;
    // The compiler rewrites file extensions in imports only, so the thread's file has the extension of this one.
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    const worker = new Worker(new URL(`./hash-worker.${extension}`, import.meta.url), {
      resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 },
    });
    const thread = new HashThread(worker);
    this.#threads.push(thread);
    return thread;
  }
}

/** One thread and the files that it hashes, part by part. */
class HashThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, PromiseWithResolvers<HashedPart>>();
  #jobs = 0;
  #isOver = false;
  #idle: NodeJS.Timeout | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.unref();
    worker.on("message", (part: HashedPart) => {
      this.#waiting.get(part.job)?.resolve(part);
      this.#waiting.delete(part.job);
    });
    worker.on("error", (error) => this.#fail(error));
    worker.on("exit", () => this.#fail(new Error("The thread that hashes ended.")));
  }

  get jobs(): number {
    return this.#jobs;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  begin(): void {
    clearTimeout(this.#idle);
    if (this.#jobs++ === 0) this.#worker.ref();
  }

  end(): void {
    if (--this.#jobs > 0) return;
    this.#worker.unref();
    this.#idle = setTimeout(() => {
      this.#isOver = true;
      void this.#worker.terminate();
    }, IDLE_MS).unref();
  }

  run(part: HashPart): Promise<HashedPart> {
    if (this.#isOver) return Promise.reject(new Error("The thread that hashes ended."));
    const waiting = Promise.withResolvers<HashedPart>();
    this.#waiting.set(part.job, waiting);
    // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    this.#worker.postMessage(part);
    return waiting.promise;
  }

  /** Drops what was hashed of a file so far. */
  forget(job: number): void {
    // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    this.#worker.postMessage({ forget: job });
  }

  #fail(error: unknown): void {
    this.#isOver = true;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

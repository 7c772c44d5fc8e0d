import { getCompileCacheDir } from "node:module";
import { availableParallelism } from "node:os";
import type { Worker } from "node:worker_threads";
import type { FilePart } from "../shared/file-part.ts";
import { defined } from "../shared/collections.ts";
import { parseSha256, type Sha256 } from "../shared/sha256.ts";
import type { HashAnswer, HashedPath, HashTask } from "./hash-worker.ts";

/** Files that are hashed at the same time take turns after so many bytes. */
const PART_BYTES = 4 << 20;

const MOST_THREADS = Math.max(1, Math.min(2, availableParallelism()));

/** Threads for whoever is busy with bringing the bytes meanwhile. */
export const SPARE_THREADS = Math.max(1, Math.min(2, availableParallelism() - 1));

/** A thread that nobody needs for so long ends, and its memory is free again. */
const IDLE_MS = 10_000;

type WorkerClass = typeof Worker;

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

/** Hashes open files. */
export interface FileHasher {
  /**
   * Hashes the first `size` bytes of an open file, which has to stay open until this has settled.
   * @throws a system error, the reason of the signal, HashThreadError
   */
  hash(fd: number, size: number, watch: HashWatch): Promise<HashedFile>;
  /**
   * Opens and hashes small files with one message for all of them; for each, whether it is a regular file that has this size
   * and hash and did not change meanwhile. False also when that could not be found out. Undefined when it would not be faster.
   * @throws HashThreadError
   */
  areWhole?(files: readonly HashedPath[]): Promise<readonly boolean[]>;
}

/** A thread did not start or broke down: nothing is wrong with the file, and this process can do the work itself. */
export class HashThreadError extends Error {
  constructor(cause?: unknown) {
    super("The thread that hashes ended.", { cause });
  }
}

/** One SHA-256 that a thread computes; one call at a time. Whoever began it ends it. */
export interface ThreadHash {
  /** True while the thread computes nothing else. */
  readonly isAlone: boolean;
  /**
   * Hashes a part of an open file; resolves to the number of bytes, fewer where the file ends.
   * @throws a system error, HashThreadError
   */
  read(fd: number, start: number, end: number): Promise<number>;
  /**
   * As `read`, and computes the result, unless the file ends before.
   * @throws a system error, HashThreadError
   */
  readLast(fd: number, start: number, end: number): Promise<HashedFile>;
  /**
   * Hashes bytes of shared memory, which must not change until this has settled.
   * @throws HashThreadError
   */
  add(bytes: Uint8Array): Promise<void>;
  /**
   * Writes bytes of shared memory to an open file and hashes them. Neither may change or close until this has settled.
   * @throws a system error, HashThreadError
   */
  write(fd: number, bytes: Uint8Array, position: number): Promise<void>;
  /**
   * Writes a part of an open file to another one and hashes it; resolves to the number of bytes, fewer where the part ends
   * early or cannot be read.
   * @throws a system error of the write, HashThreadError
   */
  copy(part: FilePart, to: { readonly fd: number; readonly position: number }): Promise<number>;
  /** Computes the result. @throws HashThreadError */
  finish(): Promise<Sha256>;
  /** Gives the place in the thread back. Call it once, when no other call is under way. */
  end(): void;
}

/**
 * Hashes in up to two threads, so that a process which serves, receives or prints meanwhile is not held up. Threads begin
 * with the first hash, and keep the process alive only while they work.
 */
class HashThreads implements FileHasher {
  #threads: HashThread[] = [];
  #nextJob = 0;

  /**
   * Begins a hash in the thread that has least to do.
   * @param most threads to use: fewer than there are processors where this thread is busy itself
   */
  async begin(most = MOST_THREADS): Promise<ThreadHash> {
    const { Worker } = await import("node:worker_threads");
    // Chosen and begun at once: two that begin together would choose the same thread.
    const thread = this.#leastBusy(most, Worker);
    thread.begin();
    const job = this.#nextJob++;
    let isFinished = false;
    return {
      get isAlone() {
        return thread.jobs === 1;
      },
      read: async (fd, start, end) =>
        (await thread.run({ job, do: "read", fd, start, end, isLast: false })).bytes,
      async readLast(fd, start, end) {
        const { bytes, digest } = await thread.run({ job, do: "read", fd, start, end, isLast: true });
        isFinished = digest !== undefined;
        return { digest: parseSha256(digest), read: bytes };
      },
      add: async (bytes) => void (await thread.run({ job, do: "add", bytes })),
      write: async (fd, bytes, position) =>
        void (await thread.run({ job, do: "write", fd, bytes, position })),
      copy: async ({ fd, start, end }, { fd: to, position }) =>
        (await thread.run({ job, do: "copy", fd, start, end, to, position })).bytes,
      async finish() {
        const { digest } = await thread.run({ job, do: "finish" });
        isFinished = true;
        return parseSha256(digest) as Sha256;
      },
      end() {
        if (!isFinished) thread.forget(job);
        thread.end();
      },
    };
  }

  async hash(fd: number, size: number, { onBytes, signal }: HashWatch): Promise<HashedFile> {
    signal?.throwIfAborted();
    const hash = await this.begin();
    try {
      for (let start = 0; ;) {
        const end = Math.min(start + PART_BYTES, size);
        // One call for a small file: each waits until this thread has time for the answer.
        const part =
          end < size
            ? { digest: undefined, read: await hash.read(fd, start, end) }
            : await hash.readLast(fd, start, end);
        start += part.read;
        await onBytes?.(part.read);
        if (start < end || part.digest !== undefined) return { digest: part.digest, read: start };
        signal?.throwIfAborted();
      }
    } finally {
      hash.end();
    }
  }

  async areWhole(files: readonly HashedPath[]): Promise<readonly boolean[]> {
    const { Worker } = await import("node:worker_threads");
    const thread = this.#leastBusy(MOST_THREADS, Worker);
    thread.begin();
    try {
      return (await thread.run({ job: this.#nextJob++, do: "compare", files })).isWhole ?? [];
    } finally {
      thread.end();
    }
  }

  /** Starts all threads, for a command that will need them: they start while it loads its own code. */
  async prepare(): Promise<void> {
    const { Worker } = await import("node:worker_threads");
    while (this.#living().length < MOST_THREADS) this.#start(Worker).busyUntilOnline();
  }

  #leastBusy(most: number, Worker: WorkerClass): HashThread {
    const living = this.#living();
    const [idlest] = living.toSorted((a, b) => a.jobs - b.jobs);
    if (idlest !== undefined && (idlest.jobs === 0 || living.length >= most)) return idlest;
    return this.#start(Worker);
  }

  /** Those that have not ended. */
  #living(): readonly HashThread[] {
    this.#threads = this.#threads.filter((thread) => !thread.isOver);
    return this.#threads;
  }

  #start(Worker: WorkerClass): HashThread {
    // The compiler rewrites file extensions in imports only, so the thread's file has the extension of this one.
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    const worker = new Worker(new URL(`./hash-worker.${extension}`, import.meta.url), {
      // Code that is compiled already takes 25 MB less to load.
      env: defined({ NODE_COMPILE_CACHE: getCompileCacheDir() }),
      resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 },
    });
    const thread = new HashThread(worker);
    this.#threads.push(thread);
    return thread;
  }
}

/** The threads of this process, for whoever hashes in it. */
export const hashThreads = new HashThreads();

/** One thread and the hashes that it computes, task by task. */
class HashThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, PromiseWithResolvers<HashAnswer>>();
  #jobs = 0;
  #isOver = false;
  #idle: NodeJS.Timeout | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.unref();
    worker.on("message", (answer: HashAnswer) => {
      this.#waiting.get(answer.job)?.resolve(answer);
      this.#waiting.delete(answer.job);
    });
    worker.on("error", (error) => this.#fail(new HashThreadError(error)));
    worker.on("exit", () => this.#fail(new HashThreadError()));
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

  /** What begins to read the output of a thread keeps the process alive, so that `unref` has an effect only after that. */
  busyUntilOnline(): void {
    this.begin();
    this.#worker.once("online", () => this.end());
  }

  async run(task: HashTask): Promise<Exclude<HashAnswer, { readonly error: unknown }>> {
    if (this.#isOver) throw new HashThreadError();
    const waiting = Promise.withResolvers<HashAnswer>();
    this.#waiting.set(task.job, waiting);
    // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    this.#worker.postMessage(task);
    const answer = await waiting.promise;
    if ("error" in answer) throw toError(answer.error);
    return answer;
  }

  /** Drops what was hashed so far. */
  forget(job: number): void {
    // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    this.#worker.postMessage({ forget: job });
  }

  #fail(error: HashThreadError): void {
    this.#isOver = true;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

/** The system's error; what only the thread itself can have caused counts as its end. */
function toError({ message, code }: { readonly message: string; readonly code: string | undefined }): Error {
  const error = Object.assign(new Error(message), { code });
  return code === undefined || code.startsWith("ERR_") ? new HashThreadError(error) : error;
}

import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import { Worker } from "node:worker_threads";
import { type ListenAddress, type Listening, listenOn } from "../server/http-server.ts";
import type { Damage } from "../server/proven-blobs.ts";
import type { AskQuery } from "../server/queries.ts";
import type { RequestRecord } from "../server/request-log.ts";
import type { ServerCounts } from "../server/server-counts.ts";
import type { FileHasher } from "../disk/hash-threads.ts";
import type { DamageBoard } from "./damage-news.ts";
import { passError, receiveError } from "./passed-errors.ts";
import type { Call, FromWorker, ToWorker, WorkerStart } from "./worker-messages.ts";

/** A worker that failed is replaced after so long. */
const RESTART_MS = 1_000;

/** What all workers begin with. */
type WorkersStart = Omit<WorkerStart, "worker" | "memory" | "compiled">;

/** What all workers share, in the main thread. */
export interface SharedByWorkers {
  readonly counts: ServerCounts;
  readonly board: DamageBoard;
  readonly ask: AskQuery;
  readonly hasher: FileHasher;
  readonly log: (record: RequestRecord) => void;
  readonly onDamage: (damage: Damage) => void;
  /** Told when a worker failed, which is replaced. */
  readonly onFailure: (reason: string) => void;
}

/**
 * The threads that serve next to the main thread, each with a server of its own on the same port. What is found, counted,
 * hashed and asked is found, counted, hashed and asked once for all of them.
 */
export class ServeWorkers {
  readonly #start: WorkersStart;
  readonly #shared: SharedByWorkers;
  readonly #crew = new Map<number, ServeWorker>();
  #address: ListenAddress | undefined;
  #isClosing = false;

  constructor(start: WorkersStart, shared: SharedByWorkers) {
    this.#start = start;
    this.#shared = shared;
  }

  /**
   * Starts all; resolves when they listen.
   * @throws JamError JAM_LISTEN_FAILED, and what kept a thread from starting
   */
  async listen(address: ListenAddress): Promise<void> {
    this.#address = address;
    const numbers = Array.from({ length: this.#start.workers - 1 }, (_, at) => at + 1);
    await Promise.all(numbers.map((worker) => this.#begin(worker, address)));
  }

  /** Lets running transfers end, as for one server. */
  async close({ drainMs }: { readonly drainMs: number }): Promise<void> {
    this.#isClosing = true;
    await Promise.all([...this.#crew.values()].map((worker) => worker.close(drainMs)));
  }

  async #begin(worker: number, address: ListenAddress): Promise<void> {
    const { counts } = this.#shared;
    const compiled = getCompileCacheDir();
    const start = {
      ...this.#start,
      worker,
      memory: counts.memory,
      // Node adds a folder for its version.
      compiled: compiled === undefined ? undefined : dirname(compiled),
    };
    const thread = new ServeWorker(start, this.#shared);
    this.#crew.set(worker, thread);
    void this.#watch(worker, thread);
    await thread.listen(address);
  }

  /** What has to happen when a worker is over. */
  async #watch(worker: number, thread: ServeWorker): Promise<void> {
    const { counts, board } = this.#shared;
    const reason = await thread.ended;
    counts.forgetWorker(worker);
    board.giveUp(counts.damaged);
    if (!this.#isClosing) this.#replace(worker, reason);
  }

  #replace(worker: number, reason: string): void {
    this.#crew.delete(worker);
    if (this.#address === undefined) return;
    const address = this.#address;
    this.#shared.onFailure(reason);
    setTimeout(() => {
      // One that cannot start has ended, and is replaced again.
      if (!this.#isClosing) this.#begin(worker, address).catch(() => undefined);
    }, RESTART_MS).unref();
  }
}

/** One thread that serves. */
class ServeWorker {
  /** Resolves when the thread is over, to the reason. */
  readonly ended: Promise<string>;
  readonly #worker: Worker;
  readonly #shared: SharedByWorkers;
  readonly #running = new Map<number, AbortController>();
  readonly #listening = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();

  constructor(start: WorkerStart, shared: SharedByWorkers) {
    this.#shared = shared;
    // The compiler rewrites file extensions in imports only, so the thread's file has the extension of this one.
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    this.#worker = new Worker(new URL(`./serve-worker.${extension}`, import.meta.url), {
      workerData: start,
      resourceLimits: { maxYoungGenerationSizeMb: 2 },
    });
    this.#worker.on("message", (message: FromWorker) => this.#hear(message));
    this.ended = endOf(this.#worker);
    this.#listening.promise.catch(() => undefined);
    void this.#settle();
  }

  async #settle(): Promise<void> {
    const reason = await this.ended;
    this.#listening.reject(new Error(`A worker of the server did not start: ${reason}`));
    this.#closed.resolve();
    for (const running of this.#running.values()) running.abort();
  }

  async listen(address: ListenAddress): Promise<void> {
    this.#tell({ kind: "listen", address });
    await this.#listening.promise;
  }

  async close(drainMs: number): Promise<void> {
    this.#tell({ kind: "close", drainMs });
    await this.#closed.promise;
    await this.#worker.terminate();
  }

  #tell(message: ToWorker): void {
    // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    this.#worker.postMessage(message);
  }

  #hear(message: FromWorker): void {
    switch (message.kind) {
      case "listening":
        return this.#listening.resolve();
      case "closed":
        return this.#closed.resolve();
      case "failed":
        this.#listening.reject(receiveError(message.error));
        void this.#worker.terminate();
        return;
      case "log":
        for (const record of message.records) this.#shared.log(record);
        return;
      case "damage":
        return this.#shared.onDamage(message.damage);
      case "cancel":
        return this.#running.get(message.id)?.abort();
      case "call":
        void this.#answer(message.id, message.call);
    }
  }

  async #answer(id: number, call: Call): Promise<void> {
    const cancel = new AbortController();
    this.#running.set(id, cancel);
    try {
      this.#tell({ kind: "answer", id, value: await this.#do(call, cancel.signal) });
    } catch (error) {
      this.#tell({ kind: "refusal", id, error: passError(error) });
    } finally {
      this.#running.delete(id);
    }
  }

  #do(call: Call, signal: AbortSignal): Promise<unknown> {
    const { ask, hasher, board } = this.#shared;
    switch (call.what) {
      case "ask":
        return ask(call.name, call.input as never, signal);
      case "hash":
        return hasher.hash(call.fd, call.size, { onBytes: undefined, signal });
      case "news":
        return board.read(call.seen, call.counted);
    }
  }
}

/** Resolves when a thread is over, to the reason. */
async function endOf(worker: Worker): Promise<string> {
  let reason = "its thread ended";
  worker.on("error", (error: unknown) => {
    reason = error instanceof Error ? error.message : String(error);
  });
  await new Promise((resolve) => worker.once("exit", resolve));
  return reason;
}

/**
 * The port that several can share from now on; free when it is 0. Listens there alone for a moment: several would share
 * it with another server as well.
 * @throws JamError JAM_LISTEN_FAILED
 */
export async function findPort(address: ListenAddress): Promise<Listening> {
  const server = process.getBuiltinModule("node:http").createServer();
  const listening = await listenOn(server, address);
  await new Promise((resolve) => server.close(resolve));
  return listening;
}

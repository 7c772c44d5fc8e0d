import { Worker } from "node:worker_threads";
import type { Config } from "../config/config.ts";
import type { AskQuery } from "../server/queries.ts";
import { JamError } from "../shared/errors.ts";
import type { QueryOutcome, QueryTask, QueryWorkerData } from "./query-worker.ts";

/** What a thread and its queries may use. */
export interface QueryLimits {
  /** Queries that wait for the thread; further ones are refused. Default 64. */
  readonly maxWaiting: number;
  /** Bytes of one answer. Default 32 MiB. */
  readonly maxAnswerBytes: number;
  /** A query that takes longer is given up. Default 20 s: a little later the server closes the silent connection. */
  readonly maxQueryMs: number;
  /** When nobody asks for so long, the thread ends and with it what it remembers. Default 1 minute. */
  readonly idleMs: number;
  /** Memory of the thread for long-lived values, in MiB. Default 1024. */
  readonly maxHeapMiB: number;
}

const QUERY_LIMITS: QueryLimits = {
  maxWaiting: 64,
  maxAnswerBytes: 32 * 1024 * 1024,
  maxQueryMs: 20_000,
  idleMs: 60_000,
  maxHeapMiB: 1024,
};

interface Job {
  readonly task: QueryTask;
  readonly signal: AbortSignal;
  readonly resolve: (bytes: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Answers queries in a thread of its own, one after the other, so that whatever else the server does never waits for one.
 * The thread starts with the first query; it never keeps the process alive.
 */
export class QueryThread {
  readonly #config: Config;
  readonly #limits: QueryLimits;
  readonly #waiting: Job[] = [];
  #running: Job | undefined;
  #worker: Worker | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(config: Config, limits: Partial<QueryLimits> = {}) {
    this.#config = config;
    this.#limits = { ...QUERY_LIMITS, ...limits };
  }

  /**
   * The JSON document that answers a query.
   * @throws JamError JAM_SERVER_BUSY, JAM_REQUEST_TOO_LARGE, what the query throws, the reason of the signal
   */
  readonly ask: AskQuery = async (name, input, signal) => {
    signal.throwIfAborted();
    const { maxWaiting } = this.#limits;
    if (this.#waiting.length >= maxWaiting) throw busy(`${maxWaiting} queries are waiting already.`);
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const task = { name, input } as unknown as QueryTask;
    this.#waiting.push({ task, signal, resolve, reject });
    this.#next();
    return promise;
  };

  /** Ends the thread; queries that were not answered are refused. */
  async close(): Promise<void> {
    const jobs = [this.#running, ...this.#waiting.splice(0)];
    this.#running = undefined;
    for (const job of jobs) job?.reject(busy("The server is closing."));
    await this.#end();
  }

  #next(): void {
    if (this.#running !== undefined) return;
    clearTimeout(this.#timer);
    let job = this.#waiting.shift();
    while (job?.signal.aborted === true) {
      job.reject(job.signal.reason);
      job = this.#waiting.shift();
    }
    if (job === undefined) {
      this.#timer = setTimeout(() => void this.#end(), this.#limits.idleMs).unref();
      return;
    }
    this.#running = job;
    const { maxQueryMs } = this.#limits;
    this.#timer = setTimeout(() => {
      this.#settle((one) => one.reject(busy(`The query took longer than ${maxQueryMs / 1000} seconds.`)));
    }, maxQueryMs).unref();
    this.#worker ??= this.#start();
    // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    this.#worker.postMessage(job.task);
  }

  #start(): Worker {
    // The compiler rewrites file extensions in imports only, so the thread's file has the extension of this one.
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    const worker = new Worker(new URL(`./query-worker.${extension}`, import.meta.url), {
      workerData: { config: this.#config, maxBytes: this.#limits.maxAnswerBytes } satisfies QueryWorkerData,
      resourceLimits: { maxOldGenerationSizeMb: this.#limits.maxHeapMiB },
    });
    worker.unref();
    worker.on("message", (outcome: QueryOutcome) => {
      const job = this.#running;
      if (worker !== this.#worker || job === undefined) return;
      this.#running = undefined;
      if ("bytes" in outcome) job.resolve(outcome.bytes);
      else job.reject(JamError.fromReport(outcome.error));
      this.#next();
    });
    worker.on("error", (cause) => {
      if (worker === this.#worker) this.#settle((job) => job.reject(failed(cause)));
    });
    return worker;
  }

  /** Gives up the running query and its thread, whose state is not known any more. */
  #settle(settle: (job: Job) => void): void {
    const job = this.#running;
    this.#running = undefined;
    void this.#end();
    if (job !== undefined) settle(job);
    this.#next();
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    clearTimeout(this.#timer);
    await worker?.terminate();
  }
}

function busy(message: string): JamError {
  return new JamError("JAM_SERVER_BUSY", message, { hint: "Try again in a few seconds, or ask for less." });
}

function failed(cause: unknown): JamError {
  const isMemory = cause instanceof Error && "code" in cause && cause.code === "ERR_WORKER_OUT_OF_MEMORY";
  if (!isMemory) return new JamError("JAM_INTERNAL", "The thread that answers queries failed.", { cause });
  return new JamError("JAM_REQUEST_TOO_LARGE", "The query needs more memory than it may use.", {
    cause,
    hint: "Ask for less at once: fewer controllers in one body, or a smaller limit.",
  });
}

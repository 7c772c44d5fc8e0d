import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { RefreshOutcome } from "../cache/refresh-offer.ts";
import { JamError } from "../shared/errors.ts";
import type { OfferOrder, OfferReply, OfferTask } from "./offer-worker.ts";

/** How long a refresh that is cancelled may take to end by itself. */
const CANCEL_MS = 5_000;

/** When the next refresh does not begin within so long, the thread ends, and its memory is free. */
const IDLE_MS = 20_000;

interface RunningThread {
  readonly worker: Worker;
  /** Aborted when the thread has ended, for whoever waits for its answer. */
  readonly ended: AbortSignal;
}

/**
 * Refreshes the offer in a thread of its own: upstream's documents are several megabytes that are parsed and verified, and
 * downloads must not wait for that. One refresh at a time.
 */
export class RefreshThread {
  readonly #task: OfferTask;
  #thread: RunningThread | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(task: OfferTask) {
    this.#task = task;
  }

  /** @throws JamError JAM_CANCELLED, JAM_STORE_… */
  async refresh(signal: AbortSignal, { asksAll }: { readonly asksAll: boolean }): Promise<RefreshOutcome> {
    clearTimeout(this.#timer);
    const thread = (this.#thread ??= this.#start());
    const { worker, ended } = thread;
    const cancel = () => {
      send(worker, "cancel");
      this.#timer = setTimeout(() => void worker.terminate(), CANCEL_MS).unref();
    };
    signal.addEventListener("abort", cancel, { once: true });
    try {
      send(worker, asksAll ? "refresh-all" : "refresh-due");
      const [reply] = (await once(worker, "message", { signal: ended })) as [OfferReply];
      if ("outcome" in reply) return reply.outcome;
      throw JamError.fromReport(reply.error);
    } catch (error) {
      if (this.#thread === thread && !(error instanceof JamError)) this.#thread = undefined;
      if (signal.aborted) throw new JamError("JAM_CANCELLED", "Cancelled.", { cause: error });
      throw error;
    } finally {
      signal.removeEventListener("abort", cancel);
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.close(), IDLE_MS).unref();
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.worker.terminate();
  }

  #start(): RunningThread {
    // The compiler rewrites file extensions in imports only, so the thread's file has the extension of this one.
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    const worker = new Worker(new URL(`./offer-worker.${extension}`, import.meta.url), {
      workerData: this.#task,
    });
    worker.unref();
    // Whoever waits for an answer is told; nobody else needs to know.
    worker.on("error", () => undefined);
    const end = new AbortController();
    worker.once("exit", () => end.abort());
    return { worker, ended: end.signal };
  }
}

function send(worker: Worker, order: OfferOrder): void {
  // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  worker.postMessage(order);
}

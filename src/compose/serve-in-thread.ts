/** A thread that serves next to the main thread, on the same port. What is shared by all is asked of the main thread. */
import { parentPort, workerData } from "node:worker_threads";
import type { AskQuery } from "../server/queries.ts";
import type { RequestRecord } from "../server/request-log.ts";
import { systemCode } from "../shared/errors.ts";
import { createServer } from "../server/server.ts";
import { ServerCounts } from "../server/server-counts.ts";
import { type HashedFile, HashThreadError } from "../disk/hash-threads.ts";
import { openNews } from "./damage-news.ts";
import { passError, receiveError } from "./passed-errors.ts";
import { openReadState } from "./known-agents.ts";
import { openStore } from "./store.ts";
import type { Call, FromWorker, ToWorker, WorkerStart } from "./worker-messages.ts";

/** Records wait so long to be sent together. */
const GATHER_MS = 20;

const { config, worker, workers, memory, limits } = workerData as WorkerStart;
const waiting = new Map<number, PromiseWithResolvers<unknown>>();
let nextId = 0;

function tell(message: FromWorker): void {
  // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(message);
}

async function call(what: Call, signal?: AbortSignal): Promise<unknown> {
  signal?.throwIfAborted();
  const id = nextId++;
  const answer = Promise.withResolvers<unknown>();
  waiting.set(id, answer);
  const cancel = () => {
    tell({ kind: "cancel", id });
    answer.reject(signal?.reason);
  };
  signal?.addEventListener("abort", cancel, { once: true });
  tell({ kind: "call", id, call: what });
  try {
    return await answer.promise;
  } finally {
    waiting.delete(id);
    signal?.removeEventListener("abort", cancel);
  }
}

let records: RequestRecord[] = [];

function sendRecords(): void {
  const ready = records;
  records = [];
  if (ready.length > 0) tell({ kind: "log", records: ready });
}

function log(record: RequestRecord): void {
  if (records.push(record) === 1) setTimeout(sendRecords, GATHER_MS);
}

const ask: AskQuery = async (name, input, signal) =>
  (await call({ what: "ask", name, input }, signal)) as Uint8Array;

const counts = new ServerCounts({ workers, worker, memory });
const store = await openStore(config, {
  hasher: {
    hash: async (fd, size, { onBytes, signal }) => {
      const hashed = await call({ what: "hash", fd, size }, signal).catch((error: unknown) => {
        signal?.throwIfAborted();
        throw systemCode(error) === undefined ? new HashThreadError(error) : error;
      });
      await onBytes?.((hashed as HashedFile).read);
      return hashed as HashedFile;
    },
  },
});
const server = createServer(
  { store, readState: openReadState(config), ask },
  {
    log,
    limits,
    graceMs: config.retention.graceMs,
    counts,
    onDamage: (damage) => tell({ kind: "damage", damage }),
    others: openNews(counts, (seen, counted) => call({ what: "news", seen, counted })),
  },
);

async function obey(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case "listen":
      await server.listen(message.address, { isShared: true });
      tell({ kind: "listening" });
      break;
    case "close":
      await server.close(message);
      sendRecords();
      tell({ kind: "closed" });
      parentPort?.close();
      break;
    case "answer":
      waiting.get(message.id)?.resolve(message.value);
      break;
    case "refusal":
      waiting.get(message.id)?.reject(receiveError(message.error));
      break;
  }
}

parentPort?.on("message", (message: ToWorker) => {
  obey(message).catch((error: unknown) => tell({ kind: "failed", error: passError(error) }));
});

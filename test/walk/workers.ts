import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RanHere } from "../helpers/jam-here.ts";
import type { WorkerOrder } from "./worker.ts";

/** Processes that run commands at the same time, or until they are killed. */
export interface Workers extends AsyncDisposable {
  /** Runs two commands in two processes at the same time. */
  race(orders: readonly [WorkerOrder, WorkerOrder]): Promise<readonly RanHere[]>;
  /** Runs a command in a process that may kill itself; undefined when it did. */
  runUntilKilled(order: WorkerOrder): Promise<RanHere | undefined>;
}

const MAX_SPARE = 3;

/** A process takes half a second to start, so some are started before they are needed. */
export function startWorkers(): Workers {
  const spare: Promise<ChildProcess>[] = [];
  const refill = () => {
    while (spare.length < MAX_SPARE) spare.push(startWorker());
  };
  const take = async () => {
    const worker = await (spare.shift() ?? startWorker());
    refill();
    return worker;
  };
  const giveBack = (worker: ChildProcess) => void spare.unshift(Promise.resolve(worker));
  return {
    async race(orders) {
      const workers = [await take(), await take()] as const;
      const ran = await Promise.all(orders.map((order, at) => run(workers[at] as ChildProcess, order)));
      for (const worker of workers) giveBack(worker);
      if (ran.includes(undefined)) throw new Error("A worker ended that nobody had killed.");
      return ran as RanHere[];
    },
    async runUntilKilled(order) {
      const worker = await take();
      const ran = await run(worker, order);
      if (ran !== undefined) giveBack(worker);
      return ran;
    },
    async [Symbol.asyncDispose]() {
      for (const worker of await Promise.all(spare)) {
        const exited = once(worker, "exit");
        worker.disconnect();
        await exited;
      }
    },
  };
}

async function startWorker(): Promise<ChildProcess> {
  const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), "jam-test-cache") };
  const worker = fork(join(import.meta.dirname, "worker.ts"), { stdio: "inherit", env });
  await once(worker, "message");
  return worker;
}

async function run(worker: ChildProcess, order: WorkerOrder): Promise<RanHere | undefined> {
  const over = new AbortController();
  const { signal } = over;
  const answered = once(worker, "message", { signal }) as Promise<[RanHere]>;
  const answer = Promise.race([
    answered.then(([ran]) => ran),
    once(worker, "exit", { signal }).then(() => undefined),
  ]);
  worker.send(order);
  try {
    return await answer;
  } finally {
    // The listener of the other one.
    over.abort();
  }
}

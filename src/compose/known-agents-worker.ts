import { parentPort, workerData } from "node:worker_threads";
import { reportError, toJamError, type ErrorReport } from "../shared/errors.ts";
import { openFsStore } from "../store/fs/open-fs-store.ts";
import { readKnownAgents, type KnownAgents } from "../upgrade/known-agents.ts";

/** The thread's input. */
export interface KnownAgentsTask {
  readonly dataDir: string;
}

/** The thread's result; an error is passed as plain values. */
export type KnownAgentsOutcome = { readonly known: KnownAgents } | { readonly error: ErrorReport };

const { dataDir } = workerData as KnownAgentsTask;

const outcome: KnownAgentsOutcome = await openFsStore(dataDir)
  .then(readKnownAgents)
  .then(
    (known) => ({ known }),
    (error: unknown) => ({ error: reportError(toJamError(error)) }),
  );
// eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origins
parentPort?.postMessage(outcome);

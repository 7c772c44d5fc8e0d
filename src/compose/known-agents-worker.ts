import { parentPort, workerData } from "node:worker_threads";
import type { StoreConfig } from "../config/config.ts";
import { reportError, toJamError, type ErrorReport } from "../shared/errors.ts";
import { readKnownAgents, type KnownAgents } from "../upgrade/known-agents.ts";
import { openStore } from "./store.ts";

/** The thread's input. */
export interface KnownAgentsTask {
  readonly store: StoreConfig;
}

/** The thread's result; an error is passed as plain values. */
export type KnownAgentsOutcome = { readonly known: KnownAgents } | { readonly error: ErrorReport };

const { store } = workerData as KnownAgentsTask;

const outcome: KnownAgentsOutcome = await openStore({ store })
  .then(readKnownAgents)
  .then(
    (known) => ({ known }),
    (error: unknown) => ({ error: reportError(toJamError(error)) }),
  );
// eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origins
parentPort?.postMessage(outcome);

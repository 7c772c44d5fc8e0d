import { parentPort, workerData } from "node:worker_threads";
import { reportError, toJamError, type ErrorReport } from "../shared/errors.ts";
import { readKnownAgents, type KnownAgents } from "../upgrade/known-agents.ts";
import { openKnown, type KnownSettings } from "./known.ts";

/** The thread's input. */
export interface KnownAgentsTask {
  readonly settings: KnownSettings;
}

/** The thread's result; an error is passed as plain values. */
export type KnownAgentsOutcome = { readonly known: KnownAgents } | { readonly error: ErrorReport };

const { settings } = workerData as KnownAgentsTask;

const outcome: KnownAgentsOutcome = await openKnown(settings)
  .then(readKnownAgents)
  .then(
    (known) => ({ known }),
    (error: unknown) => ({ error: reportError(toJamError(error)) }),
  );
// eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origins
parentPort?.postMessage(outcome);

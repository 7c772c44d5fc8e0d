import { parentPort, workerData } from "node:worker_threads";

import { reportError, toJamError, type ErrorReport } from "../shared/errors.ts";
import { verifyClearsigned, type VerifiedText } from "./verify-clearsigned.ts";
import type { Keyring } from "./keyring.ts";

/** What the thread is given. */
export interface VerifyTask {
  readonly document: string;
  readonly name: string;
  readonly keyring: Keyring;
  readonly now: number;
}

/** What the thread answers with; an error crosses as plain values. */
export type VerifyOutcome = { readonly verified: VerifiedText } | { readonly error: ErrorReport };

const { document, name, keyring, now } = workerData as VerifyTask;

const outcome: VerifyOutcome = await verifyClearsigned(document, name, keyring, now).then(
  (verified) => ({ verified }),
  (error: unknown) => ({ error: reportError(toJamError(error)) }),
);
// eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origins
parentPort?.postMessage(outcome);

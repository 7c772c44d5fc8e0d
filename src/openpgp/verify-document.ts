import { once } from "node:events";
import { Worker } from "node:worker_threads";

import { JamError } from "../shared/errors.ts";
import { verifyClearsigned, type VerifiedText } from "./verify-clearsigned.ts";
import type { VerifyOutcome, VerifyTask } from "./verify-worker.ts";

/** A signature over more bytes takes tenths of a second, which would delay transfers and requests. */
const WORKER_THRESHOLD = 4 * 2 ** 20;

/**
 * As `verifyClearsigned`, without blocking the event loop however large the document is.
 * @throws JamError JAM_METADATA_SIGNATURE_INVALID, JAM_METADATA_KEY_UNKNOWN, JAM_METADATA_FUTURE
 */
export async function verifyDocument(task: VerifyTask, threshold = WORKER_THRESHOLD): Promise<VerifiedText> {
  if (task.document.length <= threshold) {
    return verifyClearsigned(task.document, task.name, task.keyring, task.now);
  }
  // The compiler rewrites endings in imports only, so the thread's file is named like this one.
  const ending = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const worker = new Worker(new URL(`./verify-worker.${ending}`, import.meta.url), { workerData: task });
  try {
    const [outcome] = (await once(worker, "message")) as [VerifyOutcome];
    if ("verified" in outcome) return outcome.verified;
    throw JamError.fromReport(outcome.error);
  } finally {
    await worker.terminate();
  }
}

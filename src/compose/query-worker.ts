import { parentPort, workerData } from "node:worker_threads";
import type { Config } from "../config/config.ts";
import type { QueryInputs, QueryName } from "../server/queries.ts";
import { JamError, reportError, toJamError, type ErrorReport } from "../shared/errors.ts";
import type { QueryAnswers } from "../server/answers.ts";
import { composeQueries } from "./queries.ts";

/** The thread's settings. */
export interface QueryWorkerData {
  readonly config: Config;
  /** Of one answer. */
  readonly maxBytes: number;
}

/** One query for the thread; the next is sent when it is answered. */
export type QueryTask = {
  readonly [Name in QueryName]: { readonly name: Name; readonly input: QueryInputs[Name] };
}[QueryName];

/** The answer of the thread; an error is passed as plain values. */
export type QueryOutcome = { readonly bytes: Uint8Array<ArrayBuffer> } | { readonly error: ErrorReport };

const { config, maxBytes } = workerData as QueryWorkerData;
let answers: Promise<QueryAnswers> | undefined;

async function answer({ name, input }: QueryTask): Promise<QueryOutcome> {
  try {
    answers ??= composeQueries(config);
    const document = await ((await answers)[name] as (input: unknown) => Promise<object>)(input);
    const bytes = new TextEncoder().encode(`${JSON.stringify(document)}\n`);
    if (bytes.length > maxBytes) throw tooLarge();
    return { bytes };
  } catch (error) {
    return { error: reportError(toJamError(error)) };
  }
}

function tooLarge(): JamError {
  return new JamError("JAM_REQUEST_TOO_LARGE", `The answer is larger than ${maxBytes} bytes.`, {
    hint: "Ask for less at once: fewer controllers in one body, or a smaller limit.",
    details: { maxBytes },
  });
}

async function reply(task: QueryTask): Promise<void> {
  const outcome = await answer(task);
  const transfer = "bytes" in outcome ? [outcome.bytes.buffer] : [];
  parentPort?.postMessage(outcome, transfer);
}

parentPort?.on("message", (task: QueryTask) => void reply(task));

import { isJamError, JamError, reportError, systemCode } from "../shared/errors.ts";
import { defined } from "../shared/collections.ts";
import type { PassedError } from "./worker-messages.ts";

/** An error for another thread. */
export function passError(error: unknown): PassedError {
  const message = error instanceof Error ? error.message : String(error);
  if (isJamError(error)) return { report: reportError(error), message };
  return { message, ...defined({ code: systemCode(error) }) };
}

/** The error that another thread passed. */
export function receiveError({ report, message, code }: PassedError): Error {
  if (report !== undefined) return JamError.fromReport(report);
  return Object.assign(new Error(message), defined({ code }));
}

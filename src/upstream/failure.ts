import { JamError } from "../shared/errors.ts";
import { printable } from "../shared/printable.ts";

/** The error of a cancelled run; what arrived so far is kept for the next one. */
export function cancelled(signal: AbortSignal): JamError {
  return new JamError("JAM_CANCELLED", "Cancelled.", { cause: signal.reason });
}

/** A URL for people and for records: without user name and password. */
export function displayUrl(url: URL): string {
  if (url.username === "" && url.password === "") return url.href;
  const shown = new URL(url);
  shown.username = "";
  shown.password = "";
  return shown.href;
}

/** The first bytes of an answer for an error message, on one line and harmless to a terminal. */
export function describeFirstBytes(bytes: Uint8Array): string {
  return bytes.length === 0
    ? "nothing"
    : `"${printable(new TextDecoder().decode(bytes.subarray(0, 240)).trim(), 80)}"`;
}

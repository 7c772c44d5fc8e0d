/**
 * How a part of a look-up fails, as far as Juju tells failures apart: the first two are the errors `NotFound` and
 * `Unauthorized`, `no-match` is "metadata is there but lists nothing that fits", `failed` any other error, `panic` the
 * end of the program.
 */
export type LookupFaultKind = "not-found" | "unauthorized" | "no-match" | "failed" | "panic";

/** A failure inside a look-up: a value, because most of them only lead to the next document. */
export interface LookupFault {
  readonly fault: LookupFaultKind;
  readonly reason: string;
}

/** True for a failure. */
export function isFault(value: object): value is LookupFault {
  return "fault" in value;
}

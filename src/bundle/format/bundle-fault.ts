import { JamError } from "../../shared/errors.ts";
import type { ErrorDetails } from "../../shared/errors.ts";

const COPY_AGAIN =
  "Copy it from its maker again. `jam bundle verify` looks at all volumes; docs/reference/bundle-format.md describes them.";

/** `JAM_BUNDLE_MALFORMED`: `name` breaks the format. */
export function malformedBundle(name: string, what: string, cause?: unknown): JamError {
  return new JamError("JAM_BUNDLE_MALFORMED", `${name}: ${what}.`, {
    cause,
    hint: COPY_AGAIN,
    details: { volume: name },
  });
}

/** `JAM_BUNDLE_DAMAGED`: `name` is cut short, too long, or holds other bytes than promised. */
export function damagedBundle(name: string, what: string, details: ErrorDetails = {}): JamError {
  return new JamError("JAM_BUNDLE_DAMAGED", `${name}: ${what}.`, {
    hint: "Find the bad volumes with `jam bundle verify`, and make just those again with `jam bundle repair-set`.",
    details: { volume: name, ...details },
  });
}

/** Refuses a document that a newer jam wrote; `format` is what it says it is, `known` what this one reads. */
export function refuseNewerFormat(format: unknown, known: string, name: string): void {
  const [kind] = known.split(":");
  const isNewer =
    typeof format === "string" && format !== known && new RegExp(`^${kind}:\\d{1,6}$`).test(format);
  if (!isNewer) return;
  throw new JamError("JAM_BUNDLE_FORMAT", `${name} has the format ${format}; this jam reads ${known}.`, {
    hint: "Use the version of jam that made it, or a newer one.",
    details: { volume: name, format },
  });
}

import { JamError } from "./errors.ts";
import { printable } from "./printable.ts";

declare const brand: unique symbol;

/** The name of a movable pointer to a published tree: one safe path segment. Only `parseRefName` makes one. */
export type RefName = string & { readonly [brand]: "RefName" };

/** How a name of a ref looks. */
export const REF_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** The ref that syncs and imports publish to, and that the default face shows. */
export const MIRROR_REF = "mirror" as RefName;

/** What a channel takes from that gets its agents by `jam bundle import --channel`; no channel can have this name. */
export const BUNDLE_FEEDER = "bundle" as RefName;

/**
 * The name as a ref.
 * @throws JamError JAM_USAGE_INVALID
 */
export function parseRefName(name: string): RefName {
  if (REF_NAME.test(name)) return name as RefName;
  throw new JamError("JAM_USAGE_INVALID", `"${printable(name, 120)}" is not a valid channel name.`, {
    hint: "Use at most 100 letters, digits, dots, dashes and underscores; start with a letter or a digit.",
    details: { name },
  });
}

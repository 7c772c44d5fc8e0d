/** The result of one check for one model or controller, from the fleet's files. */
export interface Finding {
  /** Parts that block the step: `machine 1 (3.6.4)`. The empty text means the whole model. */
  readonly found: readonly string[];
  /** Parts, or the whole model (the empty text), that the files do not contain. */
  readonly unknown: readonly string[];
  /** True if the problem is only likely: Juju decides by something that no listing shows. */
  readonly isUncertain?: true;
}

/** No problem. */
export const CLEAR: Finding = { found: [], unknown: [] };

/** No file contains it. */
export const UNKNOWN: Finding = { found: [], unknown: [""] };

/** The whole model or controller has the problem. */
export const FOUND: Finding = { found: [""], unknown: [] };

/** A likely problem: Juju decides by something that no listing shows. */
export function sign(parts: readonly string[]): Finding {
  return { found: parts, unknown: [], isUncertain: true };
}

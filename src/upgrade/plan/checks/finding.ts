/** What the fleet's files tell about one check and one model or controller. */
export interface Finding {
  /** Parts that stop the step: `machine 1 (3.6.4)`. A model as a whole is the empty text. */
  readonly found: readonly string[];
  /** Parts, or the whole (the empty text), of which the files do not tell. */
  readonly unknown: readonly string[];
  /** True when what was found is a sign, and Juju may see it differently. */
  readonly isUncertain?: true;
}

/** Nothing is in the way. */
export const CLEAR: Finding = { found: [], unknown: [] };

/** No file tells. */
export const UNKNOWN: Finding = { found: [], unknown: [""] };

/** The model or controller as a whole is in the way. */
export const FOUND: Finding = { found: [""], unknown: [] };

/** A sign of it: Juju decides by something that no listing shows. */
export function sign(parts: readonly string[]): Finding {
  return { found: parts, unknown: [], isUncertain: true };
}

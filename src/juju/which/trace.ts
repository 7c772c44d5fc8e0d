import { formatVersion, type JujuVersion } from "../version.ts";

/** A rule of Juju and where its code stands. */
export interface Rule {
  /** What it does, as a sentence. */
  readonly rule: string;
  /** `file:function @ref` in Juju's repository. */
  readonly source: string;
}

/** One rule at work: which candidates it left and which it dropped. */
export interface TraceStep extends Rule {
  readonly kept: readonly string[];
  readonly dropped: readonly { readonly version: string; readonly reason: string }[];
}

/** Filled in order while an answer is found. Leave it out where nobody reads it: then nothing is recorded. */
export type Trace = TraceStep[];

/**
 * Records what a rule makes of the candidates: `whyDropped` gives the reason, or undefined to keep one.
 * Costs nothing without a trace.
 */
export function note(
  trace: Trace | undefined,
  rule: Rule,
  candidates: readonly JujuVersion[] = [],
  whyDropped: (candidate: JujuVersion) => string | undefined = () => undefined,
): void {
  if (trace === undefined) return;
  const kept: string[] = [];
  const dropped: { version: string; reason: string }[] = [];
  for (const candidate of candidates) {
    const reason = whyDropped(candidate);
    const version = formatVersion(candidate);
    if (reason === undefined) kept.push(version);
    else dropped.push({ version, reason });
  }
  trace.push({ ...rule, kept, dropped });
}

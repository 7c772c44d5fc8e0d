import { formatVersion, type JujuVersion } from "../version.ts";

/** A rule of Juju and where its code is. */
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

/** Filled in order while a decision is made. Without one, nothing is recorded. */
export type Trace = TraceStep[];

/**
 * Records the effect of a rule on the candidates: `whyDropped` gives the reason, or undefined to keep one.
 * Costs nothing without a trace, and little with one: the candidates are evaluated only when they are read.
 */
export function note(
  trace: Trace | undefined,
  rule: Rule,
  candidates: readonly JujuVersion[] = [],
  whyDropped: (candidate: JujuVersion) => string | undefined = () => undefined,
): void {
  if (trace === undefined) return;
  let split: Candidates | undefined;
  trace.push({
    rule: rule.rule,
    source: rule.source,
    get kept() {
      return (split ??= divide(candidates, whyDropped)).kept;
    },
    get dropped() {
      return (split ??= divide(candidates, whyDropped)).dropped;
    },
  });
}

type Candidates = Pick<TraceStep, "kept" | "dropped">;

/** Each version once: a store and several streams may list the same. */
function divide(
  candidates: readonly JujuVersion[],
  whyDropped: (candidate: JujuVersion) => string | undefined,
): Candidates {
  const kept = new Set<string>();
  const dropped = new Map<string, string>();
  for (const candidate of candidates) {
    const reason = whyDropped(candidate);
    if (reason === undefined) kept.add(formatVersion(candidate));
    else dropped.set(formatVersion(candidate), reason);
  }
  return { kept: [...kept], dropped: [...dropped].map(([version, reason]) => ({ version, reason })) };
}

import type { Agent } from "../juju/agent.ts";

/** What an upstream lists and a sync does not use of it: the upstreams before it decide what there is for each rule. */
export interface UnusedOffer {
  readonly upstream: string;
  /** Those before it that could be read, in order of preference. */
  readonly before: readonly string[];
  /** Agents that no upstream before lists under that name. */
  readonly agents: readonly Agent[];
}

/** Why what an upstream lists is not taken from there, and how it would be. */
export function describeUnused({ upstream, before }: Pick<UnusedOffer, "upstream" | "before">): string {
  return `a range is taken from the first upstream that lists anything for it, and that is ${before.join(" or ")}; a rule that names it exactly (versions, arch, os) makes jam ask ${upstream}`;
}

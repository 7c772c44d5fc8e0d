import type { DenyRule, SelectRule } from "../juju/select-rule.ts";
import { canonicalJson } from "../shared/canonical-json.ts";
import { sha256Of, type Sha256 } from "../shared/sha256.ts";

/** What happens to agents that upstream no longer lists (`onUpstreamRemoval`). */
export type UpstreamRemoval = "keep" | "unlist" | "remove";

/** What decided which agents a snapshot lists. A field that does not apply is absent. */
export interface RulesInForce {
  /** Absent where everything was taken that a bundle or a feeder listed. */
  readonly select?: readonly SelectRule[];
  readonly deny?: readonly DenyRule[];
  /** What happens to what upstream no longer lists; snapshots of channels have none. */
  readonly onUpstreamRemoval?: UpstreamRemoval;
  /** Of a channel: how old an agent had to be, in ms, and from when that counts. */
  readonly delay?: { readonly ms: number; readonly clock: "seen" | "upstream" };
  /** Versions that were on hold in the channel or in one that it takes from. */
  readonly held?: readonly string[];
  /** Versions that were withdrawn there. */
  readonly withdrawn?: readonly string[];
}

/** Who made a snapshot, and by which rules. Snapshots of earlier versions have no such record. */
export interface SnapshotMaking {
  /** User and machine, as a channel's history names them. */
  readonly who: string;
  readonly rules: RulesInForce;
  /** SHA-256 of the rules, as JSON with sorted keys and without white space: equal for equal rules. */
  readonly rulesSha256: Sha256;
}

/** The record of who makes a snapshot now, by these rules. */
export function makingOf(who: string, rules: RulesInForce): SnapshotMaking {
  return { who, rules, rulesSha256: sha256Of(canonicalJson(rules)) };
}

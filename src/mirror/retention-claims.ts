import { MIRROR_REF } from "../shared/ref-name.ts";
import type { KeptSnapshot } from "./kept-contents.ts";
import type { ShownRef } from "./refs.ts";
import { TarballTotal } from "./tarball-total.ts";

/** What is kept of a channel for going back; absent limits are those of `retention`. */
export interface ChannelRetention {
  readonly snapshots?: number | undefined;
  readonly ageMs?: number | undefined;
  /** Bytes of the tarballs that the channel shows and can go back to. Absent: no limit of its own. */
  readonly quota?: number | undefined;
}

/** The limits that decide which earlier snapshots are wanted. */
export interface ClaimRules {
  readonly snapshots: number;
  readonly ageMs?: number | undefined;
  /** By the name of the channel. */
  readonly channels?: Readonly<Record<string, ChannelRetention>> | undefined;
}

/** What claims are decided from. */
export interface ClaimInput {
  /** Oldest first. */
  readonly snapshots: readonly KeptSnapshot[];
  readonly refs: readonly Pick<ShownRef, "name" | "treeId" | "order" | "rollbacks">[];
  readonly rules: ClaimRules;
  readonly now: Date;
}

/** What is wanted of earlier snapshots. */
export interface JudgedClaims {
  /** Why nobody wants a snapshot any longer, by its id: the mirror, and each channel that has shown it, has its own reason. */
  readonly unwanted: ReadonlyMap<string, string>;
  /** Ids of snapshots that channels can be rolled back to whatever the limits of the whole mirror are. */
  readonly rollbacks: ReadonlySet<string>;
}

/** Which earlier snapshots somebody wants. `shown` are the ids of what refs show. Pure. */
export function judgeClaims(input: ClaimInput, shown: ReadonlySet<string>): JudgedClaims {
  const claims = [...claimsOfChannels(input), claimOfMirror(input, shown)];
  const wanted = new Set<string>();
  const rollbacks = new Set<string>();
  const reasons = new Map<string, string[]>();
  for (const claim of claims) {
    const unwanted = judge(claim, input);
    for (const { id } of claim.earlier.slice(claim.earlier.length - floorOf(claim, input))) rollbacks.add(id);
    for (const { id } of claim.earlier) {
      const reason = unwanted.get(id);
      if (reason === undefined) wanted.add(id);
      else reasons.set(id, [...(reasons.get(id) ?? []), reason]);
    }
  }
  const unwanted = [...reasons].filter(([id]) => !wanted.has(id));
  return { unwanted: new Map(unwanted.map(([id, all]) => [id, all.join("; ")])), rollbacks };
}

/** Snapshots that the mirror or a channel has shown before, which it may want for going back. */
interface Claim {
  /** Undefined for the mirror. */
  readonly channel: string | undefined;
  /** In the order in which they were shown, the latest last; what rollbacks lead to comes after all others. */
  readonly earlier: readonly KeptSnapshot[];
  readonly current: KeptSnapshot | undefined;
}

function claimsOfChannels({ snapshots, refs }: ClaimInput): Claim[] {
  const byId = new Map(snapshots.map((snapshot) => [snapshot.id, snapshot]));
  return refs
    .filter(({ name }) => name !== MIRROR_REF)
    .map(({ name, order, rollbacks = [] }) => {
      const shown = order.at(-1)?.id ?? "";
      // A rollback or a withdrawal makes a snapshot, too: the last ones shown are not the ones that rollbacks lead to.
      const ids = [...new Set([...order.map(({ id }) => id), ...rollbacks, shown].toReversed())].toReversed();
      const known = ids.flatMap((id) => byId.get(id) ?? []);
      const current = byId.get(ids.at(-1) ?? "");
      return { channel: name, earlier: known.filter((one) => one !== current), current };
    });
}

/** The mirror's own, and what nothing has shown. */
function claimOfMirror({ snapshots, refs }: ClaimInput, shown: ReadonlySet<string>): Claim {
  const idsOf = (isMirror: boolean) =>
    new Set(
      refs
        .filter(({ name }) => (name === MIRROR_REF) === isMirror)
        .flatMap(({ order }) => order.map(({ id }) => id)),
    );
  const [own, ofOthers] = [idsOf(true), idsOf(false)];
  const older = snapshots.filter(({ id }) => !shown.has(id) && (own.has(id) || !ofOthers.has(id)));
  // A run that was killed before it published left a snapshot that no ref has shown: it is the first to go.
  const earlier = [...older.filter(({ id }) => !own.has(id)), ...older.filter(({ id }) => own.has(id))];
  return { channel: undefined, earlier, current: undefined };
}

/** How many snapshots a channel without limits of its own can be rolled back to at least, however often upstream moves. */
const ROLLBACKS_KEPT = 3;

/** A channel with limits of its own keeps what they say. */
function floorOf({ channel, earlier }: Claim, { rules }: ClaimInput): number {
  if (channel === undefined || rules.channels?.[channel] !== undefined) return 0;
  return Math.min(ROLLBACKS_KEPT, earlier.length);
}

/** Why a claim does not want each of its snapshots; those that it wants are not among them. */
function judge(claim: Claim, input: ClaimInput): Map<string, string> {
  const { channel, earlier, current } = claim;
  const { rules, now } = input;
  const own = channel === undefined ? undefined : rules.channels?.[channel];
  const of = channel === undefined ? "" : ` of the channel ${channel}`;
  const nameOf = (key: "snapshots" | "age" | "quota", isOwn: boolean) =>
    isOwn ? `channels.${channel ?? ""}.retention.${key}` : `retention.${key}`;
  const { snapshots = rules.snapshots, ageMs = rules.ageMs, quota } = own ?? {};
  const reasons = new Map<string, string>();
  const floor = floorOf(claim, input);
  earlier.forEach(({ id, createdAt }, index) => {
    const rank = earlier.length - index;
    if (rank <= floor) return;
    const key = nameOf("snapshots", own?.snapshots !== undefined);
    if (rank > snapshots) reasons.set(id, `more than ${snapshots} earlier ones${of} (${key})`);
    else if (ageMs !== undefined && now.getTime() - Date.parse(createdAt) > ageMs)
      reasons.set(
        id,
        `too old${of === "" ? "" : ` for the channel ${channel ?? ""}`} (${nameOf("age", own?.ageMs !== undefined)})`,
      );
  });
  if (quota === undefined) return reasons;
  const kept = earlier.filter(({ id }) => !reasons.has(id));
  const total = new TarballTotal([...kept, ...(current === undefined ? [] : [current])]);
  for (const snapshot of kept) {
    if (total.bytes <= quota) break;
    reasons.set(snapshot.id, `the tarballs${of} exceed ${nameOf("quota", true)}`);
    total.drop(snapshot);
  }
  return reasons;
}

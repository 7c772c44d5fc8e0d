import type { Advice, Knowledge, MoveRule } from "./knowledge/knowledge.ts";
import { compareVersions, type JujuVersion } from "./version.ts";
import { isInRange, parseVersionRange, type VersionRange } from "./version-range.ts";

/** How a controller's models get from one version to another in one hop. */
export interface UpgradeEdge {
  /** In place, or through a new controller to which the models migrate. */
  readonly kind: "in-place" | "migrate";
  readonly rule: MoveRule;
  readonly advice: readonly Advice[];
}

const ranges = new Map<string, VersionRange>();

/** Ranges are few and fixed; each is read once. */
function rangeOf(text: string): VersionRange {
  const found = ranges.get(text);
  if (found !== undefined) return found;
  const range = parseVersionRange(text);
  ranges.set(text, range);
  return range;
}

/** True when both versions are in the rule's ranges. */
export function covers(
  rule: { readonly from: string; readonly to: string },
  from: JujuVersion,
  to: JujuVersion,
): boolean {
  return isInRange(from, rangeOf(rule.from)) && isInRange(to, rangeOf(rule.to));
}

/**
 * The one hop that leads upwards from a version to another, or undefined where Juju allows none or advice blocks it.
 * In place is preferred, because it keeps the controller.
 */
export function edgeBetween(
  from: JujuVersion,
  to: JujuVersion,
  knowledge: Knowledge,
): UpgradeEdge | undefined {
  if (compareVersions(from, to) >= 0) return undefined;
  const advice = adviceOn(from, to, knowledge);
  if (advice.some(({ severity }) => severity === "block")) return undefined;
  const inPlace = findRule(knowledge.inPlace, from, to);
  if (inPlace !== undefined) return { kind: "in-place", rule: inPlace, advice };
  const migration = findRule(knowledge.migrations, from, to);
  return migration === undefined ? undefined : { kind: "migrate", rule: migration, advice };
}

/** True when some release moves a controller between the two in place, regardless of advice. */
export function isInPlace(
  from: JujuVersion,
  to: JujuVersion,
  { inPlace }: Pick<Knowledge, "inPlace">,
): boolean {
  return findRule(inPlace, from, to) !== undefined;
}

/** The advice on an upgrade; without a start, the advice on the release itself. */
export function adviceOn(
  from: JujuVersion | undefined,
  to: JujuVersion,
  { advice }: Pick<Knowledge, "advice">,
): readonly Advice[] {
  return advice.filter((one) =>
    from === undefined ? one.from === "*" && isInRange(to, rangeOf(one.to)) : covers(one, from, to),
  );
}

function findRule(rules: readonly MoveRule[], from: JujuVersion, to: JujuVersion): MoveRule | undefined {
  return rules.find((rule) => isWithin(rule.within, from, to) && covers(rule, from, to));
}

function isWithin(limit: MoveRule["within"], from: JujuVersion, to: JujuVersion): boolean {
  if (limit === "any") return true;
  return from.major === to.major && (limit === "major" || from.minor === to.minor);
}

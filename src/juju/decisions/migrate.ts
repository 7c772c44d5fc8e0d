import { compareVersions, type JujuVersion } from "../version.ts";
import type { MigrationGeneration } from "./generation.ts";
import type { MigrationOutcome } from "./outcome.ts";
import {
  modelAhead,
  modelBelow,
  notSupportedFrom,
  sourceAhead,
  unknownTarget,
  unknownVersion,
} from "./messages.ts";
import type { MigrationRequest } from "./request.ts";
import { readVersion } from "./version-list.ts";

/** What differs between the target controllers. */
interface MigrationRules {
  /** Lowest version of a model that comes from another major; undefined where none is required. */
  readonly minimums: ReadonlyMap<number, JujuVersion> | undefined;
  readonly unknown: (model: JujuVersion, target: JujuVersion) => string;
}

const NO_MINIMUM: MigrationRules = {
  minimums: undefined,
  unknown: (_model, target) => unknownVersion(target),
};

function from(into3: string): MigrationRules {
  return {
    minimums: new Map([[3, readVersion(into3)]]),
    unknown: (model, target) => notSupportedFrom("migrate", model, target),
  };
}

const BEFORE_2_9_33: MigrationRules = {
  ...NO_MINIMUM,
  minimums: new Map([[3, readVersion("2.8.9")]]),
};

/** Source: juju upgrades/model.go UpgradeAllowed (2.8.13), upgrades/upgradevalidation/version.go MigrateToAllowed. */
const MIGRATION_RULES: Readonly<Record<MigrationGeneration, MigrationRules>> = {
  "2.3": NO_MINIMUM,
  "2.8.10": BEFORE_2_9_33,
  "2.9.0-2.9.32": BEFORE_2_9_33,
  "2.9.61": from("2.9.36"),
  "3.0": from("2.9.36"),
  "3.1": from("2.9.36"),
  "3.5": from("2.9.43"),
  "3.6": from("2.9.43"),
  "4.0": NO_MINIMUM,
};

/**
 * Whether the target controller takes the model, as far as versions decide; facades, charms and bases are not checked.
 * Source: juju migration/precheck.go TargetPrecheck, controllerVersionCompatible (2.3.9 to 4.0.15).
 */
export function decideMigration(request: MigrationRequest): MigrationOutcome {
  const { generation, model, sourceController: source, targetController: target } = request;
  const error = refusal(MIGRATION_RULES[generation], model, source, target);
  return error === undefined ? { ok: true } : { ok: false, error };
}

function refusal(
  rules: MigrationRules,
  model: JujuVersion,
  source: JujuVersion,
  target: JujuVersion,
): string | undefined {
  if (compareVersions(model, target) > 0) return modelAhead(model, target);
  if (source.major > target.major || (source.major === target.major && source.minor > target.minor)) {
    return sourceAhead(source, target);
  }
  if (rules.minimums === undefined || model.major === target.major) return undefined;
  const minimum = rules.minimums.get(target.major);
  if (minimum === undefined) return unknownTarget(target, rules.unknown(model, target));
  // The tag is ignored: `2.9-rc43` counts as 2.9.43.
  return compareVersions({ ...model, tag: "" }, minimum) < 0 ? modelBelow(minimum, target) : undefined;
}

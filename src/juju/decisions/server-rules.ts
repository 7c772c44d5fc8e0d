import { compareVersions, type JujuVersion, isSameMinor } from "../version.ts";
import { type UpgradeOutcome, UP_TO_DATE } from "./outcome.ts";
import type { Generation } from "./generation.ts";
import {
  DOWNGRADE_NOT_ALLOWED,
  DOWNGRADE_NOT_SUPPORTED,
  modelBelowMinimum,
  modelTooOld,
  modelNotValidated,
  newerMinorNotSupported,
  notSupportedFrom,
  onlyPatchUpgrades,
  type Blocked,
} from "./messages.ts";
import type { OtherModel } from "./request.ts";
import { readVersion } from "./version-list.ts";

/** The generations in which a 3.x controller decides. */
export type ServerGeneration = Extract<Generation, "3.0" | "3.1-3.2" | "3.3.4-3.6.21" | "3.6.23+">;

/** What differs between the 3.x controllers. */
export interface ServerRules {
  readonly ref: string;
  /** Whether another model's target is looked up like a request, or taken from the controller as it is. */
  readonly hosted: "looks-up" | "follows";
  /** The answer to a request below the current patch. */
  readonly lowerRequest: UpgradeOutcome;
  readonly otherMinor: (current: JujuVersion, target: JujuVersion) => string;
  /** Lowest version of a 2.x model on a 3.x controller. */
  readonly minimum: JujuVersion;
  /** Whether Juju names the model when it gives up on a check. */
  readonly namesModel: boolean;
  /** From 3.6.23 a model ahead of the target blocks, and a pre-release counts as one. */
  readonly strictModels: boolean;
}

const RULES_3_0: ServerRules = {
  ref: "3.0.4",
  hosted: "looks-up",
  lowerRequest: UP_TO_DATE,
  otherMinor: (_current, target) => newerMinorNotSupported(target),
  minimum: readVersion("2.9.36"),
  namesModel: false,
  strictModels: false,
};

const RULES_3_3_4: ServerRules = {
  ...RULES_3_0,
  ref: "3.5.7",
  hosted: "follows",
  namesModel: true,
  minimum: readVersion("2.9.43"),
};

/** Source: juju upgrades/upgradevalidation/{upgrade,validation,version}.go (3.0.4, 3.1.11, 3.5.7, 3.6.28). */
export const SERVER_RULES: Readonly<Record<ServerGeneration, ServerRules>> = {
  "3.0": RULES_3_0,
  "3.1-3.2": { ...RULES_3_0, ref: "3.1.11", namesModel: true },
  "3.3.4-3.6.21": RULES_3_3_4,
  "3.6.23+": {
    ...RULES_3_3_4,
    ref: "3.6 branch 1c91c54faf",
    lowerRequest: { outcome: "error", error: DOWNGRADE_NOT_SUPPORTED },
    otherMinor: onlyPatchUpgrades,
    strictModels: true,
  },
};

/**
 * What keeps a controller from the target: another minor, then every other model that is too old for it.
 * A text instead of a list where Juju has no minimum for that major and gives up.
 * Source: juju upgrades/upgradevalidation/validation.go getCheckTargetVersionForControllerModel, getCheckTargetVersionForModel.
 */
export function controllerBlockers(
  rules: ServerRules,
  current: JujuVersion,
  target: JujuVersion,
  otherModels: readonly OtherModel[],
): readonly Blocked[] | string {
  const blocked: Blocked[] = [];
  if (!isSameMinor(current, target)) {
    blocked.push({ model: "admin/controller", reason: rules.otherMinor(current, target) });
  }
  for (const { name, version: model } of otherModels) {
    const failure = rules.strictModels ? undefined : majorFailure(model, target);
    if (failure !== undefined) return rules.namesModel ? modelNotValidated(name, failure) : failure;
    const reason = modelBlocker(rules, model, target);
    if (reason !== undefined) blocked.push({ model: `admin/${name}`, reason });
  }
  return blocked;
}

/** Up to 3.6.21 a model of a later major, or a target major without a minimum, ends the whole check. */
function majorFailure(model: JujuVersion, target: JujuVersion): string | undefined {
  if (model.major > target.major) return DOWNGRADE_NOT_ALLOWED;
  if (model.major === target.major || target.major === 3) return undefined;
  return notSupportedFrom("upgrading controller", model, target);
}

function modelBlocker(
  { minimum, strictModels }: ServerRules,
  model: JujuVersion,
  target: JujuVersion,
): string | undefined {
  if (strictModels) {
    if (compareVersions(model, target) > 0) return DOWNGRADE_NOT_ALLOWED;
    const isBelow = target.major === 3 && compareVersions(model, minimum) < 0;
    return isBelow ? modelBelowMinimum(model, minimum, target) : undefined;
  }
  if (model.major === target.major) return undefined;
  return compareVersions({ ...model, tag: "" }, minimum) < 0 ? modelTooOld(model, minimum) : undefined;
}

import { compareVersions, isSame } from "../version.ts";
import type { JujuVersion } from "../version.ts";
import { type UpgradeOutcome, UP_TO_DATE, upgradeTo, refuse } from "./outcome.ts";
import { findByController } from "./find-agents.ts";
import {
  cannotChange,
  hostedEnvironmentAhead,
  INCOMPATIBLE_WITH_CLI,
  LOOKUP_FAILURES,
  NO_MORE_RECENT,
  skippedMinor,
  THROUGH_1_20_14,
} from "./messages.ts";
import { includesVersion, newestReleased } from "./newest.ts";
import type { ValidUpgradeRequest } from "./request.ts";
import { preferredStreams } from "./streams.ts";
import { note, type Rule } from "./trace.ts";

const SOURCE = "cmd/juju/commands/upgradejuju.go";
const RULES = {
  lookup: {
    rule: "The controller is asked for every agent of the client's major in the one preferred stream.",
    source: `${SOURCE}:initVersions @juju-1.25.14`,
  },
  requested: { rule: "Only the requested number fits.", source: `${SOURCE}:validate @juju-1.25.14` },
  newest: {
    rule: "The newest release of the major above the current version is taken.",
    source: `${SOURCE}:validate @juju-1.25.14`,
  },
} as const satisfies Record<string, Rule>;

/**
 * 1.25: the client takes the newest release of its own major.
 * Source: juju cmd/juju/commands/upgradejuju.go Run, initVersions, validate (1.25.14).
 */
export function upgradeBy1_25(request: ValidUpgradeRequest): UpgradeOutcome {
  const { client, current, controller, requested } = request;
  if (requested !== undefined && requested.major !== client.major) return refuse(INCOMPATIBLE_WITH_CLI);
  if (requested !== undefined && isSame(requested, current)) return UP_TO_DATE;
  const chosen = choose(request);
  if ("outcome" in chosen) return chosen;
  if (isSame(chosen, current)) return UP_TO_DATE;
  const error = refusal(current, chosen);
  if (error !== undefined) return refuse(error);
  if (!request.isController && compareVersions(chosen, controller) > 0) {
    return refuse(hostedEnvironmentAhead(chosen, controller));
  }
  return upgradeTo(request, chosen);
}

function choose(request: ValidUpgradeRequest): JujuVersion | UpgradeOutcome {
  const { client, current, generation, requested, trace } = request;
  const streams = preferredStreams(generation, {
    version: undefined,
    development: request.development,
    stream: request.configStream,
  });
  const { found, failure } = findByController(request, streams, { major: client.major });
  note(trace, RULES.lookup, found);
  if (failure !== undefined) {
    if (requested === undefined && current.major === client.major) return UP_TO_DATE;
    return refuse(LOOKUP_FAILURES.tools[failure]);
  }
  if (requested !== undefined) {
    note(trace, RULES.requested, found, (version) =>
      isSame(version, requested) ? undefined : "not the requested version",
    );
    if (includesVersion(found, requested)) return requested;
    return refuse(LOOKUP_FAILURES.tools["no-match"]);
  }
  const best = newestReleased(found, current);
  note(trace, RULES.newest, found, (version) =>
    isSame(version, best.newest) ? undefined : version.tag === "" ? "not the newest" : "a pre-release",
  );
  return best.found ? best.newest : refuse(NO_MORE_RECENT);
}

/** Source: juju cmd/juju/commands/upgradejuju.go validate (1.25.14). */
function refusal(current: JujuVersion, chosen: JujuVersion): string | undefined {
  if (current.major === 1 && chosen.major === 1 && current.minor < 20 && chosen.minor > 20) {
    return THROUGH_1_20_14;
  }
  if (
    current.major === 1 &&
    chosen.major === 1 &&
    current.minor !== chosen.minor &&
    (chosen.minor === 21 || chosen.minor === 23)
  ) {
    return skippedMinor(chosen);
  }
  if (chosen.major < current.major || (chosen.major === current.major && chosen.minor < current.minor)) {
    return cannotChange(current, chosen);
  }
  return undefined;
}

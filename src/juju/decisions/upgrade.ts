import { type UpgradeOutcome, refuse } from "./outcome.ts";
import type { UpgradeRequest } from "./request.ts";
import type { Trace } from "./trace.ts";
import { upgradeBy1_25 } from "./upgrade-1.25.ts";
import { upgradeBy2_9 } from "./upgrade-2.9.ts";
import { upgradeBy3 } from "./upgrade-3.ts";
import { upgradeBy4_0 } from "./upgrade-4.0.ts";
import { upgradeByClient } from "./upgrade-by-client.ts";

/** What Juju does with this upgrade request. With a trace, the rules at work are appended to it. */
export function decideUpgrade({ requested, ...situation }: UpgradeRequest, trace?: Trace): UpgradeOutcome {
  if (requested !== undefined && "error" in requested) return refuse(requested.error);
  const request = { ...situation, requested: requested?.version, trace };
  const { generation } = request;
  switch (generation) {
    case "1.25":
      return upgradeBy1_25(request);
    case "2.9.33+":
      return upgradeBy2_9(request);
    case "3.0":
    case "3.1-3.2":
    case "3.3.4-3.6.21":
    case "3.6.23+":
      return upgradeBy3({ ...request, generation });
    case "4.0":
      return upgradeBy4_0(request);
    case "2.0-2.1":
    case "2.3":
    case "2.4-2.5":
    case "2.7-2.8.6":
    case "2.8.10-2.8.13":
    case "2.9.0-2.9.31":
    case "2.9.32":
      return upgradeByClient({ ...request, generation });
    default:
      return generation satisfies never;
  }
}

import { compareVersionTexts } from "../../../juju/version.ts";
import type { FleetController, FleetModel } from "../../fleet/fleet.ts";
import { CLEAR, sign, UNKNOWN, type Finding } from "./finding.ts";

/**
 * Signs that a member of the replica set is not healthy; no listing shows the set itself. A single node that works is
 * the primary. Source: juju cmd/juju/status/formatter.go, cmd/juju/controller/showcontroller.go @3.6.28
 */
export function findUnhealthyNodes(
  controller: FleetController | undefined,
  own: FleetModel | undefined,
): Finding {
  const machines = (own?.machines ?? []).filter(({ isControllerNode }) => isControllerNode);
  const nodes = controller?.nodes ?? [];
  const signs = new Map<string, string>();
  for (const { id, haStatus } of nodes) {
    if (haStatus !== undefined && haStatus !== "ha-enabled") signs.set(id, haStatus);
  }
  for (const { id, memberStatus, state, status } of machines) {
    if (memberStatus !== undefined && memberStatus !== "has-vote") signs.set(id, memberStatus);
    if (state === "down" || state === "stopped" || state === "failed") signs.set(id, status ?? state);
  }
  if (signs.size > 0) return sign([...signs].map(([id, words]) => `machine ${id} (${words})`));
  return machines.length === 1 && nodes.length <= 1 ? CLEAR : UNKNOWN;
}

/** Source: juju upgrades/upgradevalidation/validation.go:checkMongoVersionForControllerModel @3.6.28 */
export function findOldMongo({ mongoVersion }: { readonly mongoVersion: string | undefined }): Finding {
  if (mongoVersion === undefined || !/^\d/.test(mongoVersion)) return UNKNOWN;
  return /^(?:4\.[4-9]|[5-9]|\d\d)/.test(mongoVersion)
    ? CLEAR
    : { found: [`MongoDB ${mongoVersion}`], unknown: [] };
}

/** Source: juju domain/controllerupgrader/service/service.go:validateControllerCanBeUpgraded @4.0.15 */
export function findLaggingNodes(own: FleetModel): Finding {
  const { machines, version } = own;
  if (machines === undefined || version === undefined) return UNKNOWN;
  const nodes = machines.filter(({ isControllerNode }) => isControllerNode);
  const late = nodes.filter(
    (node) => node.version !== undefined && compareVersionTexts(node.version, version) < 0,
  );
  return {
    found: late.map((node) => `machine ${node.id} (${node.version ?? "none"})`),
    unknown: nodes.filter((node) => node.version === undefined).map(({ id }) => `machine ${id}`),
  };
}

import type { Fleet, FleetModel, AgentState } from "../fleet/fleet.ts";
import { findUnhealthyNodes } from "./checks/controller-findings.ts";

/** Those that are not readable are named as unread, those under way by the check of upgrades under way. */
const NOT_WORKING: ReadonlySet<AgentState> = new Set(["down", "lost", "failed", "stopped", "pending"]);

/**
 * What of a fleet is not well, whether Juju's own checks look at it or not: `prod:web machine 1 (down)`,
 * `prod:web unit a/0 (3.6.4)`, `prod:web (dying)`. Juju lets most of its upgrades begin all the same.
 */
export function notWellIn({ models }: Fleet): string[] {
  return models.flatMap((model) => [
    ...modelWords(model).map((word) => `${model.label} (${word})`),
    ...[...new Set([...nodesOf(model), ...agentsOf(model)])].map((part) => `${model.label} ${part}`),
  ]);
}

/** Those of `places` that no check has named, by the same words or by the place alone. */
export function notNamedBy(places: readonly string[], named: readonly string[]): string[] {
  const known = new Set(named);
  return places.filter((place) => !known.has(place) && !known.has(place.replace(/ \([^()]*\)$/, "")));
}

function modelWords({ life, credentialValidity, status }: FleetModel): string[] {
  return [
    ...(life === undefined || life === "alive" ? [] : [life]),
    ...(credentialValidity === "invalid" ? ["credential not valid"] : []),
    ...(status.current === "suspended" ? ["suspended"] : []),
  ];
}

function nodesOf(model: FleetModel): readonly string[] {
  return model.isController ? findUnhealthyNodes(model.controller, model).found : [];
}

function agentsOf({ machines = [], units = [], version }: FleetModel): string[] {
  const agents = [
    ...machines.map((one) => ({ name: `machine ${one.id}`, one })),
    ...units.map((one) => ({ name: `unit ${one.name}`, one })),
  ];
  return agents.flatMap(({ name, one }) => {
    if (NOT_WORKING.has(one.state)) return [`${name} (${one.status ?? one.state})`];
    const isBehind = one.version !== undefined && version !== undefined && one.version !== version;
    return isBehind ? [`${name} (${one.version})`] : [];
  });
}

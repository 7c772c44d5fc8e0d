import { compareVersionTexts, parseVersion } from "../../juju/version.ts";
import type { Fleet, FleetController, FleetMachine, FleetModel, FleetNode } from "../fleet/fleet.ts";

/** A node of a controller, from `juju status` of the controller model and `juju show-controller` together. */
export interface UpgradedNode {
  /** Id of its machine in the controller model. */
  readonly id: string;
  /** `has-vote`, `adding-vote`, `no-vote`; null if no status contains it. */
  readonly vote: string | null;
  /** The MongoDB primary, 2.8 to 3.6; null in other releases. */
  readonly isPrimary: boolean | null;
  /** Of `juju show-controller`, up to 3.6 and with more than one node. */
  readonly haStatus: string | null;
  /** Role in the Dqlite cluster, from 4.0. */
  readonly clusterRole: string | null;
}

export interface UpgradedController {
  readonly controller: string;
  readonly uuid: string | null;
  /** The version of its API server; null if no file contains it. */
  readonly version: string | null;
  readonly mongoVersion: string | null;
  readonly upgraded: boolean;
  readonly nodes: readonly UpgradedNode[];
  /** Why it is not done. Agents of the nodes are listed with the controller model. */
  readonly reasons: readonly string[];
  /** What no file shows. */
  readonly warnings: readonly string[];
}

/** The state of each controller that a listing describes with more than its name. */
export function judgeControllers(fleet: Fleet, target: string | undefined): UpgradedController[] {
  return fleet.controllers.flatMap((controller) => {
    const own = fleet.models.find((model) => model.isController && model.controller === controller);
    const isShown = controller.version !== undefined || controller.nodes !== undefined || own !== undefined;
    return isShown && !controller.isJaas ? [judgeController(controller, own, target)] : [];
  });
}

function judgeController(
  controller: FleetController,
  own: FleetModel | undefined,
  target: string | undefined,
): UpgradedController {
  const nodes = nodesOf(controller, own);
  const goal = target ?? own?.version ?? controller.modelVersion;
  const reasons = [...versionReasons(controller, goal), ...nodeReasons(nodes)];
  return {
    controller: controller.label,
    uuid: controller.uuid ?? null,
    version: controller.version ?? null,
    mongoVersion: controller.mongoVersion ?? null,
    upgraded: reasons.length === 0,
    nodes,
    reasons,
    warnings: warningsOf(controller, nodes),
  };
}

function versionReasons({ version }: FleetController, goal: string | undefined): string[] {
  if (version === undefined || goal === undefined || compareVersionTexts(version, goal) >= 0) return [];
  return [`its API server runs ${version}, not ${goal}`];
}

/** Nodes without a vote are missing from `juju show-controller`, so both lists count. */
function nodesOf({ nodes = [] }: FleetController, own: FleetModel | undefined): UpgradedNode[] {
  const machines = new Map(
    (own?.machines ?? []).filter((machine) => machine.isControllerNode).map((one) => [one.id, one]),
  );
  const shown = new Map(nodes.map((node) => [node.id, node]));
  return [...new Set([...machines.keys(), ...shown.keys()])].map((id) =>
    nodeOf(id, machines.get(id), shown.get(id)),
  );
}

function nodeOf(id: string, machine: FleetMachine | undefined, node: FleetNode | undefined): UpgradedNode {
  return {
    id,
    vote: machine?.memberStatus ?? null,
    isPrimary: machine?.isHaPrimary ?? node?.isHaPrimary ?? null,
    haStatus: node?.haStatus ?? null,
    clusterRole: machine?.clusterRole ?? null,
  };
}

/**
 * 4.0 computes the vote from the role: a healthy `spare` has none.
 * Sources: juju apiserver/facades/client/client/status.go @3.6.28; core/database/dbmanager.go @4.0.15
 */
function nodeReasons(nodes: readonly UpgradedNode[]): string[] {
  return nodes.flatMap(({ id, vote, haStatus, clusterRole }) => {
    const faults: string[] = [];
    if (haStatus !== null && haStatus !== "ha-enabled") faults.push(`node ${id} is ${haStatus}`);
    if (clusterRole !== null) {
      if (!/^(?:voter|standby|spare)$/.test(clusterRole)) {
        faults.push(`node ${id} has the role ${clusterRole} in the database cluster`);
      }
    } else if (vote !== null && vote !== "has-vote") {
      faults.push(`node ${id} has no vote in the replica set: ${vote}`);
    }
    return faults;
  });
}

function warningsOf({ version }: FleetController, nodes: readonly UpgradedNode[]): string[] {
  if (nodes.length < 2) return [];
  const major = version === undefined ? undefined : parseVersion(version).major;
  const hasPrimary = nodes.some(({ isPrimary }) => isPrimary === true);
  const isMongo = major === undefined ? nodes.every(({ clusterRole }) => clusterRole === null) : major < 4;
  return isMongo && !hasPrimary
    ? ["no listing shows the MongoDB primary (those of Juju 2.8 and later do)"]
    : [];
}

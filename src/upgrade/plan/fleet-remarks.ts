import { shellCommand } from "../../shared/shell-command.ts";
import type { AgentState, Fleet, FleetModel, FleetUnread } from "../fleet/fleet.ts";
import { findUnhealthyNodes } from "./checks/controller-findings.ts";

/** What a plan for a fleet does not know. With any of it, nothing can be called ready. */
export interface FleetGaps {
  /** What could not be read or placed, JAAS, controllers without a version, and models without a controller. */
  readonly unread: FleetUnread[];
  /** Facts about planned controllers that no file contains. */
  readonly unknown: string[];
}

/** The gaps of a fleet, in addition to what `groupsOf` warns of. */
export function fleetGaps(fleet: Fleet): FleetGaps {
  return { unread: unreadOf(fleet), unknown: unknownOf(fleet) };
}

function unreadOf({ controllers, models, unread }: Fleet): FleetUnread[] {
  const unplaced = new Set(unread.filter(({ kind }) => kind === "unplaced").map(({ file }) => file));
  return [
    ...unread,
    ...controllers
      .filter(({ isJaas, presumedVersion }) => isJaas || presumedVersion === undefined)
      .map(({ label, isJaas, files }) =>
        entry(
          files,
          isJaas
            ? `${label} is JAAS: no file shows which controllers its models are on`
            : `no file contains the version of controller ${label}`,
        ),
      ),
    ...models
      .filter(
        ({ controller, files }) => controller === undefined && !files.some((file) => unplaced.has(file)),
      )
      .map(({ label, files }) => entry(files, `no file names the controller of model ${label}`)),
  ];
}

function entry(files: readonly string[], text: string): FleetUnread {
  return { kind: "unplaced", file: files[0] ?? "", place: "", text };
}

function unknownOf({ controllers, models }: Fleet): string[] {
  return [
    ...controllers.flatMap(({ label, version, presumedVersion, isJaas }) => {
      if (isJaas || version !== undefined || presumedVersion === undefined) return [];
      return [
        `No file contains the version of controller ${label}; ${presumedVersion} is the highest of its models.`,
      ];
    }),
    // Only lists of models have UUIDs: without one, there may be models that no file mentions.
    ...controllers
      .filter((one) => models.some(({ controller, uuid }) => controller === one && uuid === undefined))
      .map(({ label, name }) => {
        const command = shellCommand`juju models -c ${name} --format json`;
        return `No file lists all models of controller ${label}: add ${command}.`;
      }),
  ];
}

/** Unreadable agents are listed as unread, upgrading ones by the check of upgrades in progress. */
const NOT_WORKING: ReadonlySet<AgentState> = new Set(["down", "lost", "failed", "stopped", "pending"]);

/**
 * Parts of a fleet with a problem, whether Juju checks them or not: `prod:web machine 1 (down)`,
 * `prod:web unit a/0 (3.6.4)`, `prod:web (dying)`. Juju starts most upgrades in spite of them.
 */
export function notWellIn({ models }: Fleet): string[] {
  return models.flatMap((model) => [
    ...modelWords(model).map((word) => `${model.label} (${word})`),
    ...[...new Set([...nodesOf(model), ...agentsOf(model)])].map((part) => `${model.label} ${part}`),
  ]);
}

/** The `places` that no check names, with the same text or by the place alone. */
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

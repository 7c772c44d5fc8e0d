import { isArchWord } from "../../juju/platform.ts";
import { isReleaseWord } from "../../juju/release.ts";
import { compareVersions, formatVersion, isVersion, parseVersion } from "../../juju/version.ts";
import { compareTexts } from "../../shared/collections.ts";
import { JamError } from "../../shared/errors.ts";
import type { Fleet, FleetMachine, FleetModel } from "../../upgrade/fleet/fleet.ts";
import { INVENTORY_FORMAT, type FleetInventory, type VersionInUse } from "../format/inventory.ts";

export interface FleetInventoryOptions {
  /** Architectures of machines whose architecture is in no file. */
  readonly assumedArches: readonly string[];
  readonly now: Date;
}

/** True when the machines of a model are not in the files, so that architectures have to be assumed. */
export function hasUnknownArches({ models, controllers }: Fleet): boolean {
  const known = new Set(models.map(({ controller }) => controller));
  return !models.every(isTold) || controllers.some((one) => !one.isJaas && !known.has(one));
}

function isTold({ machines = [] }: FleetModel): boolean {
  return machines.length > 0 && machines.every(({ arch }) => arch !== undefined && isArchWord(arch));
}

/**
 * The versions and architectures that a fleet runs, and nothing else: the document must not reveal the number or the
 * names of machines.
 * @throws JamError JAM_FLEET_INVALID when no file tells a version
 */
export function fleetInventory(fleet: Fleet, { assumedArches, now }: FleetInventoryOptions): FleetInventory {
  const rows = [
    ...fleet.models.flatMap((model) => rowsOf(model, assumedArches)),
    ...controllerRows(fleet, assumedArches),
  ];
  const distinct = new Map(rows.map((row) => [`${row.version} ${row.arch} ${row.release}`, row]));
  if (distinct.size === 0) {
    throw new JamError("JAM_FLEET_INVALID", "The files contain no version of a controller or model.", {
      hint: "Add the output of juju models --format json or juju status --format json.",
    });
  }
  return {
    format: INVENTORY_FORMAT,
    kind: "fleet",
    createdAt: now.toISOString(),
    versions: [...distinct.values()].sort(byVersion),
  };
}

/** The model's version on each platform, and versions of machines and units that lag behind it. */
function rowsOf(
  { version, machines = [], units = [] }: FleetModel,
  assumed: readonly string[],
): VersionInUse[] {
  if (machines.length === 0) return assumed.flatMap((arch) => rowOf(version, undefined, arch));
  const byMachine = Map.groupBy(units, ({ machine }) => machine);
  return machines.flatMap((machine) => {
    const { id, arch } = machine;
    const arches = arch === undefined || !isArchWord(arch) ? assumed : [arch];
    const lagging = new Set((byMachine.get(id) ?? []).map((unit) => unit.version));
    return arches.flatMap((one) =>
      [version, machine.version, ...lagging].flatMap((text) => rowOf(text, machine, one)),
    );
  });
}

/** Controllers' versions that none of their models has, on the platforms of their models. JAAS runs no agents. */
function controllerRows({ controllers, models }: Fleet, assumed: readonly string[]): VersionInUse[] {
  const byController = Map.groupBy(models, ({ controller }) => controller);
  return controllers.flatMap((one) => {
    const { version, isJaas } = one;
    const own = byController.get(one) ?? [];
    if (isJaas || own.some((model) => model.version === version)) return [];
    const rows = own.flatMap((model) => rowsOf({ ...model, version }, assumed));
    return rows.length > 0 ? rows : assumed.flatMap((arch) => rowOf(version, undefined, arch));
  });
}

function rowOf(
  text: string | undefined,
  machine: FleetMachine | undefined,
  arch: string,
): readonly VersionInUse[] {
  if (text === undefined || !isVersion(text)) return [];
  const number = parseVersion(text);
  // Up to 2.8 agents are distinguished by series, later by OS type.
  const isBySeries = number.major < 2 || (number.major === 2 && number.minor < 9);
  const release = isBySeries ? machine?.series : machine?.os;
  const isKnown = release !== undefined && isReleaseWord(release);
  return [{ version: formatVersion(number), ...(isKnown ? { release } : {}), arch }];
}

function byVersion(a: VersionInUse, b: VersionInUse): number {
  return (
    compareVersions(parseVersion(a.version), parseVersion(b.version)) ||
    compareTexts(a.arch, b.arch) ||
    compareTexts(a.release ?? "", b.release ?? "")
  );
}

import { shellCommand } from "../../shared/shell-command.ts";
import { compareVersionTexts } from "../../juju/version.ts";
import { formatModelName, type Fleet, type FleetController, type FleetModel } from "./fleet.ts";

/**
 * One fleet of what several files say. Models are the same by UUID, else by controller and name; what a file does not
 * tell is taken from another. Controllers that only models name are added.
 */
export function joinFleet(controllers: readonly FleetController[], models: readonly FleetModel[]): Fleet {
  const notes: string[] = [];
  const joined = joinModels(models, notes).toSorted(byPlace);
  const names = new Set([
    ...controllers.map(({ name }) => name),
    ...joined.flatMap(({ controller }) => controller ?? []),
  ]);
  const all = [...names].toSorted(compareTexts).map((name) => {
    const said = controllers.filter((controller) => controller.name === name);
    return joinController(
      name,
      said,
      joined.filter(({ controller }) => controller === name),
      notes,
    );
  });
  return { controllers: all, models: joined, notes };
}

function joinModels(models: readonly FleetModel[], notes: string[]): FleetModel[] {
  const known = new Map<string, FleetModel>();
  const vague: FleetModel[] = [];
  for (const model of models) {
    if (model.uuid === undefined) vague.push(model);
    else known.set(model.uuid, join(known.get(model.uuid), model));
  }
  // A status tells neither UUID nor owner: its controller and name have to do.
  for (const model of vague) {
    const same = [...known].filter(([, one]) => isSamePlace(one, model));
    const [first] = same;
    if (same.length > 1) {
      notes.push(
        `${model.controller ?? "?"} has several models ${model.name}; its status was not used. Give a controller's files without it.`,
      );
    } else {
      const key = first?.[0] ?? `${model.controller ?? ""}:${formatModelName(model)}`;
      known.set(key, join(known.get(key), model));
    }
  }
  return [...known.values()];
}

function isSamePlace(one: FleetModel, other: FleetModel): boolean {
  return (
    one.name === other.name &&
    one.controller === other.controller &&
    (one.owner === undefined || other.owner === undefined || one.owner === other.owner)
  );
}

/** The first that tells counts; a version from a status is as good as one from a list. */
function join(one: FleetModel | undefined, other: FleetModel): FleetModel {
  if (one === undefined) return other;
  const told = Object.entries(one).filter(([, value]) => value !== undefined);
  return { ...other, ...(Object.fromEntries(told) as unknown as FleetModel) };
}

function joinController(
  name: string,
  said: readonly FleetController[],
  models: readonly FleetModel[],
  notes: string[],
): FleetController {
  const own = models.find(({ isController }) => isController === true)?.version;
  // What a client remembers of a controller may be old; the controller's own model is what it runs.
  const told = own ?? said.find(({ version }) => version !== undefined)?.version;
  const highest = models
    .flatMap(({ version }) => version ?? [])
    .toSorted(compareVersionTexts)
    .at(-1);
  if (told === undefined && highest !== undefined) {
    notes.push(
      `No file tells the version of controller ${name}; ${highest}, the highest of its models, is taken. Give ${shellCommand`juju show-controller ${name} --format json`}.`,
    );
  }
  return {
    name,
    uuid: said.find(({ uuid }) => uuid !== undefined)?.uuid,
    version: told ?? highest,
    mongoVersion: said.find(({ mongoVersion }) => mongoVersion !== undefined)?.mongoVersion,
  };
}

function byPlace(a: FleetModel, b: FleetModel): number {
  return (
    compareTexts(a.controller ?? "", b.controller ?? "") ||
    Number(b.isController ?? false) - Number(a.isController ?? false) ||
    compareTexts(formatModelName(a), formatModelName(b))
  );
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

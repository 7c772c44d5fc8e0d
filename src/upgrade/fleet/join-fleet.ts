import { addTo, compareTexts } from "../../shared/collections.ts";
import { describeDifferences, joinModel, joinController } from "./join-facts.ts";
import type { Facts } from "./facts.ts";
import type { Fleet, FleetController, FleetModel, FleetSource, FleetUnread } from "./fleet.ts";
import { ControllerDirectory, type ControllerEntry } from "./identify-controllers.ts";
import { identifyModels } from "./identify-models.ts";
import { ModelIndex } from "./model-index.ts";

/** The facts of all files. */
export interface FleetParts extends Facts {
  readonly unread: readonly FleetUnread[];
  readonly sources: readonly FleetSource[];
}

/**
 * One fleet, joined from the facts of all files. Controllers and models are identified by UUID, else by name; what one
 * file does not contain is filled in from another. The order of the files does not matter.
 */
export function joinFleet(parts: FleetParts): Fleet {
  const notes: string[] = [];
  const unread = [...parts.unread];
  const directory = new ControllerDirectory(parts);
  const index = new ModelIndex();
  identifyModels(parts.models, { directory, index, notes, unread });
  const byController = Map.groupBy(index.entries, ({ controller }) => controller);
  const labels = labelControllers(directory.entries, notes);
  const controllers = new Map<ControllerEntry, FleetController>();
  for (const entry of directory.entries) {
    const label = labels.get(entry) ?? "";
    controllers.set(entry, joinController(entry, { label, models: byController.get(entry) ?? [], notes }));
  }
  const models = index.entries.map((entry) => {
    const controller = entry.controller === undefined ? undefined : controllers.get(entry.controller);
    const model = joinModel(entry, controller);
    notes.push(...describeDifferences(entry, model));
    return model;
  });
  return {
    controllers: [...controllers.values()].toSorted((a, b) => compareTexts(a.label, b.label)),
    models: distinctLabels(models).toSorted(byPlace),
    notes: [...new Set(notes)].toSorted(compareTexts),
    unread,
    sources: parts.sources,
  };
}

/** Names, with a part of the UUID or the file if several controllers have one name. */
function labelControllers(
  entries: readonly ControllerEntry[],
  notes: string[],
): ReadonlyMap<ControllerEntry, string> {
  const byName = new Map<string, ControllerEntry[]>();
  for (const entry of entries) {
    for (const name of entry.names) addTo(byName, name, entry);
  }
  const labels = new Map<ControllerEntry, string>();
  const shorts = countShorts(entries);
  for (const entry of entries) {
    const [name = entry.uuid ?? ""] = [...entry.names].toSorted(compareTexts);
    const same = byName.get(name) ?? [];
    if (same.length < 2) labels.set(entry, name);
    else labels.set(entry, `${name} (${entry.onlyIn ?? distinctUuid(entry, shorts)})`);
  }
  for (const [name, same] of byName) {
    if (same.length < 2 || same.some(({ onlyIn }) => onlyIn !== undefined)) continue;
    const described = same.map(
      (entry) => `${entry.uuid ?? "no UUID"} (${[...entry.files].toSorted(compareTexts).join(", ")})`,
    );
    notes.push(
      `${same.length} controllers are called ${name}: ${described.join(" and ")}. Run commands that name ${name} with the client that uses that controller.`,
    );
  }
  return labels;
}

/** How many UUIDs begin with the same eight digits. */
function countShorts(entries: readonly ControllerEntry[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { uuid } of entries) {
    const short = uuid?.slice(0, SHORT_UUID) ?? "";
    counts.set(short, (counts.get(short) ?? 0) + 1);
  }
  return counts;
}

const SHORT_UUID = 8;

/** The first eight digits of a UUID, or all of it if that is not enough. */
function distinctUuid({ uuid }: ControllerEntry, shorts: ReadonlyMap<string, number>): string {
  if (uuid === undefined) return "no UUID";
  const short = uuid.slice(0, SHORT_UUID);
  return (shorts.get(short) ?? 0) > 1 ? uuid : short;
}

/** Adds the UUID, or the files, to labels that several models share. */
function distinctLabels(models: readonly FleetModel[]): FleetModel[] {
  const counts = new Map<string, number>();
  for (const { label } of models) counts.set(label, (counts.get(label) ?? 0) + 1);
  return models.map((model) => {
    if ((counts.get(model.label) ?? 0) < 2) return model;
    return { ...model, label: `${model.label} (${model.uuid ?? model.files.join(", ")})` };
  });
}

function byPlace(a: FleetModel, b: FleetModel): number {
  return (
    Number(a.controller === undefined) - Number(b.controller === undefined) ||
    compareTexts(a.controller?.label ?? "", b.controller?.label ?? "") ||
    Number(b.isController) - Number(a.isController) ||
    compareTexts(a.label, b.label)
  );
}

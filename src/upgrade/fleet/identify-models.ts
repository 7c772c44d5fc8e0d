import { printable } from "../../shared/printable.ts";
import type { ModelFacts } from "./facts.ts";
import type { ControllerDirectory, ControllerEntry } from "./identify-controllers.ts";
import { addTo, type Identifying, type ModelEntry } from "./model-index.ts";
import { placeMachines, placeStatuses } from "./place-listings.ts";

/** Finds the models of all files: by UUID, and by controller and name where a file has no UUID. */
export function identifyModels(models: readonly ModelFacts[], context: Identifying): void {
  for (const entry of withUuids(models, context)) context.index.add(entry);
  const nameless = models.filter(({ uuid }) => uuid === undefined);
  const [statuses, machines] = [
    nameless.filter(({ listing }) => listing !== "machines"),
    nameless.filter(({ listing }) => listing === "machines"),
  ];
  placeStatuses(statuses, context);
  placeMachines(machines, context);
}

function withUuids(models: readonly ModelFacts[], { directory, notes }: Identifying): ModelEntry[] {
  const byUuid = new Map<string, ModelEntry[]>();
  const known = models
    .filter(({ uuid }) => uuid !== undefined)
    .toSorted((a, b) => Number(a.controllerUuid === undefined) - Number(b.controllerUuid === undefined));
  for (const facts of known) {
    const same = byUuid.get(facts.uuid ?? "") ?? [];
    const controller =
      facts.controllerUuid === undefined
        ? (same[0]?.controller ?? controllerNamed(facts.controllerName, directory))
        : directory.withUuid(facts.controllerUuid);
    const entry = same.find((one) => one.controller === controller);
    if (entry === undefined) {
      addTo(byUuid, facts.uuid ?? "", { controller, facts: [facts], onlyIn: undefined });
    } else entry.facts.push(facts);
  }
  for (const [uuid, [first, ...others]] of byUuid) {
    if (first === undefined || others.length === 0) continue;
    const files = [first, ...others].flatMap(filesOf).join(", ");
    notes.push(
      `Model ${first.facts[0]?.name ?? ""} (${printable(uuid, 40)}) is listed by several controllers (${files}): it moves between them, or the files are of different days. It counts for each.`,
    );
  }
  return [...byUuid.values()].flat();
}

function controllerNamed(
  name: string | undefined,
  directory: ControllerDirectory,
): ControllerEntry | undefined {
  if (name === undefined) return undefined;
  const [only, ...others] = directory.named(name);
  return only === undefined || others.length > 0 ? directory.nameOnly(name) : only;
}

function filesOf({ facts }: ModelEntry): string[] {
  return [...new Set(facts.map(({ origin }) => origin.place))];
}

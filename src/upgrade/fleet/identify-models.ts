import { addTo, append } from "../../shared/collections.ts";
import { printable } from "../../shared/printable.ts";
import type { ModelFacts } from "./facts.ts";
import type { ControllerDirectory, ControllerEntry } from "./identify-controllers.ts";
import {
  type Identifying,
  type Look,
  type ModelEntry,
  leaveAlone,
  placesOf,
  sortFacts,
  sortIntoLooks,
} from "./model-index.ts";
import { compareVersionTexts } from "../../juju/version.ts";
import { shellCommand } from "../../shared/shell-command.ts";

/** Finds the models of all files: by UUID, or by controller and name if a file has no UUID. */
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
      `Model ${first.facts[0]?.name ?? ""} (${printable(uuid, 40)}) is listed by several controllers (${files}): it is being migrated, or the files were written at different times. It is counted for each of them.`,
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

/** Places statuses, which name only a controller and a model. */
export function placeStatuses(facts: readonly ModelFacts[], context: Identifying): void {
  const toModel = new Map<ModelEntry, ModelFacts[]>();
  const toController = new Map<ControllerEntry, ModelFacts[]>();
  const byNames: ModelFacts[] = [];
  const found = new Map<string, Place | undefined>();
  for (const one of facts) {
    const named = one.controllerName === undefined ? [] : context.directory.meantBy(one.controllerName);
    const place = named.length === 0 ? undefined : rememberPlace(one, named, { context, found });
    if (named.length === 0) byNames.push(one);
    else if (place === undefined) leaveAlone([one], whyUnplaced(one, named), context);
    else if ("model" in place) addTo(toModel, place.model, one);
    else addTo(toController, place.controller, one);
  }
  for (const [entry, own] of toModel) joinKnown(entry, own, context);
  for (const [controller, own] of toController) joinNamed(controller, own, context);
  joinByNames(byNames, context);
}

/** The model, or the controller of a new model. */
type Place = ({ readonly model: ModelEntry } | { readonly controller: ControllerEntry }) & {
  /** How it was distinguished from others. */
  readonly by: "name" | "version";
};

interface PlaceSearch {
  readonly context: Identifying;
  /** Places by what they depend on: many statuses of one name are searched for once. */
  readonly found: Map<string, Place | undefined>;
}

function rememberPlace(
  facts: ModelFacts,
  named: readonly ControllerEntry[],
  { context, found }: PlaceSearch,
): Place | undefined {
  const { controllerName, name, version, type, cloud, isController } = facts;
  const key = JSON.stringify([controllerName, name, version, type, cloud, isController]);
  if (!found.has(key)) found.set(key, findPlace(facts, named, context));
  const place = found.get(key);
  if (place?.by === "version") context.notes.push(describeGuess(facts, place));
  return place;
}

/** The place of a status among controllers of its name; undefined if several are possible. */
function findPlace(
  facts: ModelFacts,
  named: readonly ControllerEntry[],
  { index }: Identifying,
): Place | undefined {
  const found = named.flatMap((controller) => index.of(controller, facts.name));
  const [first] = found;
  if (first !== undefined && found.length === 1 && named.length === 1) return { model: first, by: "name" };
  const fitting = found.filter((entry) => fits(entry, facts));
  const [fit] = fitting;
  if (fit !== undefined && fitting.length === 1) return { model: fit, by: "version" };
  if (found.length > 0) return undefined;
  const [controller] = named;
  if (controller !== undefined && named.length === 1) return { controller, by: "name" };
  const able = named.filter((one) => couldHold(one, facts));
  const [only] = able;
  return only === undefined || able.length > 1 ? undefined : { controller: only, by: "version" };
}

function describeGuess({ origin, version = "" }: ModelFacts, place: Place): string {
  const what =
    "model" in place
      ? describe(place.model)
      : `a model of ${[...place.controller.names].toSorted().join(", ")} (${place.controller.uuid ?? ""})`;
  return `${origin.place} contains no UUID and no owner; its version ${version} matches only ${what}, so it is assigned to that.`;
}

/** Whether a status can be of this model: version, type and cloud are the same. */
function fits({ facts }: ModelEntry, status: ModelFacts): boolean {
  const listed = facts.filter(({ version }) => version !== undefined);
  return (
    listed.some(({ version }) => version === status.version) &&
    facts.every(({ type }) => type === undefined || type === status.type) &&
    facts.every(({ cloud }) => cloud === undefined || status.cloud === undefined || cloud === status.cloud)
  );
}

/** Whether a controller runs the minor version of the status; for the controller model, exactly its version. */
function couldHold({ facts, uuid }: ControllerEntry, status: ModelFacts): boolean {
  return (
    uuid !== undefined &&
    facts.some(({ version }) =>
      status.isController === true
        ? version === status.version
        : version !== undefined && minorOf(version) === minorOf(status.version ?? ""),
    )
  );
}

function minorOf(version: string): string {
  return /^\d+\.\d+/.exec(version)?.[0] ?? "";
}

/** Statuses of a known model: those that match the list count, others are kept separately. */
function joinKnown(entry: ModelEntry, statuses: readonly ModelFacts[], context: Identifying): void {
  const looks = sortIntoLooks(sortFacts(statuses));
  const fitting = looks.find(([one]) => one !== undefined && fits(entry, one));
  const newest = looks.toSorted(([a], [b]) =>
    compareVersionTexts(b?.version ?? "0.0.0", a?.version ?? "0.0.0"),
  );
  const chosen = fitting ?? newest[0] ?? [];
  append(entry.facts, chosen);
  for (const look of looks.filter((one) => one !== chosen)) {
    leaveAlone(
      look,
      `it contradicts ${placesOf(chosen)}, which describes the same ${describe(entry)}`,
      context,
    );
  }
}

/** Models of a controller with a UUID for which no file contains the UUID of the model. */
function joinNamed(controller: ControllerEntry, statuses: readonly ModelFacts[], context: Identifying): void {
  for (const own of Map.groupBy(statuses, ({ name }) => name).values()) {
    const [first = [], ...others] = sortIntoLooks(sortFacts(own));
    context.index.add({ controller, facts: first, onlyIn: undefined });
    for (const look of others) {
      leaveAlone(look, `it contradicts ${placesOf(first)}, which describes the same model`, context);
    }
  }
}

/**
 * Statuses of controllers without a UUID in any file. If two statuses of one model contradict each other, there may be
 * two controllers of that name: each file then counts as a controller of its own, and none is dropped.
 */
function joinByNames(facts: readonly ModelFacts[], context: Identifying): void {
  const { directory, index, notes } = context;
  for (const [name, own] of Map.groupBy(facts, ({ controllerName }) => controllerName)) {
    const models = [...Map.groupBy(sortFacts(own), (one) => one.name).values()].map(sortIntoLooks);
    const split = models.some((looks) => looks.length > 1) ? splitByPlace(models) : undefined;
    for (const looks of models) {
      if (looks.length > 1) notes.push(describeContradiction(name, looks));
      for (const look of looks) {
        const onlyIn = split?.get(look[0]?.origin.place ?? "");
        const controller = name === undefined ? undefined : directory.nameOnly(name, onlyIn);
        controller?.files.add(look[0]?.origin.file ?? "");
        index.add({ controller, facts: look, onlyIn });
      }
    }
  }
}

/** For each place its file, or its document if one file contradicts itself, as the name of its controller. */
function splitByPlace(models: readonly (readonly Look[])[]): Map<string, string> {
  const contradicting = models.filter((looks) => looks.length > 1);
  const isInside = contradicting.some((looks) => {
    const files = looks.flatMap((look) => [...new Set(look.map(({ origin }) => origin.file))]);
    return new Set(files).size < files.length;
  });
  const keyOf = ({ origin }: ModelFacts) => (isInside ? origin.place : origin.file);
  const stands = new Map<string, string>();
  for (const look of contradicting.flat()) {
    const [first] = look;
    if (first === undefined) continue;
    const one = stands.get(keyOf(first)) ?? keyOf(first);
    for (const facts of look) if (!stands.has(keyOf(facts))) stands.set(keyOf(facts), one);
  }
  const all = models.flat(2);
  const folder = commonFolder(all.map(({ origin }) => origin.place));
  return new Map(
    all.map((facts) => [facts.origin.place, (stands.get(keyOf(facts)) ?? keyOf(facts)).slice(folder.length)]),
  );
}

/** `fleet/` of `fleet/berlin.json` and `fleet/bonn.json`: it does not distinguish them. */
function commonFolder([first = "", ...others]: readonly string[]): string {
  let folder = first.slice(0, first.lastIndexOf("/") + 1);
  for (const other of others) {
    while (!other.startsWith(folder))
      folder = folder.slice(0, folder.lastIndexOf("/", folder.length - 2) + 1);
  }
  return folder;
}

function describeContradiction(controller: string | undefined, looks: readonly Look[]): string {
  const [first] = looks[0] ?? [];
  const places = looks.map((look) => `${placesOf(look)} (${look[0]?.version ?? "no version"})`).join(", ");
  const name = controller === undefined ? (first?.name ?? "") : `${controller}:${first?.name ?? ""}`;
  return `${places} all describe ${name} and contradict each other. No file contains a UUID, so each is counted separately: add the output of ${shellCommand`juju models -c ${controller ?? "CONTROLLER"} --format json`} for each controller of that name, or give only the newest status.`;
}

function whyUnplaced({ controllerName = "", name }: ModelFacts, named: readonly ControllerEntry[]): string {
  const what =
    named.length > 1
      ? `${named.length} controllers are called ${controllerName}`
      : `${controllerName} has several models ${name}`;
  return `${what}, a status contains neither UUID nor owner, and its version does not show which one it is`;
}

function describe({ controller, facts }: ModelEntry): string {
  const names = facts.map(({ owner, name }) => (owner === undefined ? name : `${owner}/${name}`));
  const longest = names.toSorted((a, b) => b.length - a.length)[0] ?? "";
  return `model ${longest} of ${[...(controller?.names ?? [])].sort().join(", ")} (${controller?.uuid ?? "no UUID"})`;
}

/** Places lists of machines, which name only a model: they are joined if it is the only one of that name. */
export function placeMachines(facts: readonly ModelFacts[], context: Identifying): void {
  for (const [name, own] of Map.groupBy(facts, (one) => one.name)) {
    const looks = sortIntoLooks(sortFacts(own));
    const found = context.index.called(name);
    const [entry] = found;
    for (const look of looks) {
      if (entry === undefined && looks.length === 1) {
        context.index.add({ controller: undefined, facts: look, onlyIn: undefined });
      } else if (entry !== undefined && found.length === 1 && agree(entry, look)) {
        append(entry.facts, look);
      } else {
        const why =
          found.length > 1
            ? `it names no controller, and several models are called ${name}`
            : `it contradicts other files about model ${name}`;
        leaveAlone(look, why, context);
      }
    }
  }
}

function agree({ facts }: ModelEntry, look: Look): boolean {
  return sortIntoLooks([...facts.filter(({ machines }) => machines !== undefined), ...look]).length === 1;
}

import { compareTexts } from "../../shared/collections.ts";
import { compareVersionTexts, parseVersion } from "../../juju/version.ts";
import { type ControllerFacts, MODEL_LISTINGS, type ModelFacts } from "./facts.ts";
import { type FleetController, type FleetModel, formatModelName } from "./fleet.ts";
import type { ControllerEntry } from "./identify-controllers.ts";
import type { ModelEntry } from "./model-index.ts";

export interface ControllerContext {
  readonly label: string;
  readonly models: readonly ModelEntry[];
  /** Appended to. */
  readonly notes: string[];
}

/** One controller, joined from all facts about it and its models. */
export function joinController(
  entry: ControllerEntry,
  { label, models, notes }: ControllerContext,
): FleetController {
  const facts = entry.facts.toSorted((a, b) => compareTexts(a.origin.place, b.origin.place));
  const names = [...entry.names].toSorted(compareTexts);
  const own = models.flatMap((model) => model.facts).filter(({ isController }) => isController === true);
  const name = names[0] ?? entry.uuid ?? "";
  const isJaas = isReallyJaas(entry, { name, own, facts });
  const asked = facts.filter(({ versionIs }) => versionIs === "asked");
  const version =
    highest(asked) ??
    highest(own.filter(({ listing }) => listing === "models" || listing === "show-model")) ??
    highest(facts);
  if (names.length > 1) notes.push(`${names.join(" and ")} are names of one controller (${entry.uuid}).`);
  if (isJaas) notes.push(describeJaas(name));
  if (new Set(asked.flatMap((one) => one.version ?? [])).size > 1) {
    const places = asked.map((one) => `${one.origin.place} (${one.version ?? "no version"})`);
    notes.push(
      `${places.join(" and ")} contradict each other about controller ${label}: the highest version counts.`,
    );
  }
  const all = models.flatMap((model) => model.facts);
  const presumed = isJaas ? undefined : (version ?? highest(own) ?? highest(all));
  return {
    uuid: entry.uuid,
    names,
    name,
    label,
    version,
    presumedVersion: presumed,
    modelVersion: first(facts, "modelVersion") ?? highest(own),
    generation: version === undefined ? undefined : minorOf(version),
    mongoVersion: first(facts, "mongoVersion"),
    isJaas,
    cloud: first(facts, "cloud"),
    region: first(facts, "region"),
    access: first(facts, "access"),
    nodes: first(facts, "nodes"),
    addresses: first(facts, "addresses"),
    errors: facts.flatMap(({ errors }) => errors),
    files: [...new Set([...entry.files, ...all.map(({ origin }) => origin.file)])].toSorted(compareTexts),
  };
}

interface Evidence {
  readonly name: string;
  /** The facts about the controller's own model. */
  readonly own: readonly ModelFacts[];
  readonly facts: readonly ControllerFacts[];
}

/** Only a real controller has a controller model, nodes and a database. `jaas` is the default name of JAAS in clients. */
function isReallyJaas(entry: ControllerEntry, { name, own, facts }: Evidence): boolean {
  const isReal =
    own.length > 0 ||
    facts.some(({ nodes, mongoVersion }) => nodes !== undefined || mongoVersion !== undefined);
  return !isReal && (entry.isJaas || name === "jaas");
}

function describeJaas(name: string): string {
  return `${name} is JAAS: one name for several controllers, which these files do not name. Its version is that of JIMM. Provide the files of each controller: log in to it, then run juju show-controller CONTROLLER --format json and juju models -c CONTROLLER --format json. No upgrade is planned for ${name}.`;
}

function first<K extends keyof ControllerFacts>(
  facts: readonly ControllerFacts[],
  key: K,
): ControllerFacts[K] | undefined {
  return facts.find((one) => one[key] !== undefined)?.[key];
}

function highest(facts: readonly { readonly version: string | undefined }[]): string | undefined {
  return facts
    .flatMap(({ version }) => version ?? [])
    .toSorted(compareVersionTexts)
    .at(-1);
}

function minorOf(version: string): string {
  const { major, minor } = parseVersion(version);
  return `${major}.${minor}`;
}

/** One model, joined from all facts about it: for each field the first in the order of `MODEL_LISTINGS` counts. */
export function joinModel(
  { facts, onlyIn }: ModelEntry,
  controller: FleetController | undefined,
): FleetModel {
  const ranked = facts.toSorted(
    (a, b) =>
      MODEL_LISTINGS.indexOf(a.listing) - MODEL_LISTINGS.indexOf(b.listing) ||
      compareTexts(a.origin.place, b.origin.place),
  );
  const first = <K extends keyof ModelFacts>(key: K): ModelFacts[K] | undefined =>
    ranked.find((one) => one[key] !== undefined)?.[key];
  const name = ranked[0]?.name ?? "";
  const isController = isControllerModel(ranked);
  const owner = first("owner");
  const controllerName = first("controllerName");
  const place = controller?.label ?? controllerName;
  const label = `${place === undefined ? "" : `${place}:`}${formatModelName({ name, owner })}`;
  const status = ranked.find((one) => one.status.current !== undefined)?.status ?? NO_STATUS;
  return {
    controller,
    controllerName,
    uuid: first("uuid"),
    name,
    owner,
    label: controller === undefined && onlyIn !== undefined ? `${label} (${onlyIn})` : label,
    isController,
    type: first("type"),
    version: first("version"),
    life: first("life"),
    cloud: first("cloud"),
    region: first("region"),
    cloudType: first("cloudType"),
    status,
    migration:
      ranked.find(({ migration }) => migration?.start !== undefined)?.migration ?? first("migration"),
    isMigrating: joinMigrating(ranked),
    activity: first("activity"),
    upgradeAvailable: first("upgradeAvailable"),
    credentialValidity: first("credentialValidity"),
    machines: union(ranked, "machines", ({ id }) => id),
    units: union(ranked, "units", (unit) => unit.name),
    applications: union(ranked, "applications", (application) => application.name),
    endpoints: union(ranked, "endpoints", (endpoint) => `${endpoint.kind} ${endpoint.name}`),
    files: [...new Set(ranked.map(({ origin }) => origin.place))].toSorted(compareTexts),
  };
}

const NO_STATUS = { current: undefined, message: undefined, since: undefined, reason: undefined } as const;

/** As `juju models` lists it; without that, by its name. */
function isControllerModel(facts: readonly ModelFacts[]): boolean {
  const listed = facts.find(
    ({ listing, isController }) =>
      (listing === "models" || listing === "show-model") && isController !== undefined,
  );
  return listed?.isController ?? facts.some(({ isController }) => isController === true);
}

/** True as soon as one file shows it: a file without the migration may be older. */
function joinMigrating(facts: readonly ModelFacts[]): boolean | undefined {
  const known = facts.flatMap(({ isMigrating }) => isMigrating ?? []);
  return known.length === 0 ? undefined : known.includes(true);
}

/** The entries of several files, each once: a status of one application contains only a part of the machines. */
function union<K extends "machines" | "units" | "applications" | "endpoints">(
  facts: readonly ModelFacts[],
  key: K,
  nameOf: (one: NonNullable<ModelFacts[K]>[number]) => string,
): ModelFacts[K] {
  const lists = facts.flatMap((one) => (one[key] === undefined ? [] : [one[key]]));
  if (lists.length < 2) return lists[0];
  const all = new Map<string, unknown>();
  for (const one of lists.flat() as NonNullable<ModelFacts[K]>[number][]) {
    if (!all.has(nameOf(one))) all.set(nameOf(one), one);
  }
  return [...all.values()] as unknown as ModelFacts[K];
}

/** Notes on files that contain different values for one model. */
export function describeDifferences({ facts }: ModelEntry, { label, version }: FleetModel): string[] {
  const notes: string[] = [];
  for (const key of ["version", "type", "life"] as const) {
    const values = Map.groupBy(
      facts.filter((one) => one[key] !== undefined),
      (one) => one[key],
    );
    if (values.size < 2) continue;
    const parts = [...values].map(
      ([value, own]) => `${own.map(({ origin }) => origin.place).join(", ")} (${value})`,
    );
    const counts = key === "version" ? `; ${version ?? ""} counts` : "";
    notes.push(`${parts.toSorted().join(" and ")} differ about the ${key} of ${label}${counts}.`);
  }
  return notes;
}

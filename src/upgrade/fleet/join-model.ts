import { MODEL_LISTINGS, type ModelFacts } from "./facts.ts";
import type { FleetController, FleetModel } from "./fleet.ts";
import { formatModelName } from "./fleet.ts";
import type { ModelEntry } from "./model-index.ts";

/** One model of everything that files say of it: the first in the order of `MODEL_LISTINGS` that tells a thing counts. */
export function joinModel(
  { facts, onlyIn }: ModelEntry,
  controller: FleetController | undefined,
): FleetModel {
  const ranked = facts.toSorted(
    (a, b) =>
      MODEL_LISTINGS.indexOf(a.listing) - MODEL_LISTINGS.indexOf(b.listing) ||
      compareTexts(a.origin.place, b.origin.place),
  );
  const tell = <K extends keyof ModelFacts>(key: K): ModelFacts[K] | undefined =>
    ranked.find((one) => one[key] !== undefined)?.[key];
  const name = ranked[0]?.name ?? "";
  const isController = isControllerModel(ranked);
  const owner = tell("owner");
  const controllerName = tell("controllerName");
  const place = controller?.label ?? controllerName;
  const label = `${place === undefined ? "" : `${place}:`}${formatModelName({ name, owner })}`;
  const status = ranked.find((one) => one.status.current !== undefined)?.status ?? NO_STATUS;
  return {
    controller,
    controllerName,
    uuid: tell("uuid"),
    name,
    owner,
    label: controller === undefined && onlyIn !== undefined ? `${label} (${onlyIn})` : label,
    isController,
    type: tell("type"),
    version: tell("version"),
    life: tell("life"),
    cloud: tell("cloud"),
    region: tell("region"),
    cloudType: tell("cloudType"),
    status,
    migration: ranked.find(({ migration }) => migration?.start !== undefined)?.migration ?? tell("migration"),
    isMigrating: joinMigrating(ranked),
    activity: tell("activity"),
    upgradeAvailable: tell("upgradeAvailable"),
    credentialValidity: tell("credentialValidity"),
    machines: union(ranked, "machines", ({ id }) => id),
    units: union(ranked, "units", (unit) => unit.name),
    applications: union(ranked, "applications", (application) => application.name),
    endpoints: union(ranked, "endpoints", (endpoint) => `${endpoint.kind} ${endpoint.name}`),
    files: [...new Set(ranked.map(({ origin }) => origin.place))].toSorted(compareTexts),
  };
}

const NO_STATUS = { current: undefined, message: undefined, since: undefined, reason: undefined } as const;

/** `juju models` knows; where it is not there the name has to do. */
function isControllerModel(facts: readonly ModelFacts[]): boolean {
  const listed = facts.find(
    ({ listing, isController }) =>
      (listing === "models" || listing === "show-model") && isController !== undefined,
  );
  return listed?.isController ?? facts.some(({ isController }) => isController === true);
}

/** True as soon as one file says so: whoever does not know of a migration may be older. */
function joinMigrating(facts: readonly ModelFacts[]): boolean | undefined {
  const told = facts.flatMap(({ isMigrating }) => isMigrating ?? []);
  return told.length === 0 ? undefined : told.includes(true);
}

/** What several files list, each once: a status of one application has a part of the machines. */
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

/** Files of one model that say different things of it. */
export function describeDifferences({ facts }: ModelEntry, { label, version }: FleetModel): string[] {
  const notes: string[] = [];
  for (const key of ["version", "type", "life"] as const) {
    const told = Map.groupBy(
      facts.filter((one) => one[key] !== undefined),
      (one) => one[key],
    );
    if (told.size < 2) continue;
    const parts = [...told].map(
      ([value, own]) => `${own.map(({ origin }) => origin.place).join(", ")} (${value})`,
    );
    const counts = key === "version" ? `; ${version ?? ""} counts` : "";
    notes.push(`${parts.toSorted().join(" and ")} differ about the ${key} of ${label}${counts}.`);
  }
  return notes;
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

import { compareVersionTexts, parseVersion } from "../../juju/version.ts";
import type { ControllerFacts, ModelFacts } from "./facts.ts";
import type { FleetController } from "./fleet.ts";
import type { ControllerEntry } from "./identify-controllers.ts";
import type { ModelEntry } from "./model-index.ts";

export interface ControllerContext {
  readonly label: string;
  readonly models: readonly ModelEntry[];
  /** Appended to. */
  readonly notes: string[];
}

/** One controller of everything that files say of it and of its models. */
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
    const told = asked.map((one) => `${one.origin.place} (${one.version ?? "no version"})`);
    notes.push(`${told.join(" and ")} contradict each other about controller ${label}: the highest counts.`);
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
    errors: facts.flatMap(({ errors }) => errors),
    files: [...new Set([...entry.files, ...all.map(({ origin }) => origin.file)])].toSorted(compareTexts),
  };
}

interface Evidence {
  readonly name: string;
  /** What files say of the controller's own model. */
  readonly own: readonly ModelFacts[];
  readonly facts: readonly ControllerFacts[];
}

/** Only a real controller has a controller model, nodes and a database. `jaas` is what clients call JAAS by themselves. */
function isReallyJaas(entry: ControllerEntry, { name, own, facts }: Evidence): boolean {
  const isReal =
    own.length > 0 ||
    facts.some(({ nodes, mongoVersion }) => nodes !== undefined || mongoVersion !== undefined);
  return !isReal && (entry.isJaas || name === "jaas");
}

function describeJaas(name: string): string {
  return `${name} is JAAS: one name in front of several controllers, which no file here tells. Its version is that of JIMM. Give the files of its controllers one by one: log in to each, then juju show-controller CONTROLLER --format json and juju models -c CONTROLLER --format json. No upgrade is planned for ${name}.`;
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

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

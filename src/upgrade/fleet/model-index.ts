import { addTo, compareTexts } from "../../shared/collections.ts";
import type { ModelFacts } from "./facts.ts";
import type { FleetUnread } from "./fleet.ts";
import type { ControllerDirectory, ControllerEntry } from "./identify-controllers.ts";

/** A model, and the facts about it, while files are joined. */
export interface ModelEntry {
  /** Undefined if its files do not name it, or if several controllers are possible. */
  readonly controller: ControllerEntry | undefined;
  readonly facts: ModelFacts[];
  /** The file that distinguishes it from another description of what may be the same model. */
  readonly onlyIn: string | undefined;
}

/** The models found so far, by controller and name. */
export class ModelIndex {
  readonly entries: ModelEntry[] = [];
  readonly #byName = new Map<string, ModelEntry[]>();
  readonly #byController = new Map<ControllerEntry, Map<string, ModelEntry[]>>();

  add(entry: ModelEntry): void {
    this.entries.push(entry);
    const name = entry.facts[0]?.name ?? "";
    addTo(this.#byName, name, entry);
    if (entry.controller === undefined) return;
    const own = this.#byController.get(entry.controller) ?? new Map<string, ModelEntry[]>();
    addTo(own, name, entry);
    this.#byController.set(entry.controller, own);
  }

  called(name: string): readonly ModelEntry[] {
    return this.#byName.get(name) ?? [];
  }

  of(controller: ControllerEntry, name: string): readonly ModelEntry[] {
    return this.#byController.get(controller)?.get(name) ?? [];
  }
}

/** What models are identified with. */
export interface Identifying {
  readonly directory: ControllerDirectory;
  readonly index: ModelIndex;
  /** Appended to. */
  readonly notes: string[];
  readonly unread: FleetUnread[];
}

/** Keeps what cannot be placed as a separate model without a controller, so that its agents still count. */
export function leaveAlone(look: Look, why: string, context: Identifying): void {
  const places = placesOf(look);
  context.notes.push(`${places} is counted separately: ${why}.`);
  for (const { origin } of look) {
    context.unread.push({ kind: "unplaced", file: origin.file, place: "", text: why });
  }
  context.index.add({ controller: undefined, facts: look, onlyIn: places });
}

/** The files of a look, for messages. */
export function placesOf(look: Look): string {
  return look.map(({ origin }) => origin.place).join(" and ");
}

/** By place, so that the order in which files are given does not matter. */
export function sortFacts(facts: readonly ModelFacts[]): ModelFacts[] {
  return facts.toSorted((a, b) => compareTexts(a.origin.place, b.origin.place));
}

/** Descriptions of one model that agree with each other. */
export type Look = ModelFacts[];

/** So many different looks at one model are compared; each further one counts as a look of its own. */
const MAX_COMPARED = 50;

/**
 * Statuses of what may be one model, sorted into looks that do not contradict each other. Two agree if they have the
 * same version and the same state of every machine and unit that both contain; one may contain more than the other
 * (`juju status APPLICATION` prints a part).
 */
export function sortIntoLooks(facts: readonly ModelFacts[]): Look[] {
  const looks: { readonly look: Look; readonly signs: Map<string, string> }[] = [];
  for (const one of facts) {
    const signs = signsOf(one);
    const same = looks.slice(0, MAX_COMPARED).find((known) => agrees(known.signs, signs));
    if (same === undefined) looks.push({ look: [one], signs });
    else {
      same.look.push(one);
      for (const [key, sign] of signs) same.signs.set(key, sign);
    }
  }
  return looks.map(({ look }) => look);
}

function signsOf({ version, type, machines = [], units = [] }: ModelFacts): Map<string, string> {
  const signs = new Map<string, string>();
  if (version !== undefined) signs.set("version", version);
  if (type !== undefined) signs.set("type", type);
  for (const one of machines) {
    signs.set(`machine ${one.id}`, `${one.version} ${one.arch} ${one.base} ${one.state} ${one.instanceId}`);
  }
  for (const one of units) {
    signs.set(`unit ${one.name}`, `${one.version} ${one.state} ${one.machine}`);
  }
  return signs;
}

function agrees(known: ReadonlyMap<string, string>, signs: ReadonlyMap<string, string>): boolean {
  const [few, many] = known.size < signs.size ? [known, signs] : [signs, known];
  for (const [key, sign] of few) {
    const other = many.get(key);
    if (other !== undefined && other !== sign) return false;
  }
  return true;
}

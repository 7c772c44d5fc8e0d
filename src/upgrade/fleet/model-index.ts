import type { ModelFacts } from "./facts.ts";
import type { FleetUnread } from "./fleet.ts";
import type { ControllerDirectory, ControllerEntry } from "./identify-controllers.ts";
import type { Look } from "./same-model.ts";

/** A model while files are joined. */
export interface ModelEntry {
  /** Undefined when its files do not tell, or when it cannot be told which of several it is. */
  readonly controller: ControllerEntry | undefined;
  readonly facts: ModelFacts[];
  /** The file that tells it from another look at what may be the same model. */
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

/** Keeps what cannot be placed as a model of its own without a controller, so that its agents still count. */
export function leaveAlone(look: Look, why: string, context: Identifying): void {
  const places = placesOf(look);
  context.notes.push(`${places} counts for itself: ${why}.`);
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
  return facts.toSorted((a, b) => compare(a.origin.place, b.origin.place));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Adds a value to a list in a map. */
export function addTo<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}

import { append } from "./append.ts";
import type { ModelFacts } from "./facts.ts";
import { leaveAlone, sortFacts, type Identifying, type ModelEntry } from "./model-index.ts";
import { sortIntoLooks, type Look } from "./same-model.ts";

/** Lists of machines name a model and nothing else: they are joined where it is the only one of that name. */
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

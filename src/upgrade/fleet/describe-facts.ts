import type { ModelFacts } from "./facts.ts";
import { formatModelName } from "./fleet.ts";
import type { FoundListing } from "./read-file.ts";

/** What a listing told, in a few words: `prod:web at 3.6.9, 3 machines, 4 units`. */
export function describeFacts({ command, facts, unread }: FoundListing): string {
  const { controllers, models } = facts;
  const parts: string[] = [];
  if (command === "juju status" || command === "juju machines") parts.push(...models.flatMap(describeModel));
  else {
    if (controllers.length > 0) {
      const told = controllers.map(
        ({ name, version }) => `${name}${version === undefined ? "" : ` at ${version}`}`,
      );
      parts.push(`${count(controllers.length, "controller")}: ${few(told)}`);
    }
    if (models.length > 0) {
      parts.push(`${count(models.length, "model")}: ${few(models.map((model) => formatModelName(model)))}`);
    }
    if (parts.length === 0) parts.push(command === "juju models" ? "no models" : "no controllers");
  }
  if (unread.length > 0) parts.push(`${count(unread.length, "part")} could not be read`);
  return parts.join(", ");
}

function describeModel(model: ModelFacts): string[] {
  const { controllerName, version, machines = [], units } = model;
  const name = `${controllerName === undefined ? "" : `${controllerName}:`}${model.name}`;
  return [
    `${name}${version === undefined ? "" : ` at ${version}`}`,
    count(machines.length, "machine"),
    ...(units === undefined ? [] : [count(units.length, "unit")]),
  ];
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}

function few(names: readonly string[]): string {
  return names.length > 5 ? `${names.slice(0, 5).join(", ")} and ${names.length - 5} more` : names.join(", ");
}

import type { ModelFacts } from "./facts.ts";
import { type FleetSource, type FleetUnread, formatModelName } from "./fleet.ts";
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

/** Files and parts that are named; more are counted. */
const MAX_NAMED = 10;

/** What people have to know of files that were not read, or not whole. */
export function noteFiles(sources: readonly FleetSource[], unread: readonly FleetUnread[]): string[] {
  const notes: string[] = [];
  const leftOut = sources.filter(({ outcome }) => outcome === "left-out");
  if (leftOut.length > 0) {
    notes.push(`Left out: ${named(leftOut.map(({ file, told }) => `${file} ${told}`))}.`);
  }
  const whole = sources.filter(({ outcome }) => outcome === "unread");
  for (const { file, document, told, next } of whole.slice(0, MAX_NAMED)) {
    const place = document === undefined ? file : `${file}, document ${document}`;
    notes.push(`Not read, so that what it would tell is missing: ${place} ${told}. ${next ?? ""}`.trimEnd());
  }
  if (whole.length > MAX_NAMED) {
    notes.push(`Not read: ${whole.length - MAX_NAMED} more, which --explain-files lists.`);
  }
  for (const [file, parts] of Map.groupBy(
    unread.filter(({ kind }) => kind === "part"),
    (one) => one.file,
  )) {
    const places = parts.map(({ place }) => place);
    notes.push(
      `${file}: ${parts.length === 1 ? "a part" : `${parts.length} parts`} could not be read: ${named(places)}.`,
    );
  }
  return notes;
}

function named(names: readonly string[]): string {
  if (names.length <= MAX_NAMED) return names.join("; ");
  return `${names.slice(0, MAX_NAMED).join("; ")}; and ${names.length - MAX_NAMED} more, which --explain-files lists`;
}

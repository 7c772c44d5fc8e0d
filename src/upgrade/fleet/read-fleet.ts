import { append } from "../../shared/collections.ts";
import { JamError } from "../../shared/errors.ts";
import { formatCount } from "../../shared/listed.ts";
import { printable } from "../../shared/printable.ts";
import type { ControllerFacts, ModelFacts } from "./facts.ts";
import { type Fleet, type FleetSource, type FleetUnread, formatModelName } from "./fleet.ts";
import { ACCEPTED_HINT, type Foreign } from "./recognise-foreign.ts";
import { noteOldFiles, writtenAt, type DatedFile } from "./file-age.ts";
import { joinFleet } from "./join-fleet.ts";
import { type FleetDocument, type FoundListing, readFile } from "./read-text.ts";
import type { NamedText } from "../../input/read-documents.ts";

/** A file that may describe a fleet. */
export interface FleetFile {
  /** As given on the command line, or below the folder that was given. */
  readonly name: string;
  /** Its text, or why it cannot be read. */
  readonly content: { readonly text: string } | Foreign;
  /** Named explicitly: it has to be a listing. Another file in a folder is skipped with a note. */
  readonly isNamed: boolean;
  /** When it was last written; undefined for what is not a file. */
  readonly savedAt?: Date | undefined;
}

export interface FleetReaderOptions {
  /** Describe every file instead of refusing one that is not a listing, for `--explain-files`. Default false. */
  readonly isExplaining?: boolean;
  /** For the age of files. Default: it is not looked at. */
  readonly now?: Date;
}

/** A listing in a form that is not read. Another file may contain the same. */
interface Doubtful {
  readonly about: NonNullable<Foreign["about"]>;
  readonly source: FleetSource;
}

/** Reads files one after the other, keeps only their facts, and joins them at the end. */
export class FleetReader {
  readonly #isExplaining: boolean;
  readonly #controllers: ControllerFacts[] = [];
  readonly #models: ModelFacts[] = [];
  readonly #unread: FleetUnread[] = [];
  readonly #sources: FleetSource[] = [];
  readonly #doubtful: Doubtful[] = [];
  readonly #notes: string[] = [];
  readonly #dated: DatedFile[] = [];
  readonly #now: Date | undefined;

  constructor({ isExplaining = false, now }: FleetReaderOptions = {}) {
    this.#isExplaining = isExplaining;
    this.#now = now;
  }

  /**
   * Reads one file.
   * @throws JamError JAM_FLEET_INVALID for a named file that is not a listing, and for names that Juju does not allow
   */
  add({ name, content, isNamed, savedAt }: FleetFile): void {
    const file = printable(name, 300);
    if (!("text" in content)) {
      this.#take(file, { document: undefined, format: undefined, found: content }, isNamed);
      return;
    }
    const { findings, notes } = readFile(file, content.text);
    append(this.#notes, notes);
    for (const finding of findings) this.#take(file, finding, isNamed);
    const isRead = findings.some(({ found }) => "facts" in found);
    if (isRead && savedAt !== undefined && this.#now !== undefined)
      this.#dated.push({ name: file, writtenAt: writtenAt(content.text, savedAt, this.#now) });
  }

  /**
   * The fleet of all files.
   * @throws JamError JAM_FLEET_INVALID if no file is a listing
   */
  fleet(): Fleet {
    if (!this.#isExplaining && !this.#sources.some(({ outcome }) => outcome === "read"))
      throw this.#nothing();
    const fleet = joinFleet({
      controllers: this.#controllers,
      models: this.#models,
      unread: this.#unread,
      sources: [],
    });
    const { sources, unread } = this.#settle(fleet);
    const all = [...fleet.unread, ...unread];
    const old = this.#now === undefined ? [] : noteOldFiles(this.#dated, this.#now);
    const notes = [...old, ...fleet.notes, ...this.#notes, ...noteFiles(sources, all)];
    return { ...fleet, notes, unread: all, sources };
  }

  #take(file: string, { document, format, found }: FleetDocument, isNamed: boolean): void {
    const head = { file, document, format };
    if ("facts" in found) {
      append(this.#controllers, found.facts.controllers);
      append(this.#models, found.facts.models);
      append(this.#unread, found.unread);
      this.#sources.push({
        ...head,
        command: found.command,
        juju: found.juju,
        outcome: "read",
        told: describeFacts(found),
        next: undefined,
      });
      return;
    }
    const { what, next, isListing, about } = found;
    const place = document === undefined ? file : `${file}, document ${document}`;
    if (isNamed && !this.#isExplaining) {
      throw new JamError("JAM_FLEET_INVALID", `${place} ${what}.`, { hint: next, details: { file } });
    }
    const outcome = isListing || isNamed ? "unread" : "left-out";
    const source = { ...head, command: undefined, juju: undefined, outcome, told: what, next } as const;
    this.#sources.push(source);
    if (about !== undefined && !isNamed) this.#doubtful.push({ about, source });
    else if (outcome === "unread") this.#unread.push({ kind: "file", file: place, place: "", text: what });
  }

  /** A tabular status is skipped if another file contains the status of that model, and missing otherwise. */
  #settle({ models }: Fleet): { readonly sources: FleetSource[]; readonly unread: FleetUnread[] } {
    const known = new Set(
      models
        .filter(({ units }) => units !== undefined)
        .flatMap(({ name, controller, controllerName }) =>
          [...(controller?.names ?? []), ...(controllerName === undefined ? [] : [controllerName])].map(
            (one) => `${one}:${name}`,
          ),
        ),
    );
    const isKnown = ({ about }: Doubtful) => known.has(`${about.controller}:${about.model}`);
    const leftOut = new Set(this.#doubtful.filter(isKnown).map(({ source }) => source));
    return {
      sources: this.#sources.map((source) =>
        leftOut.has(source) ? { ...source, outcome: "left-out" as const } : source,
      ),
      unread: this.#doubtful
        .filter((one) => !isKnown(one))
        .map(({ source }) => ({ kind: "file" as const, file: source.file, place: "", text: source.told })),
    };
  }

  #nothing(): JamError {
    const first = this.#sources.slice(0, 5).map(({ file, told }) => `${file} ${told}`);
    const more =
      this.#sources.length > 5 ? `; and ${formatCount(this.#sources.length - 5, "more file")}` : "";
    const why = first.length === 0 ? "there are no files" : `${first.join("; ")}${more}`;
    return new JamError("JAM_FLEET_INVALID", `No file describes a fleet: ${why}.`, { hint: ACCEPTED_HINT });
  }
}

/**
 * The fleet that these files describe together, whichever commands wrote them.
 * @throws JamError JAM_FLEET_INVALID with the file, what it is, and what to provide instead
 */
export function readFleet(texts: readonly NamedText[]): Fleet {
  const reader = new FleetReader();
  for (const { name, text } of texts) reader.add({ name, content: { text }, isNamed: true });
  return reader.fleet();
}

/** What a listing contains, in a few words: `prod:web at 3.6.9, 3 machines, 4 units`. */
export function describeFacts({ command, facts, unread }: FoundListing): string {
  const { controllers, models } = facts;
  const parts: string[] = [];
  if (command === "juju status" || command === "juju machines") parts.push(...models.flatMap(describeModel));
  else {
    if (controllers.length > 0) {
      const versions = controllers.map(
        ({ name, version }) => `${name}${version === undefined ? "" : ` at ${version}`}`,
      );
      parts.push(`${formatCount(controllers.length, "controller")}: ${few(versions)}`);
    }
    if (models.length > 0) {
      parts.push(
        `${formatCount(models.length, "model")}: ${few(models.map((model) => formatModelName(model)))}`,
      );
    }
    if (parts.length === 0) parts.push(command === "juju models" ? "no models" : "no controllers");
  }
  if (unread.length > 0) parts.push(`${formatCount(unread.length, "part")} could not be read`);
  return parts.join(", ");
}

function describeModel(model: ModelFacts): string[] {
  const { controllerName, version, machines = [], units } = model;
  const name = `${controllerName === undefined ? "" : `${controllerName}:`}${model.name}`;
  return [
    `${name}${version === undefined ? "" : ` at ${version}`}`,
    formatCount(machines.length, "machine"),
    ...(units === undefined ? [] : [formatCount(units.length, "unit")]),
  ];
}

function few(names: readonly string[]): string {
  return names.length > 5 ? `${names.slice(0, 5).join(", ")} and ${names.length - 5} more` : names.join(", ");
}

/** Files and parts that are named; more are counted. */
const MAX_NAMED = 10;

/** Notes on files that were skipped, or not read completely. */
export function noteFiles(sources: readonly FleetSource[], unread: readonly FleetUnread[]): string[] {
  const notes: string[] = [];
  const leftOut = sources.filter(({ outcome }) => outcome === "left-out");
  if (leftOut.length > 0) {
    notes.push(`Skipped: ${joinNames(leftOut.map(({ file, told }) => `${file} ${told}`))}.`);
  }
  const whole = sources.filter(({ outcome }) => outcome === "unread");
  for (const { file, document, told, next } of whole.slice(0, MAX_NAMED)) {
    const place = document === undefined ? file : `${file}, document ${document}`;
    notes.push(`Not read: ${place} ${told}. ${next ?? ""}`.trimEnd());
  }
  if (whole.length > MAX_NAMED) {
    notes.push(`Not read: ${whole.length - MAX_NAMED} more, see --explain-files.`);
  }
  for (const [file, parts] of Map.groupBy(
    unread.filter(({ kind }) => kind === "part"),
    (one) => one.file,
  )) {
    const places = parts.map(({ place }) => place);
    notes.push(
      `${file}: ${parts.length === 1 ? "a part" : `${parts.length} parts`} could not be read: ${joinNames(places)}.`,
    );
  }
  return notes;
}

function joinNames(names: readonly string[]): string {
  if (names.length <= MAX_NAMED) return names.join("; ");
  return `${names.slice(0, MAX_NAMED).join("; ")}; and ${names.length - MAX_NAMED} more, see --explain-files`;
}

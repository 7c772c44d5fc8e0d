import { append } from "../../shared/collections.ts";
import { hasUnprintable, printable } from "../../shared/printable.ts";
import { type Reading, isMapping } from "./fields.ts";
import type { Facts, ModelFacts, Origin } from "./facts.ts";
import type { FleetUnread } from "./fleet.ts";
import {
  ACCEPTED_HINT,
  type Foreign,
  describeForeign,
  findLookalike,
  EMPTY,
  describeError,
  describeText,
  findJujuError,
  recogniseText,
} from "./recognise-foreign.ts";
import { LISTING_KINDS } from "./recognise-listing.ts";
import { type DocumentsRead, looksLikeJson, readDocuments } from "../../input/read-documents.ts";
import { JamError } from "../../shared/errors.ts";

/** One document of a file: the listing that it is, or what else it is. */
export interface FleetDocument {
  /** From 1, in a file of several documents. */
  readonly document: number | undefined;
  readonly format: "json" | "yaml" | undefined;
  readonly found: FoundListing | Foreign;
}

export interface FoundListing {
  readonly command: string;
  readonly juju: string | undefined;
  readonly facts: Facts;
  readonly unread: readonly FleetUnread[];
}

/** The documents of one file. */
export interface FileRead {
  readonly findings: readonly FleetDocument[];
  /** Oddities of the file that do no harm. */
  readonly notes: readonly string[];
}

/** How listings, and jam's own documents, begin in YAML. Log lines do not match: `model: is not there`. */
const YAML_MARK =
  /^(?:model|models|machines|applications|controllers|services):[ \t]*(?:[{[].*|null|\S+)?\r?$|^environment: \S+\r?$|^format: ["']?jam-|^\S[^\n]*:[ \t]*\r?\n {1,8}(?:details|name|model-uuid|controller-uuid):/m;

/** A listing begins within these characters. */
const HEAD_CHARACTERS = 64 * 1024;

/** A log with one JSON document per line has more. */
const MAX_DOCUMENTS = 10_000;

/** Other YAML up to this size is read too, to describe it. */
const MAX_OTHER_YAML = 256 * 1024;

/**
 * Reads the text of a file, whatever its name.
 * @throws JamError JAM_FLEET_INVALID for a name that Juju does not allow
 */
export function readFile(name: string, text: string): FileRead {
  const plain = text.replace(/^\u{feff}/u, "");
  if (looksLikeJson(plain)) return readJsonFile(name, plain);
  const known = recogniseText(plain);
  if (YAML_MARK.test(plain.slice(0, HEAD_CHARACTERS))) {
    const start = startOfYaml(plain);
    const read = findingsOf(name, { ...readDocuments(plain.slice(start)), around: plain.slice(0, start) });
    // The line may belong to something else, so a certain result counts more.
    return read.findings.some(({ found }) => "facts" in found) || known === undefined
      ? read
      : onlyForeign(known);
  }
  const inside = findJson(plain);
  if (inside !== undefined) {
    const read = findingsOf(name, { ...takeJson(plain.slice(inside)), around: plain.slice(0, inside) });
    if (read.findings.some(({ found }) => "facts" in found || found.isListing)) return read;
  }
  return known === undefined ? readOther(name, plain) : onlyForeign(known);
}

/** JSON, or lines in brackets before it: `[WARNING] …`. */
function readJsonFile(name: string, text: string): FileRead {
  const taken = takeJson(text);
  const later = /\n[{[]\s*[{"]/.exec(text.slice(0, HEAD_CHARACTERS));
  if (taken.documents.length > 0 || taken.fault?.kind !== "syntax" || later === null) {
    return findingsOf(name, taken);
  }
  const read = findingsOf(name, { ...takeJson(text.slice(later.index)), around: text.slice(0, later.index) });
  return read.findings.some(({ found }) => "facts" in found) ? read : findingsOf(name, taken);
}

/** A text that is not a listing, read only to describe it. */
function readOther(name: string, text: string): FileRead {
  const described = describeText(text);
  if (text.length > MAX_OTHER_YAML) return onlyForeign(described);
  const read = readDocuments(text);
  if (read.fault === undefined && (read.documents.length === 0 || read.documents.some(isMapping))) {
    return findingsOf(name, { ...read, around: "" });
  }
  const isBroken = read.fault !== undefined && YAML_LINE.test(text.split("\n", 1)[0] ?? "");
  return onlyForeign(isBroken ? { ...described, what: read.fault.what } : described);
}

/** Documents, and the text around them that is not part of them. */
interface Taken extends DocumentsRead {
  readonly around: string;
}

/** JSON with lines of other text between and after it, as `2>&1` writes them. */
function takeJson(text: string): Taken {
  const documents: unknown[] = [];
  let around = "";
  let rest = text;
  for (;;) {
    const read = readDocuments(rest);
    append(documents, read.documents);
    const after = read.fault?.kind === "outside" ? (read.fault.rest ?? "") : undefined;
    if (after === undefined || documents.length === 0) return { ...read, documents, around };
    const next = /\n[{[]/.exec(after)?.index;
    around += `${after.slice(0, next)}\n`;
    if (next === undefined) return { format: "json", documents, fault: undefined, around };
    rest = after.slice(next + 1);
  }
}

/** The start of JSON in a text that begins with something else. */
function findJson(text: string): number | undefined {
  return /[{[]\s*[{"]/.exec(text.slice(0, HEAD_CHARACTERS))?.index;
}

/** The start of log lines, which may look like a key of YAML: `ERROR cannot read: …`. */
const LOG_LINE = /^(?:\d\d:\d\d:\d\d )?(?:ERROR|WARNING|INFO|DEBUG)\b/;
const YAML_LINE = /^(?:---|%|#|[^\s:][^:]*:(?:\s|$))/;

/** The start of YAML, after lines that do not belong to it, such as warnings. */
function startOfYaml(text: string): number {
  for (let start = 0; start < text.length;) {
    const end = text.indexOf("\n", start);
    const line = text.slice(start, end === -1 ? undefined : end).trimEnd();
    if (YAML_LINE.test(line) && !LOG_LINE.test(line)) return start;
    if (end === -1) break;
    start = end + 1;
  }
  return 0;
}

function findingsOf(name: string, { format, documents, fault, around }: Taken): FileRead {
  if (documents.length > MAX_DOCUMENTS) {
    const what = `contains ${documents.length} documents, more than a fleet has models, and is not one of Juju's listings`;
    return onlyForeign({ what, next: ACCEPTED_HINT, isListing: false }, format);
  }
  const isOne = documents.length + (fault === undefined ? 0 : 1) < 2;
  const error = findJujuError(around);
  if (error !== undefined) return onlyForeign(describeError(error, "next to its listing"), format);
  const findings = documents.map((document, index): FleetDocument => {
    const number = isOne ? undefined : index + 1;
    return { document: number, format, found: recognise(document, name, number) };
  });
  if (fault !== undefined) {
    const found = { what: fault.what, next: repairHint(fault.kind), isListing: true };
    findings.push({ document: isOne ? undefined : documents.length + 1, format, found });
  }
  if (findings.length === 0) return onlyForeign(EMPTY);
  const line = around.split("\n").find((one) => one.trim() !== "");
  const isUsed = findings.some(({ found }) => "facts" in found);
  const notes =
    line === undefined || !isUsed
      ? []
      : [
          `${name} has text around its listing: "${printable(line.trim(), 100)}". The text was skipped; write the file without 2>&1.`,
        ];
  return { findings, notes };
}

function repairHint(kind: string): string {
  if (kind === "cut-off") return "The command was stopped or the disk was full: write the file again.";
  if (kind === "bad-key")
    return "Juju never prints such a mapping: write the file again, with each listing in its own document.";
  return ACCEPTED_HINT;
}

function recognise(document: unknown, name: string, number: number | undefined): FoundListing | Foreign {
  if (typeof document === "string") return recogniseText(document) ?? describeText(document);
  if (!isMapping(document)) return describeForeign(document);
  const lookalike = findLookalike(document);
  if (lookalike !== undefined) return lookalike;
  const kind = LISTING_KINDS.find(({ isIt }) => isIt(document));
  if (kind === undefined) return describeForeign(document);
  const place = number === undefined ? name : `${name}, document ${number}`;
  const reading: Reading = { origin: { file: name, place }, unread: [] };
  const entry = kind.read(document, reading);
  if ("fault" in entry) {
    return {
      what: `is not what ${kind.command} prints: ${entry.fault}`,
      next: ACCEPTED_HINT,
      isListing: true,
    };
  }
  checkNames(entry.value);
  return { command: kind.command, juju: kind.jujuOf(document), facts: entry.value, unread: reading.unread };
}

function onlyForeign(found: Foreign, format?: "json" | "yaml"): FileRead {
  return { findings: [{ document: undefined, format, found }], notes: [] };
}

/**
 * Refuses names that Juju does not allow: with unprintable characters, or with a `-` in front, which commands take for
 * an option. Names are printed on terminals and in commands to paste.
 * @throws JamError JAM_FLEET_INVALID naming file, place and name
 */
export function checkNames({ controllers, models }: Facts): void {
  for (const { name, uuid, origin } of controllers) {
    check(origin, "a controller", name);
    check(origin, `the UUID of controller ${name}`, uuid);
  }
  for (const model of models) checkModel(model);
}

function checkModel(model: ModelFacts): void {
  const { origin, name } = model;
  check(origin, "a model", name);
  check(origin, `the owner of model ${name}`, model.owner);
  check(origin, `the UUID of model ${name}`, model.uuid);
  check(origin, `the controller of model ${name}`, model.controllerName);
  check(origin, `the controller's UUID of model ${name}`, model.controllerUuid);
  for (const machine of model.machines ?? []) check(origin, "a machine", machine.id);
  for (const application of model.applications ?? []) check(origin, "an application", application.name);
  for (const unit of model.units ?? []) {
    check(origin, "a unit", unit.name);
    check(origin, `the machine of unit ${unit.name}`, unit.machine);
  }
  for (const endpoint of model.endpoints ?? [])
    check(origin, "an offer or remote application", endpoint.name);
}

function check(origin: Origin, what: string, name: string | undefined): void {
  if (name === undefined || (!name.startsWith("-") && !hasUnprintable(name))) return;
  const why = name.startsWith("-") ? "begins with -" : "contains unprintable characters";
  throw new JamError(
    "JAM_FLEET_INVALID",
    `${origin.place}: the name of ${printable(what, 120)}, "${printable(name, 80)}", ${why}.`,
    {
      hint: "Juju does not allow such names: check the origin of the file, and write it again with juju itself.",
      details: { file: origin.file, name: printable(name, 80) },
    },
  );
}

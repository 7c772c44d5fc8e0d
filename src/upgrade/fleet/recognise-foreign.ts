import { defined } from "../../shared/collections.ts";
import { printable } from "../../shared/printable.ts";
import { shellCommand } from "../../shared/shell-command.ts";
import { isReleaseWord } from "../../juju/release.ts";
import { compareVersionTexts, isVersion } from "../../juju/version.ts";
import { type Mapping, isMapping } from "./fields.ts";

/** Only the beginning of a text is examined. */
const HEAD_CHARACTERS = 64 * 1024;

// eslint-disable-next-line no-control-regex -- the colours of --color are control characters
const COLOURS = /\u001b\[[\d;]*m/g;

/** Listings in forms that are not read, recognised by lines that only they have. Source: juju cmd/juju/status/output_*.go */
const FORMS: readonly (readonly [pattern: RegExp, command: string, form: string])[] = [
  [/^Model\s+Controller\s+Cloud\/Region/m, "juju status", "tabular"],
  [/^Controller\s+Model\s+User\s+Access/m, "juju controllers", "tabular"],
  [/^Model\s+Cloud\/Region\s+Type\s+Status/m, "juju models", "tabular"],
  [/^Machine\s+State\s+Address/m, "juju machines", "tabular"],
  [/^(?:App|Unit)\s+(?:Version|Workload)\s/m, "juju status", "tabular"],
  [/^- \S+\/\d+:? .*\(agent:/m, "juju status", "oneline"],
  [/^Running on subnets:/m, "juju status", "summary"],
];

/** What a text certainly is: empty, a listing in another form, an error message of Juju. */
export function recogniseText(text: string): Foreign | undefined {
  const head = text.slice(0, HEAD_CHARACTERS).replaceAll(COLOURS, "");
  if (head.trim() === "") return EMPTY;
  const form = FORMS.find(([pattern]) => pattern.test(head));
  if (form !== undefined) return describeForm(form[1], form[2], head);
  const error = findJujuError(head);
  return error === undefined ? undefined : describeError(error, "instead of a listing");
}

/** A file without any content. */
export const EMPTY: Foreign = {
  what: "is empty",
  next: "The command that writes it printed nothing or was stopped: run it again.",
  isListing: true,
};

/** Any other text, by its first line. */
export function describeText(text: string): Foreign {
  const lines = text.slice(0, HEAD_CHARACTERS).replaceAll(COLOURS, "").split("\n");
  const line = lines.find((one) => one.trim() !== "") ?? "";
  return {
    what: `is a text, not one of Juju's listings: "${printable(line.trim(), 80)}"`,
    next: ACCEPTED_HINT,
    isListing: false,
  };
}

/** The first error message of Juju in a text. */
export function findJujuError(text: string): string | undefined {
  const line = /^[ \t]*(?:\d\d:\d\d:\d\d )?ERROR\b[: ]*(.+)$/m.exec(
    text.slice(0, HEAD_CHARACTERS).replaceAll(COLOURS, ""),
  );
  const error = line?.[1]?.trim();
  return error === undefined || error === "" ? undefined : printable(error, 300);
}

/** A file that contains an error message of Juju. */
export function describeError(error: string, where: string): Foreign {
  return {
    what: `contains an error message of Juju ${where}: ${error}`,
    next: "Run the juju command again without 2>&1, with a controller and model that exist, and write its listing to the file.",
    isListing: true,
  };
}

function describeForm(command: string, form: string, head: string): Foreign {
  const about = command === "juju status" && form === "tabular" ? modelOf(head) : undefined;
  const again =
    about === undefined
      ? `${command} --format json > FILE`
      : `${shellCommand`juju status -m ${about.controller}:${about.model} --format json`} > FILE`;
  return {
    what: `is the ${form} output of ${command}, which does not contain the versions of agents: --format json is missing`,
    next: `Write it again with --format json: ${again}`,
    // A status that names its model may be the only one of it; the others repeat what other files contain.
    isListing: about !== undefined,
    ...defined({ about }),
  };
}

/** The names in the first line of a tabular status. */
function modelOf(head: string): Foreign["about"] {
  const [, model, controller] = /^Model\s+Controller\s.*\n(\S+)\s+(\S+)\s/m.exec(head) ?? [];
  return model === undefined || controller === undefined ? undefined : { controller, model };
}

/** A document or text that is not a listing, and what to do about it. */
export interface Foreign {
  /** Completes "FILE …": `is a jam plan, not a listing of Juju`. */
  readonly what: string;
  /** The next step, as a full sentence. */
  readonly next: string;
  /**
   * It should describe the fleet but does not: in a folder it is not skipped with a note but counts as not read, so that
   * nothing is called good without it.
   */
  readonly isListing: boolean;
  /** The model of a listing in another form: another file may have the same status in a form that is read. */
  readonly about?: { readonly controller: string; readonly model: string };
}

/** The commands whose output is understood, for messages. */
export const ACCEPTED =
  "juju status, juju models, juju controllers, juju show-controller, juju show-model and juju machines, with --format json or yaml";

export const ACCEPTED_HINT = `Provide the output of ${ACCEPTED}. For example: juju status -m prod:web --format json > prod-web.json`;

/** A file without a readable text, because of its size, its form or its permissions. `why` completes "FILE …". */
export function withoutText(name: string, why: string): Foreign {
  const isPacked = why.startsWith("is compressed") || why.includes("archive");
  return {
    what: why,
    next: isPacked ? `Unpack it first. ${ACCEPTED_HINT}` : ACCEPTED_HINT,
    // Archives of logs and pictures are skipped, but a file with such a name was meant to be read.
    isListing: why.startsWith("cannot be read") || /\.(?:json|ya?ml)(?:\.\w+)?$/i.test(name),
  };
}

interface ForeignKind {
  readonly isIt: (document: Mapping) => boolean;
  readonly say: (document: Mapping) => Foreign;
}

/** Documents that look like listings and have to be checked first. */
const LOOKALIKES: readonly ForeignKind[] = [
  { isIt: (document) => Object.keys(document).length === 0, say: sayEmptyObject },
  { isIt: isJuju1, say: sayJuju1 },
  { isIt: isFullStatus, say: sayFullStatus },
];

/** `format` of jam's own documents. */
const JAM_DOCUMENTS: readonly (readonly [prefix: string, what: string, next: string])[] = [
  ["jam-plan:", "is a jam plan", "Give it with --plan instead of --fleet."],
  ["jam-inventory:", "is a jam inventory", "Give it to jam bundle create --have."],
  ["jam-receipt:", "is a jam receipt", "Give it to jam site update."],
  ["jam-", "is a document written by jam", ACCEPTED_HINT],
];

/** The output of other Juju commands, by keys that only they have. */
const OTHER_COMMANDS: readonly (readonly [command: string, isIt: (document: Mapping) => boolean])[] = [
  ["juju storage", hasOnly("storage", "filesystems", "volumes")],
  ["juju spaces", hasOnly("spaces")],
  ["juju subnets", hasOnly("subnets")],
  ["juju credentials", hasSome("controller-credentials", "client-credentials", "credentials")],
  ["juju users", hasSome("user-name")],
  ["juju config", (document) => "application" in document && "settings" in document],
  ["juju export-bundle", (document) => "applications" in document && !("model" in document)],
  ["juju show-cloud", (document) => "auth-types" in document],
  ["juju clouds", ofEach("type", "defined")],
  ["juju model-config", ofEach("value", "source")],
  ["juju show-unit", ofEach("charm", "relation-info")],
  ["juju show-application", ofEach("charm", "endpoint-bindings")],
  ["juju operations", ofEach("status", "timing")],
  ["juju offers", ofEach("application", "connect-url")],
  ["juju secrets", ofEach("revision", "owner")],
  ["juju controller-config", hasSome("api-port", "controller-uuid", "state-port")],
];

/** What a document is that looks like a listing but is not one. */
export function findLookalike(document: Mapping): Foreign | undefined {
  return LOOKALIKES.find(({ isIt }) => isIt(document))?.say(document);
}

/** What a document is that does not match any kind of listing. */
export function describeForeign(document: unknown): Foreign {
  if (!isMapping(document)) {
    const what = Array.isArray(document) ? "is a list of something else" : "is a text";
    return { what: `${what}, not one of Juju's listings`, next: ACCEPTED_HINT, isListing: false };
  }
  const format = typeof document["format"] === "string" ? document["format"] : "";
  const own = JAM_DOCUMENTS.find(([prefix]) => format.startsWith(prefix));
  if (own !== undefined) return { what: `${own[1]}, not a listing of Juju`, next: own[2], isListing: false };
  const { error } = document;
  if (isMapping(error) && typeof error["code"] === "string") {
    const message = printable(typeof error["message"] === "string" ? error["message"] : error["code"]);
    return {
      what: `is the error message of a jam command: ${message}`,
      next: ACCEPTED_HINT,
      isListing: false,
    };
  }
  const keys = Object.keys(document);
  const other = OTHER_COMMANDS.find(([, isIt]) => isIt(document));
  const holds = keys.slice(0, 6).map((key) => printable(key, 40));
  const what =
    other === undefined
      ? `is not one of Juju's listings (it contains ${holds.join(", ")})`
      : `is the output of ${other[0]}, which does not describe a fleet`;
  return { what, next: ACCEPTED_HINT, isListing: false };
}

function hasSome(...keys: readonly string[]): (document: Mapping) => boolean {
  return (document) => keys.some((key) => key in document);
}

function hasOnly(...keys: readonly string[]): (document: Mapping) => boolean {
  return (document) => Object.keys(document).every((key) => keys.includes(key));
}

/** A mapping of mappings that all have these keys. */
function ofEach(...keys: readonly string[]): (document: Mapping) => boolean {
  return (document) => {
    const values = Object.values(document);
    return values.length > 0 && values.every((one) => isMapping(one) && keys.every((key) => key in one));
  };
}

function sayEmptyObject(): Foreign {
  return {
    what: "is an empty object: the juju command failed and wrote its error to standard error",
    next: "Run the juju command again without > and read its error; write the file when it prints a listing.",
    isListing: true,
  };
}

/** Source: juju cmd/juju/status/formatted.go @1.25.13 */
function isJuju1(document: Mapping): boolean {
  return "machines" in document && ("services" in document || typeof document["environment"] === "string");
}

function sayJuju1(document: Mapping): Foreign {
  const machines = machinesOf1(document["machines"]);
  const of = (key: string) => [
    ...new Set(machines.flatMap((one) => (typeof one[key] === "string" ? [one[key]] : []))),
  ];
  const version =
    of("agent-version")
      .filter((one) => isVersion(one))
      .toSorted(compareVersionTexts)
      .at(-1) ?? "1.25.13";
  const series = of("series").filter(isReleaseWord);
  const arches = [
    ...new Set(of("hardware").flatMap((words) => /(?:^|\s)arch=([a-z0-9]+)/.exec(words)?.[1] ?? [])),
  ];
  const found = [version, ...series, ...arches].map((word) => printable(word, 40)).join(", ");
  return {
    what: `is a status of Juju 1.x (${found}), whose fleets cannot be read from files`,
    next: `Give its version instead: ${planOf1(version, series, arches)}. There is no upgrade from 1.x to 2.x: bootstrap a new controller and deploy again.`,
    isListing: true,
  };
}

function planOf1(version: string, series: readonly string[], arches: readonly string[]): string {
  const onSeries = series.length === 0 ? "" : shellCommand` --series ${series}`;
  const onArches = arches.length === 0 ? "" : shellCommand` --arch ${arches}`;
  return `${shellCommand`jam plan --from ${version}`}${onSeries}${onArches} --to 1.25`;
}

/** Machines of 1.x and the containers in them, each level once. */
function machinesOf1(machines: unknown, depth = 0): Mapping[] {
  if (!isMapping(machines) || depth > 16) return [];
  return Object.values(machines)
    .filter(isMapping)
    .flatMap((one) => [one, ...machinesOf1(one["containers"], depth + 1)]);
}

/**
 * The API's own answer (`FullStatus`), as python-libjuju's `get_status()` has it: statuses under other keys.
 * Source: juju rpc/params/status.go
 */
function isFullStatus(document: Mapping): boolean {
  const inner = isMapping(document["response"]) ? document["response"] : document;
  const { model } = inner;
  return (
    isMapping(model) &&
    ("cloud-tag" in model ||
      "available-version" in model ||
      "controller-timestamp" in inner ||
      hasAgentStatus(inner))
  );
}

function hasAgentStatus({ machines }: Mapping): boolean {
  return (
    isMapping(machines) && Object.values(machines).some((one) => isMapping(one) && "agent-status" in one)
  );
}

function sayFullStatus(): Foreign {
  return {
    what: "is the answer of the API (agent-status), as libraries save it, not the output of juju status",
    next: "Save the output of the command instead: juju status -m CONTROLLER:MODEL --format json > FILE",
    isListing: true,
  };
}

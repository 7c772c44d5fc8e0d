import { JamError } from "../../shared/errors.ts";
import { nearest } from "../../shared/nearest.ts";
import { printable } from "../../shared/printable.ts";
import { ARCHES, isArch } from "../../juju/platform.ts";
import { STREAMS } from "../../juju/stream.ts";
import { versionOfText } from "../../juju/version-text.ts";
import { readQuestion, type QuestionSource } from "./read-question.ts";
import type { VersionIndexes } from "./version-index.ts";
import { MAX_WORD, type QuestionKind, type WhichQuestion } from "./which-question.ts";
import type { WhichState } from "./which-state.ts";

/** One parameter of a single question: a flag of the command, or a name in a query. */
export interface WhichParameter {
  readonly name: string;
  readonly takes: "version" | "word" | "words" | "switch";
  /** The kinds of question that it belongs to, and the field that it is there; null where it only chooses the kind. */
  readonly fields: Readonly<Partial<Record<QuestionKind, string | null>>>;
  /** What a switch sets its field to. Default true. */
  readonly sets?: boolean;
  readonly meaning: string;
}

/** A field of questions about upgrades and bootstraps. */
function ofBoth(field: string): WhichParameter["fields"] {
  return { upgrade: field, bootstrap: field };
}

/** A field of all three kinds of question. */
function ofAll(field: string): WhichParameter["fields"] {
  return { upgrade: field, bootstrap: field, migrate: field };
}

/** The parameters, in the order of the help. Query and command know the same. */
export const WHICH_PARAMETERS: readonly WhichParameter[] = [
  {
    name: "current",
    takes: "version",
    fields: { upgrade: "current", migrate: "modelVersion" },
    meaning: "agent version of the model",
  },
  {
    name: "controller",
    takes: "version",
    fields: { upgrade: "controllerVersion" },
    meaning: "version of the controller (default: the model's)",
  },
  {
    name: "client",
    takes: "version",
    fields: ofBoth("client"),
    meaning: "version of the juju client (default: the controller's)",
  },
  {
    name: "to",
    takes: "version",
    fields: ofBoth("requested"),
    meaning: "the requested version: Juju's --agent-version",
  },
  {
    name: "controller-model",
    takes: "switch",
    fields: { upgrade: "isController" },
    meaning: "the controller's own model (default without --controller)",
  },
  {
    name: "hosted",
    takes: "switch",
    fields: { upgrade: "isController" },
    sets: false,
    meaning: "another model (default with --controller)",
  },
  {
    name: "model-type",
    takes: "word",
    fields: ofBoth("modelType"),
    meaning: "iaas (machines, the default) or caas (Kubernetes)",
  },
  {
    name: "arch",
    takes: "words",
    fields: ofAll("arches"),
    meaning: "an architecture of the model's machines; may be repeated",
  },
  {
    name: "safe",
    takes: "switch",
    fields: ofBoth("safe"),
    meaning: "the newest version that is listed for all these architectures",
  },
  { name: "stream", takes: "word", fields: { upgrade: "stream" }, meaning: "Juju's --agent-stream" },
  {
    name: "config-stream",
    takes: "word",
    fields: ofBoth("configStream"),
    meaning: "the model's setting agent-stream (default: released)",
  },
  {
    name: "development",
    takes: "switch",
    fields: ofBoth("development"),
    meaning: "the model's setting development is on",
  },
  {
    name: "juju",
    takes: "word",
    fields: ofAll("generation"),
    meaning: "whose rules decide: 2.9, 3.6, 2.9.33 … (default: from the versions)",
  },
  {
    name: "bootstrap",
    takes: "switch",
    fields: { bootstrap: null },
    meaning: "with which version --client bootstraps",
  },
  {
    name: "auto-upgrade",
    takes: "switch",
    fields: { bootstrap: "autoUpgrade" },
    meaning: "bootstrap with the newest of the client's minor",
  },
  {
    name: "migrate",
    takes: "switch",
    fields: { migrate: null },
    meaning: "whether --to-controller takes a model of --from-controller",
  },
  {
    name: "from-controller",
    takes: "version",
    fields: { migrate: "sourceController" },
    meaning: "version of the source controller",
  },
  {
    name: "to-controller",
    takes: "version",
    fields: { migrate: "targetController" },
    meaning: "version of the target controller",
  },
];

/** The values of parameters by name, as typed: a text, several, or true for a switch. */
export type ParameterValues = Readonly<Record<string, string | readonly string[] | boolean | undefined>>;

/**
 * The question that parameters ask.
 * @throws JamError JAM_USAGE_INVALID, JAM_VERSION_INVALID naming the parameter
 */
export function readParameters(values: ParameterValues, state: WhichState): WhichQuestion {
  const isSet = (name: string): boolean => values[name] === true;
  if (isSet("bootstrap") && isSet("migrate"))
    throw refuse("migrate", "cannot be combined with bootstrap", "Ask one of them.");
  const kind = isSet("bootstrap") ? "bootstrap" : isSet("migrate") ? "migrate" : "upgrade";
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== false);
  for (const [name, value] of given) checkParameter(name, value, kind);
  for (const name of ["stream", "config-stream"]) checkStream(name, values[name], state);
  if (isSet("hosted") && isSet("controller-model")) {
    throw refuse(
      "hosted",
      "cannot be combined with controller-model",
      "A model is either the controller's own or another one.",
    );
  }
  for (const [name, expected] of requiredOf(kind, values)) {
    if (values[name] === undefined) throw missing(name, expected);
  }
  // Every value is of the type that its parameter takes, and what is required is there.
  return readQuestion(kind, fieldsOf(kind, values), parameterSource(kind, values, state));
}

/** The parameters that a kind of question cannot do without, and what is expected of each. */
function requiredOf(
  kind: ParameterKind,
  { current }: ParameterValues,
): readonly (readonly [name: string, expected: string])[] {
  switch (kind) {
    case "upgrade":
      return [["current", "the agent version of the model, such as 3.6.5"]];
    case "bootstrap":
      return [["client", "the version of the juju client that bootstraps"]];
    case "migrate": {
      const target = ["to-controller", "the version of the target controller"] as const;
      if (current !== undefined) return [target];
      return [["from-controller", "the version of the source controller, which has the model"], target];
    }
    default:
      return kind satisfies never;
  }
}

/** The kinds of question that parameters can ask. */
type ParameterKind = Extract<QuestionKind, "upgrade" | "bootstrap" | "migrate">;

/** The fields that the values are, as a document has them. */
function fieldsOf(kind: ParameterKind, values: ParameterValues): Readonly<Record<string, unknown>> {
  const fields: Record<string, unknown> = {};
  for (const { name, takes, fields: names, sets = true } of WHICH_PARAMETERS) {
    const field = names[kind];
    const value = values[name];
    if (field === undefined || field === null || value === undefined || value === false) continue;
    fields[field] = takes === "switch" ? sets : value;
  }
  if (kind === "migrate") fields["sourceController"] ??= values["current"];
  return fields;
}

/** Fields are named by their parameters; a snap channel means the newest version of its track. */
function parameterSource(
  kind: ParameterKind,
  values: ParameterValues,
  { held, upstream }: WhichState,
): QuestionSource {
  const notes: string[] = [];
  const versionOf = (text: string, name: string): string => {
    const { version, note } = versionOfText(text, name, () => ({
      held: versionsIn(held),
      upstream: upstream === undefined ? [] : versionsIn(upstream),
    }));
    if (note !== undefined && !notes.includes(note)) notes.push(note);
    return version;
  };
  return {
    place: "",
    nameOf: (field) => {
      const [path] = field.split("[", 1);
      const named = WHICH_PARAMETERS.filter(({ fields }) => fields[kind] === path).map(({ name }) => name);
      // A migration without a source controller takes the model's version for both.
      if (path === "sourceController") named.push("current");
      return named.find((name) => values[name] !== undefined) ?? named[0] ?? field;
    },
    plainVersion: versionOf,
    requestedText: (text, name) =>
      kind === "bootstrap" && WHOLE_NAME.test(text) ? text : versionOf(text, name),
    notes,
  };
}

/** A bootstrap takes a whole agent's name too; then Juju's own message is the answer. */
const WHOLE_NAME = /-[^-]+-[^-]+$/;

function checkParameter(name: string, value: ParameterValues[string], kind: ParameterKind): void {
  const parameter = WHICH_PARAMETERS.find((one) => one.name === name);
  if (parameter === undefined) {
    const near = nearest(
      name,
      WHICH_PARAMETERS.map((one) => one.name),
    );
    throw refuse(
      name,
      "is unknown",
      near === undefined ? `Known are ${namesOf(kind)}.` : `Did you mean ${near}?`,
    );
  }
  if (parameter.fields[kind] === undefined) {
    throw refuse(name, `does not apply to ${kind} questions`, `Such a question takes ${namesOf(kind)}.`);
  }
  if (name === "model-type" && value !== "iaas" && value !== "caas") {
    throw refuse(
      name,
      `"${printable(String(value))}" is not a model type`,
      "Use iaas (machines) or caas (Kubernetes).",
    );
  }
  if (typeof value === "string" && value.length > MAX_WORD)
    throw refuse(name, `is longer than ${MAX_WORD} characters`, "Give one version, or one word.");
  if (Array.isArray(value)) for (const word of value) checkArch(name, String(word));
}

function namesOf(kind: ParameterKind): string {
  return WHICH_PARAMETERS.filter(({ fields }) => fields[kind] !== undefined)
    .map(({ name }) => name)
    .join(", ");
}

function versionsIn({ agents }: VersionIndexes): string[] {
  return agents.map(({ version }) => version);
}

function checkArch(name: string, word: string): void {
  if (isArch(word)) return;
  const near = nearest(word, ARCHES);
  throw refuse(
    name,
    `"${printable(word)}" is not an architecture that Juju knows`,
    `${near === undefined ? "" : `Did you mean ${near}? `}Use one of ${ARCHES.join(", ")}.`,
  );
}

/** Up to 3.x a stream may have any name; one that nothing is listed in is refused as a mistake. */
function checkStream(name: string, value: ParameterValues[string], { held, upstream }: WhichState): void {
  if (typeof value !== "string" || (STREAMS as readonly string[]).includes(value)) return;
  const listed = new Set([...streamsIn(held), ...(upstream === undefined ? [] : streamsIn(upstream))]);
  if (listed.has(value)) return;
  const names = [...new Set([...STREAMS, ...listed])];
  throw refuse(
    name,
    `nothing here is listed in a stream "${printable(value)}"`,
    `Use one of ${names.join(", ")}.`,
  );
}

function streamsIn(indexes: VersionIndexes): string[] {
  return (["agents", "tools"] as const).flatMap((family) => [
    ...indexes.for({ family, generation: "2.9.33+" }).streams.keys(),
  ]);
}

function missing(name: string, expected: string): JamError {
  if (name === "current")
    return refuse(
      name,
      `is missing; expected ${expected}`,
      "Give the version of the controller: `jam which 3.6.5`. `jam which --help` has more examples.",
    );
  return refuse(
    name,
    `is missing; expected ${expected}`,
    `Give ${name}: \`jam which --help\` has examples. To ask several questions at once, use a document with --input.`,
  );
}

function refuse(name: string, what: string, hint: string): JamError {
  return new JamError("JAM_USAGE_INVALID", `${name}: ${what}.`, { hint, details: { field: name } });
}

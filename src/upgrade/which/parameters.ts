import { isJamError, JamError } from "../../shared/errors.ts";
import { nearest } from "../../shared/nearest.ts";
import { printable } from "../../shared/printable.ts";
import { ARCHES } from "../../juju/arch.ts";
import { STREAMS } from "../../juju/stream.ts";
import { versionOfText } from "../../juju/version-text.ts";
import type { AgentShelves } from "./version-index.ts";
import type { QuestionKind, WhichQuestion } from "./which-question.ts";
import { readQuestion } from "./read-questions.ts";
import type { WhichWorld } from "./which-state.ts";

/** One parameter of a single question: a flag of the command, or a name in a query. */
export interface WhichParameter {
  readonly name: string;
  readonly takes: "version" | "word" | "words" | "switch";
  /** The kinds of question that it belongs to. */
  readonly of: readonly QuestionKind[];
  readonly meaning: string;
}

const UPGRADE = ["upgrade"] as const;
const BOOTSTRAP = ["bootstrap"] as const;
const MIGRATE = ["migrate"] as const;
const BOTH = ["upgrade", "bootstrap"] as const;

/** The parameters, in the order of the help. Query and command know the same. */
export const WHICH_PARAMETERS: readonly WhichParameter[] = [
  { name: "current", takes: "version", of: ["upgrade", "migrate"], meaning: "agent version of the model" },
  {
    name: "controller",
    takes: "version",
    of: UPGRADE,
    meaning: "version of the controller (default: the model's)",
  },
  {
    name: "client",
    takes: "version",
    of: BOTH,
    meaning: "version of the juju client (default: the controller's)",
  },
  { name: "to", takes: "version", of: BOTH, meaning: "the version asked for: Juju's --agent-version" },
  {
    name: "controller-model",
    takes: "switch",
    of: UPGRADE,
    meaning: "the controller's own model (default without --controller)",
  },
  { name: "hosted", takes: "switch", of: UPGRADE, meaning: "another model (default with --controller)" },
  {
    name: "model-type",
    takes: "word",
    of: BOTH,
    meaning: "iaas (machines, the default) or caas (Kubernetes)",
  },
  {
    name: "arch",
    takes: "words",
    of: ["upgrade", "bootstrap", "migrate"],
    meaning: "an architecture of the model's machines; may be repeated",
  },
  {
    name: "safe",
    takes: "switch",
    of: BOTH,
    meaning: "the newest version that is listed for all these architectures",
  },
  { name: "stream", takes: "word", of: UPGRADE, meaning: "Juju's --agent-stream" },
  {
    name: "config-stream",
    takes: "word",
    of: BOTH,
    meaning: "the model's setting agent-stream (default: released)",
  },
  { name: "development", takes: "switch", of: BOTH, meaning: "the model's setting development is on" },
  {
    name: "juju",
    takes: "word",
    of: ["upgrade", "bootstrap", "migrate"],
    meaning: "whose rules decide: 2.9, 3.6, 2.9.33 … (default: from the versions)",
  },
  { name: "bootstrap", takes: "switch", of: BOOTSTRAP, meaning: "with which version --client bootstraps" },
  {
    name: "auto-upgrade",
    takes: "switch",
    of: BOOTSTRAP,
    meaning: "bootstrap with the newest of the client's minor",
  },
  {
    name: "migrate",
    takes: "switch",
    of: MIGRATE,
    meaning: "whether --to-controller takes a model of --from-controller",
  },
  {
    name: "from-controller",
    takes: "version",
    of: MIGRATE,
    meaning: "version of the controller that has the model",
  },
  {
    name: "to-controller",
    takes: "version",
    of: MIGRATE,
    meaning: "version of the controller that shall have it",
  },
];

/** The values of parameters by name, as typed: a text, several, or true for a switch. */
export type ParameterValues = Readonly<Record<string, string | readonly string[] | boolean | undefined>>;

/**
 * The question that parameters ask.
 * @throws JamError JAM_USAGE_INVALID, JAM_VERSION_INVALID naming the parameter
 */
export function readParameters(values: ParameterValues, world: WhichWorld): WhichQuestion {
  const isSet = (name: string): boolean => values[name] === true;
  if (isSet("bootstrap") && isSet("migrate"))
    throw refuse("migrate", "cannot stand beside bootstrap", "Ask one of them.");
  const kind = isSet("bootstrap") ? "bootstrap" : isSet("migrate") ? "migrate" : "upgrade";
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== false) checkParameter(name, value, kind);
  }
  for (const name of ["stream", "config-stream"]) checkStream(name, values[name], world);
  const { named, notes } = readVersions(values, kind, world);
  try {
    return { ...readQuestion(kind, QUESTION_OF[kind](named)), ...(notes.length === 0 ? {} : { notes }) };
  } catch (error) {
    throw isJamError(error) && error.details["field"] === "generation" ? renamed(error, "juju") : error;
  }
}

/** The same complaint about the field by the name it has here. */
function renamed({ code, message, details, hint }: JamError, name: string): JamError {
  return new JamError(code, message.replace(/^generation/, name), {
    details: { ...details, field: name },
    ...(hint === undefined ? {} : { hint }),
  });
}

const QUESTION_OF = { upgrade: upgradeOf, bootstrap: bootstrapOf, migrate: migrateOf } as const;

function upgradeOf(values: ParameterValues): Readonly<Record<string, unknown>> {
  if (values["current"] === undefined)
    throw missing("current", "the agent version of the model, such as 3.6.5");
  if (values["hosted"] === true && values["controller-model"] === true) {
    throw refuse(
      "hosted",
      "cannot stand beside controller-model",
      "A model is the controller's own, or another.",
    );
  }
  const isController =
    values["hosted"] === true ? false : values["controller-model"] === true ? true : undefined;
  return present({
    ...shared(values),
    current: values["current"],
    controllerVersion: values["controller"],
    client: values["client"],
    isController,
    stream: values["stream"],
  });
}

function bootstrapOf(values: ParameterValues): Readonly<Record<string, unknown>> {
  if (values["client"] === undefined)
    throw missing("client", "the version of the juju client that bootstraps");
  return present({ ...shared(values), client: values["client"], autoUpgrade: values["auto-upgrade"] });
}

function migrateOf(values: ParameterValues): Readonly<Record<string, unknown>> {
  const source = values["from-controller"] ?? values["current"];
  if (source === undefined)
    throw missing("from-controller", "the version of the controller that has the model");
  if (values["to-controller"] === undefined) {
    throw missing("to-controller", "the version of the controller that shall have the model");
  }
  return present({
    generation: values["juju"],
    modelVersion: values["current"],
    sourceController: source,
    targetController: values["to-controller"],
    arches: values["arch"],
  });
}

function shared(values: ParameterValues): Readonly<Record<string, unknown>> {
  return {
    generation: values["juju"],
    requested: values["to"],
    modelType: values["model-type"],
    arches: values["arch"],
    safe: values["safe"],
    configStream: values["config-stream"],
    development: values["development"],
  };
}

function present(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function checkParameter(name: string, value: string | readonly string[] | boolean, kind: QuestionKind): void {
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
  if (!parameter.of.includes(kind)) {
    throw refuse(name, `says nothing in a question of ${kind}`, `Such a question takes ${namesOf(kind)}.`);
  }
  if (name === "model-type" && value !== "iaas" && value !== "caas") {
    throw refuse(
      name,
      `"${printable(String(value))}" is no kind of model`,
      "Use iaas (machines) or caas (Kubernetes).",
    );
  }
  if (parameter.takes === "words") for (const word of value as readonly string[]) checkArch(name, word);
}

function namesOf(kind: QuestionKind): string {
  return WHICH_PARAMETERS.filter((one) => one.of.includes(kind))
    .map(({ name }) => name)
    .join(", ");
}

/** Every parameter that takes a version, read; `notes` tell what was taken for a channel. */
function readVersions(
  values: ParameterValues,
  kind: QuestionKind,
  { held, upstream }: WhichWorld,
): { readonly named: ParameterValues; readonly notes: readonly string[] } {
  const named: Record<string, ParameterValues[string]> = { ...values };
  const notes: string[] = [];
  for (const { name, takes } of WHICH_PARAMETERS) {
    const text = values[name];
    if (takes !== "version" || typeof text !== "string" || isWholeName(name, text, kind)) continue;
    const { version, note } = versionOfText(text, name, () => ({
      held: versionsIn(held),
      upstream: upstream === undefined ? [] : versionsIn(upstream),
    }));
    named[name] = version;
    if (note !== undefined) notes.push(note);
  }
  return { named, notes };
}

/** A bootstrap takes a whole agent's name too; then Juju's own words say what is wrong with it. */
function isWholeName(name: string, text: string, kind: QuestionKind): boolean {
  return name === "to" && kind === "bootstrap" && /-[^-]+-[^-]+$/.test(text);
}

function versionsIn({ agents }: AgentShelves): string[] {
  return agents.map(({ version }) => version);
}

function checkArch(name: string, word: string): void {
  if ((ARCHES as readonly string[]).includes(word)) return;
  const near = nearest(word, ARCHES);
  throw refuse(
    name,
    `"${printable(word)}" is no architecture that Juju knows`,
    `${near === undefined ? "" : `Did you mean ${near}? `}Use one of ${ARCHES.join(", ")}.`,
  );
}

/** Up to 3.x a stream may have any name; one that nobody lists is a slip all the same. */
function checkStream(name: string, value: ParameterValues[string], { held, upstream }: WhichWorld): void {
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

function streamsIn(shelves: AgentShelves): string[] {
  return (["agents", "tools"] as const).flatMap((family) =>
    Object.keys(shelves.for({ family, generation: "2.9.33+" }).streams),
  );
}

function missing(name: string, expected: string): JamError {
  return refuse(
    name,
    `is missing; expected ${expected}`,
    `Give ${name}, or several questions at once as a document.`,
  );
}

function refuse(name: string, what: string, hint: string): JamError {
  return new JamError("JAM_USAGE_INVALID", `${name}: ${what}.`, { hint, details: { field: name } });
}

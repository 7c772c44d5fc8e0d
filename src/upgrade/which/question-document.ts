import { JamError } from "../../shared/errors.ts";
import { NameJudge } from "../../shared/nearest.ts";
import { printable } from "../../shared/printable.ts";
import { isVersion } from "../../juju/version.ts";
import { readVersionText } from "../../juju/version-text.ts";
import { QUESTION_SCHEMAS } from "./question-schema.ts";
import { readQuestion, type QuestionSource } from "./read-question.ts";
import { QUESTION_KINDS, type QuestionKind, type WhichQuestion } from "./which-question.ts";
import { NotJson, parseJson, splitQuestions, type DocumentText, type ListText } from "./split-questions.ts";

/** More questions than any fleet has; a file with more is not a file of questions. */
const MAX_QUESTIONS = 1_000_000;
const MAX_PROBLEMS = 10;
/** Different unknown fields of one document that are compared with the known ones; real files have a handful. */
const MAX_UNKNOWN_FIELDS = 1_000;

const FORMS = "a list of questions, { questions: […] }, or { upgrade: […], bootstrap: […], … }";

/**
 * The questions of a document, in its order: a list, `{questions}`, or lists by kind as recorded answers of Juju come.
 * Unknown fields (`expected`, remarks) are skipped.
 * @throws JamError JAM_USAGE_INVALID naming element and field, JAM_VERSION_INVALID
 */
export function readQuestions(document: unknown): WhichQuestion[] {
  return parseQuestions(JSON.stringify(document) ?? "null", "The document");
}

/**
 * The questions of a JSON text; `name` says where it comes from.
 * @throws JamError JAM_USAGE_INVALID, JAM_VERSION_INVALID
 */
export function parseQuestions(text: string, name: string): WhichQuestion[] {
  const steps = parseQuestionsInSteps(text, name);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/**
 * `parseQuestions` in steps of a few milliseconds at most, so that a server can answer others in between.
 * @throws JamError JAM_USAGE_INVALID, JAM_VERSION_INVALID
 */
export function* parseQuestionsInSteps(
  text: string,
  name: string,
  maxQuestions = MAX_QUESTIONS,
): Generator<void, WhichQuestion[]> {
  try {
    const document = yield* splitQuestions(text, maxQuestions);
    const { lists, skipped } = chooseLists(document);
    for (const { starts, ends } of skipped) {
      for (const [index, start] of starts.entries()) {
        parseJson(text.slice(start, ends[index]));
        yield;
      }
    }
    const reader = new QuestionReader();
    for (const { name: listName, kind, starts, ends } of lists) {
      for (const [index, start] of starts.entries()) {
        reader.read(parseJson(text.slice(start, ends[index])), kind, `${listName}[${index}]`);
        yield;
      }
    }
    return reader.finish();
  } catch (error) {
    if (!(error instanceof NotJson)) throw error;
    throw new JamError("JAM_USAGE_INVALID", `${name} is not JSON.`, {
      cause: error.cause,
      hint: `Write ${FORMS}, as docs/reference/which.md shows.`,
      details: { name },
    });
  }
}

/** Reads question after question, and keeps what is wrong with them. */
class QuestionReader {
  readonly #questions: WhichQuestion[] = [];
  readonly #problems: string[] = [];
  #omitted = 0;
  readonly #slips = new NameJudge(MAX_UNKNOWN_FIELDS);

  read(item: unknown, kind: QuestionKind | undefined, place: string): void {
    const read = readOne(item, kind, place, this.#slips);
    if ("problems" in read) {
      this.#problems.push(...read.problems);
      this.#omitted += read.omitted ?? 0;
    } else if (this.#problems.length === 0) {
      this.#questions.push(read.finish());
    }
    if (this.#problems.length >= MAX_PROBLEMS) throw refuse(this.#problems, this.#omitted);
  }

  finish(): WhichQuestion[] {
    const { passedOver } = this.#slips;
    if (passedOver > 0) {
      this.#problems.push(
        `${MAX_UNKNOWN_FIELDS} different unknown fields were compared with the known ones, ${passedOver} more were not`,
      );
    }
    if (this.#problems.length > 0) throw refuse(this.#problems, this.#omitted);
    return this.#questions;
  }
}

interface QuestionList extends ListText {
  /** Undefined where the fields of each question decide. */
  readonly kind: QuestionKind | undefined;
}

/** Which lists of a document hold its questions, and which are remarks. */
function chooseLists(document: DocumentText): {
  readonly lists: readonly QuestionList[];
  readonly skipped: readonly ListText[];
} {
  if (document.kind === "list") return { lists: [{ ...document.list, kind: undefined }], skipped: [] };
  if (document.kind === "other") throw refuse([`expected ${FORMS}, got ${describe(document.value)}`]);
  const all = [...document.lists.values()];
  const questions = document.lists.get("questions");
  if (questions !== undefined) {
    const skipped = all.filter((list) => list !== questions);
    return { lists: [{ ...questions, kind: undefined }], skipped };
  }
  for (const [name, value] of document.others) {
    if (kindNamed(name) === undefined) continue;
    throw refuse([`${name}: expected a list of questions, got ${describe(value)}`]);
  }
  const lists = all.flatMap((list): QuestionList[] => {
    const kind = kindNamed(list.name);
    return kind === undefined ? [] : [{ ...list, kind }];
  });
  if (lists.length === 0) {
    throw refuse([`expected ${FORMS}; found none of the keys questions, ${QUESTION_KINDS.join(", ")}`]);
  }
  return { lists, skipped: all.filter(({ name }) => kindNamed(name) === undefined) };
}

function kindNamed(name: string): QuestionKind | undefined {
  return QUESTION_KINDS.find((known) => known === name);
}

type ReadOne =
  | { readonly problems: readonly string[]; readonly omitted?: number }
  | { readonly finish: () => WhichQuestion };

function readOne(
  item: unknown,
  listKind: QuestionKind | undefined,
  place: string,
  slips: NameJudge,
): ReadOne {
  if (!isRecord(item)) return { problems: [`${place}: expected a question, got ${describe(item)}`] };
  const kind = listKind ?? kindOf(item);
  if (kind === undefined) {
    return { problems: [`${place}.kind: ${describe(item["kind"])} is none of ${QUESTION_KINDS.join(", ")}`] };
  }
  const slip = findSlip(item, kind, slips);
  if (slip !== undefined)
    return { problems: [`${join(place, [slip.key])}: unknown field; did you mean "${slip.near}"?`] };
  return readByKind(item, kind, documentSource(place));
}

/** Checks the shape. The values are read by `finish`, which fails at the first bad one. */
function readByKind(item: unknown, kind: QuestionKind, source: QuestionSource): ReadOne {
  const parsed = QUESTION_SCHEMAS[kind].safeParse(item);
  if (parsed.success) return { finish: () => readQuestion(kind, parsed.data, source) };
  const { issues } = parsed.error;
  const problems = issues.slice(0, MAX_PROBLEMS).map(({ path, message }) => {
    const value = valueAt(item, path);
    const got = value === undefined ? "is missing; " : "";
    const found = value === undefined ? "" : `, got ${describe(value)}`;
    return `${source.nameOf(join("", path))}: ${got}${message}${found}`;
  });
  return { problems, omitted: issues.length - problems.length };
}

/** Fields are named by their place; versions are written as Juju prints them. */
function documentSource(place: string): QuestionSource {
  return {
    place,
    nameOf: (field) => (place === "" ? field : `${place}.${field}`),
    plainVersion: (text) => {
      if (isVersion(text, "1.25")) return text;
      const read = readVersionText(text);
      return read !== undefined && "version" in read ? read.version : text;
    },
    requestedText: (text) => text,
    notes: [],
  };
}

/** The kind is given by `kind`, or by the fields that only one kind has. */
function kindOf(item: Readonly<Record<string, unknown>>): QuestionKind | undefined {
  if (item["kind"] !== undefined) return QUESTION_KINDS.find((known) => known === item["kind"]);
  if ("targetController" in item || "sourceController" in item || "modelVersion" in item) return "migrate";
  if ("base" in item && "list" in item) return "newestCompatible";
  if ("runningVersion" in item) return "preferredStreams";
  if ("autoUpgrade" in item || ("client" in item && !("current" in item))) return "bootstrap";
  return "upgrade";
}

/** An unknown field whose name is close to a known one; others may be remarks. */
function findSlip(
  item: Readonly<Record<string, unknown>>,
  kind: QuestionKind,
  slips: NameJudge,
): { readonly key: string; readonly near: string } | undefined {
  const { shape } = QUESTION_SCHEMAS[kind];
  const known = Object.keys(shape);
  for (const key of Object.keys(item)) {
    if (Object.hasOwn(shape, key)) continue;
    const near = slips.near(key, kind, known, 2);
    if (near !== undefined && !(near in item)) return { key, near };
  }
  return undefined;
}

/** @param omitted further problems that are counted only */
function refuse(problems: readonly string[], omitted = 0): JamError {
  const listed = problems.slice(0, MAX_PROBLEMS);
  const more = problems.length - listed.length + omitted;
  const count = listed.length + more;
  const lines = more === 0 ? listed : [...listed, `and ${more} more`];
  const isOne = count === 1;
  return new JamError(
    "JAM_USAGE_INVALID",
    isOne ? (listed[0] ?? "") : `The questions have ${count} problems:`,
    {
      lines: isOne ? [] : lines.map((line) => `  ${line}`),
      hint: "docs/reference/which.md lists the forms of a question and its fields.",
      details: { problems: listed, ...(more === 0 ? {} : { omitted: { problems: more } }) },
    },
  );
}

function join(place: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, key) =>
      typeof key === "number" ? `${text}[${key}]` : text === "" ? String(key) : `${text}.${String(key)}`,
    place,
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function valueAt(item: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null ? (inner as Record<PropertyKey, unknown>)[key] : undefined,
    item,
  );
}

function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "a mapping" : printable(JSON.stringify(value) ?? typeof value, 60);
}

import { JamError } from "../../shared/errors.ts";
import { nearest } from "../../shared/nearest.ts";
import { printable } from "../../shared/printable.ts";
import { finishQuestion } from "./finish-question.ts";
import { QUESTION_KINDS, type QuestionKind, type WhichQuestion } from "./question.ts";
import { QUESTION_SCHEMAS } from "./question-schema.ts";

/** More questions than any fleet has; beyond it somebody handed in the wrong file. */
const MAX_QUESTIONS = 1_000_000;
const MAX_PROBLEMS = 10;

const FORMS = "a list of questions, { questions: […] }, or { upgrade: […], bootstrap: […], … }";

/**
 * The questions of a document, in the order asked: a list, `{questions}`, or lists by kind as recorded answers of Juju
 * come. What a question says beyond its known fields (`expected`, remarks) is passed over.
 * @throws JamError JAM_USAGE_INVALID naming element and field, JAM_VERSION_INVALID
 */
export function readQuestions(document: unknown, maxQuestions = MAX_QUESTIONS): WhichQuestion[] {
  const lists = listsOf(document);
  const count = lists.reduce((sum, { items }) => sum + items.length, 0);
  if (count > maxQuestions) throw refuse([`${count} questions are more than ${maxQuestions} at once`]);
  const problems: string[] = [];
  /** What each unknown field is near to: questions of one file share their fields. */
  const slips = new Map<string, string | undefined>();
  const questions: WhichQuestion[] = [];
  for (const { name, kind, items } of lists) {
    for (const [index, item] of items.entries()) {
      const place = `${name}[${index}]`;
      const read = readOne(item, kind, place, slips);
      if ("problems" in read) problems.push(...read.problems);
      else if (problems.length === 0) questions.push(finishQuestion(read.kind, read.data, place));
      if (problems.length >= MAX_PROBLEMS) throw refuse(problems);
    }
  }
  if (problems.length > 0) throw refuse(problems);
  return questions;
}

/**
 * The questions of a JSON text; `name` says where it comes from.
 * @throws JamError JAM_USAGE_INVALID, JAM_VERSION_INVALID
 */
export function parseQuestions(text: string, name: string, maxQuestions = MAX_QUESTIONS): WhichQuestion[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new JamError("JAM_USAGE_INVALID", `${name} is not JSON.`, {
      cause,
      hint: `Write ${FORMS}, as docs/reference/which.md shows.`,
      details: { name },
    });
  }
  return readQuestions(document, maxQuestions);
}

/**
 * One question, as made from flags or a query.
 * @throws JamError JAM_USAGE_INVALID, JAM_VERSION_INVALID naming the field
 */
export function readQuestion(kind: QuestionKind, item: unknown): WhichQuestion {
  const read = readOne(item, kind, "");
  if ("problems" in read) throw refuse(read.problems);
  return finishQuestion(read.kind, read.data, "");
}

interface QuestionList {
  readonly name: string;
  /** Undefined where each question tells by its fields. */
  readonly kind: QuestionKind | undefined;
  readonly items: readonly unknown[];
}

function listsOf(document: unknown): QuestionList[] {
  if (Array.isArray(document)) return [{ name: "", kind: undefined, items: document }];
  if (!isRecord(document)) throw refuse([`expected ${FORMS}, got ${describe(document)}`]);
  const { questions } = document;
  if (Array.isArray(questions)) return [{ name: "questions", kind: undefined, items: questions }];
  const lists = Object.entries(document).flatMap(([name, items]): QuestionList[] => {
    const kind = QUESTION_KINDS.find((known) => known === name);
    if (kind === undefined) return [];
    if (!Array.isArray(items))
      throw refuse([`${name}: expected a list of questions, got ${describe(items)}`]);
    return [{ name, kind, items }];
  });
  if (lists.length === 0) {
    throw refuse([`expected ${FORMS}; found none of the keys questions, ${QUESTION_KINDS.join(", ")}`]);
  }
  return lists;
}

type ReadOne =
  | { readonly problems: readonly string[] }
  | { readonly kind: QuestionKind; readonly data: Readonly<Record<string, unknown>> };

function readOne(
  item: unknown,
  asked: QuestionKind | undefined,
  place: string,
  slips: Map<string, string | undefined> = new Map(),
): ReadOne {
  if (!isRecord(item)) return { problems: [`${place}: expected a question, got ${describe(item)}`] };
  const kind = asked ?? kindOf(item);
  if (kind === undefined) {
    return { problems: [`${place}.kind: ${describe(item["kind"])} is none of ${QUESTION_KINDS.join(", ")}`] };
  }
  const schema = QUESTION_SCHEMAS[kind];
  const slip = findSlip(item, kind, slips);
  if (slip !== undefined)
    return { problems: [`${join(place, [slip.key])}: unknown field; did you mean "${slip.near}"?`] };
  const parsed = schema.safeParse(item);
  if (parsed.success) return { kind, data: parsed.data };
  return {
    problems: parsed.error.issues.map(({ path, message }) => {
      const value = valueAt(item, path);
      const got = value === undefined ? "is missing; " : "";
      const found = value === undefined ? "" : `, got ${describe(value)}`;
      return `${join(place, path)}: ${got}${message}${found}`;
    }),
  };
}

/** A question says its kind, or tells it by the fields that only one kind has. */
function kindOf(item: Readonly<Record<string, unknown>>): QuestionKind | undefined {
  if (item["kind"] !== undefined) return QUESTION_KINDS.find((known) => known === item["kind"]);
  if ("targetController" in item || "sourceController" in item || "modelVersion" in item) return "migrate";
  if ("base" in item && "list" in item) return "newestCompatible";
  if ("runningVersion" in item) return "preferredStreams";
  if ("autoUpgrade" in item || ("client" in item && !("current" in item))) return "bootstrap";
  return "upgrade";
}

/** A field that is all but the name of a known one; others may be remarks of whoever made the file. */
function findSlip(
  item: Readonly<Record<string, unknown>>,
  kind: QuestionKind,
  slips: Map<string, string | undefined>,
): { readonly key: string; readonly near: string } | undefined {
  const { shape } = QUESTION_SCHEMAS[kind];
  for (const key of Object.keys(item)) {
    if (Object.hasOwn(shape, key)) continue;
    const name = `${kind} ${key}`;
    if (!slips.has(name)) slips.set(name, nearest(key, Object.keys(shape), 2));
    const near = slips.get(name);
    if (near !== undefined && !(near in item)) return { key, near };
  }
  return undefined;
}

function refuse(problems: readonly string[]): JamError {
  const [first = "", ...rest] = problems.slice(0, MAX_PROBLEMS);
  const isOne = rest.length === 0;
  return new JamError(
    "JAM_USAGE_INVALID",
    isOne ? first : `The questions have ${problems.length} problems:`,
    {
      lines: isOne ? [] : [first, ...rest].map((problem) => `  ${problem}`),
      hint: "docs/reference/which.md lists the forms of a question and its fields.",
      details: { problems },
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

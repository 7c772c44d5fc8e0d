import { MAX_DOCUMENT_BYTES } from "../shared/limits.ts";
import { printable } from "../shared/printable.ts";
import { type JsonFault, scanJson } from "./scan-json.ts";
import { type ErrorCode, JamError } from "../shared/errors.ts";
import {
  Schema,
  YAMLException,
  boolCoreTag,
  intCoreTag,
  loadAll,
  mapTag,
  nullCoreTag,
  seqTag,
  strTag,
} from "js-yaml";

/** Why a text, or the rest of it, cannot be read. */
export interface TextFault {
  /** Completes "FILE …": `is cut off: its JSON ends too early, at line 3, column 7`. */
  readonly what: string;
  readonly kind: JsonFault["kind"] | "too-large";
  /** What follows the documents that could be read, for a fault outside. */
  readonly rest?: string;
}

/** The values of a text's documents. */
export interface DocumentsRead {
  readonly format: "json" | "yaml";
  readonly documents: readonly unknown[];
  readonly fault: TextFault | undefined;
}

/** True for a text that can only be JSON. */
export function looksLikeJson(text: string): boolean {
  return /^[{[]/.test(
    text
      .slice(0, 64 * 1024)
      .replaceAll("\u001e", "")
      .trimStart(),
  );
}

/**
 * All documents of a text: JSON one after the other, YAML with `---` between, an array of mappings as one document each.
 * Documents of YAML with nothing in them are left out.
 */
export function readDocuments(text: string): DocumentsRead {
  return looksLikeJson(text) ? readJsonDocuments(text) : readYamlDocuments(text);
}

function readJsonDocuments(text: string): DocumentsRead {
  const { documents, fault } = scanJson(text);
  const values = documents.flatMap(({ start, end }) => spread(JSON.parse(text.slice(start, end))));
  if (fault === undefined) return { format: "json", documents: values, fault: undefined };
  const place = placeOf(text, fault.at);
  return {
    format: "json",
    documents: values,
    fault: {
      kind: fault.kind,
      what: describeJsonFault(fault, place),
      ...(fault.kind === "outside" ? { rest: text.slice(fault.at) } : {}),
    },
  };
}

function describeJsonFault({ kind, what }: JsonFault, place: string): string {
  if (kind === "cut-off") return `is cut off: its JSON ends too early, at ${place}`;
  if (kind === "bad-key") return `has a mapping at ${place} in which ${what}`;
  if (kind === "too-deep") return `is ${what} at ${place}`;
  if (kind === "outside") return `has text after its JSON, at ${place}`;
  return `is not JSON at ${place}: ${what}`;
}

function readYamlDocuments(text: string): DocumentsRead {
  if (text.length > YAML_LIMITS.maxCharacters) {
    const what = "is too large for YAML: use --format json";
    return { format: "yaml", documents: [], fault: { kind: "too-large", what } };
  }
  const read = readYaml(text.replace(/^\u{feff}/u, ""));
  if ("documents" in read) {
    const documents = read.documents.filter((document) => document !== null).flatMap(spread);
    return { format: "yaml", documents, fault: undefined };
  }
  const place = placeOf(text, read.at);
  const what =
    read.kind === "bad-key"
      ? `has a mapping at ${place} in which ${printable(read.what, 80)}`
      : read.kind === "too-deep"
        ? `is ${read.what} at ${place}`
        : `is neither JSON nor YAML at ${place}: ${printable(read.what, 120)}`;
  return { format: "yaml", documents: [], fault: { kind: read.kind, what } };
}

/** `jq -s` makes one array of several documents. */
function spread(value: unknown): unknown[] {
  const isList =
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((one) => typeof one === "object" && one !== null && !Array.isArray(one));
  return isList ? (value as unknown[]) : [value];
}

/** `line 3, column 7`, from 1. */
function placeOf(text: string, at: number): string {
  let line = 1;
  let start = 0;
  for (let next = text.indexOf("\n"); next !== -1 && next < at; next = text.indexOf("\n", next + 1)) {
    line++;
    start = next + 1;
  }
  return `line ${line}, column ${at - start + 1}`;
}

/** A text from an operator, and its name in messages. */
export interface NamedText {
  /** File name, or `standard input`. */
  readonly name: string;
  readonly text: string;
}

/** The expected kind of file, for error messages. */
export interface Expectation {
  readonly code: ErrorCode;
  /** `plan`: one is expected. */
  readonly what: string;
  /** The next step, as a full sentence. */
  readonly hint: string;
}

/**
 * The one JSON or YAML value of a text.
 * @throws JamError with the expected code, naming file, line and column, whether the text is cut off, and how many
 *   documents there are when there are several
 */
export function readDocument({ name, text }: NamedText, { code, what, hint }: Expectation): unknown {
  const refused = (why: string) => new JamError(code, `${name} ${why}.`, { hint, details: { file: name } });
  if (text.replace(/^\u{feff}/u, "").trim() === "") throw refused("is empty");
  const { documents, fault } = readDocuments(text.replace(/^\u{feff}/u, ""));
  if (fault !== undefined) throw refused(fault.what);
  if (documents.length > 1) throw refused(`contains ${documents.length} documents; one ${what} is expected`);
  return documents[0];
}

/** The documents of a YAML text, or where and why it is not YAML. */
export type YamlRead =
  | { readonly documents: readonly unknown[] }
  | { readonly at: number; readonly kind: "syntax" | "bad-key" | "too-deep"; readonly what: string };

export const YAML_LIMITS = {
  /** UTF-16 units. YAML takes ten times the memory of JSON to read; a status of 10,000 machines has 12 million. */
  maxCharacters: MAX_DOCUMENT_BYTES,
  maxDepth: 100,
} as const;

/**
 * Only what Juju prints: null, booleans, integers, texts. Without a tag for fractions `channel: 20.10` stays
 * `20.10` when another tool has left its quotes out. js-yaml makes values without a tree of nodes in between: a tenth of
 * the memory that the `yaml` package takes.
 */
const JUJU_SCHEMA = new Schema([nullCoreTag, boolCoreTag, intCoreTag, strTag, mapTag, seqTag]);

/** As in JSON: what reads mappings drops this key silently. */
const PROTO_KEY = /^[ -]*["']?__proto__["']? *:/m;

/** Every document of a YAML text. A key that is in a mapping twice, and aliases, which Juju never prints, are faults. */
export function readYaml(text: string): YamlRead {
  const proto = PROTO_KEY.exec(text);
  if (proto !== null) return { at: proto.index, kind: "bad-key", what: `the key "__proto__" is not allowed` };
  try {
    return {
      documents: loadAll(text, { schema: JUJU_SCHEMA, maxDepth: YAML_LIMITS.maxDepth, maxAliases: 0 }),
    };
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const { reason, mark } = error;
    const at = mark?.position ?? 0;
    if (reason.startsWith("duplicated mapping key")) {
      const key = /^\s*(?:- )?("[^"]*"|'[^']*'|[^\s:]+)\s*:/.exec(text.slice(at, at + 200))?.[1] ?? "";
      return { at, kind: "bad-key", what: `the key ${key} occurs twice` };
    }
    const isDeep = reason.startsWith("nesting exceeded");
    return { at, kind: isDeep ? "too-deep" : "syntax", what: isDeep ? "nested too deep" : reason };
  }
}

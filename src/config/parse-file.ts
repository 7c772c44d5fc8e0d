import { resolve } from "node:path";
import {
  LineCounter,
  Parser,
  type Document,
  type ParsedNode,
  isMap,
  isNode,
  isScalar,
  isSeq,
  parseDocument,
} from "yaml";
import { JamError, type JamErrorOptions } from "../shared/errors.ts";
import { override, type Override } from "./overrides.ts";
import { type ConfigProblem, MAX_PROBLEMS, describeIssues, formatProblems } from "./problems.ts";
import { type ConfigFile, configSchema } from "./schema.ts";

/** The text of a settings file and what the environment puts over it. */
export interface ConfigSource {
  /** For messages; undefined when there is no file. */
  readonly file: string | undefined;
  readonly text: string;
  readonly environment: readonly Override[];
}

/** `JAM_CONFIG_INVALID`, with the places to correct. */
export class InvalidConfigError extends JamError {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[], message: string, options: JamErrorOptions) {
    super("JAM_CONFIG_INVALID", message, options);
    this.problems = problems;
  }
}

type Path = readonly PropertyKey[];

/**
 * The settings that a file and the environment give, checked against the schema.
 * @throws JamError JAM_CONFIG_INVALID that lists every problem with line and column
 */
export function parseConfig({ file, text, environment }: ConfigSource): ConfigFile {
  const lines = new LineCounter();
  const document = parseYaml(text, file, lines);
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  refuseFaults(
    file,
    document.errors.map((error) => ({ offset: error.pos[0], message: describeYaml(error) })),
    place,
  );
  const message = "duplicate key; keep one of them";
  refuseFaults(
    file,
    duplicateKeys(document).map((offset) => ({ offset, message })),
    place,
  );
  keepVersionsAsWritten(document);
  const written = readValue(document, file);
  if (namesTwoStores(written)) {
    const message = "`data` and `store` name different places; keep one of them";
    throw invalid(file, [{ ...place(offsetOf(document, ["store"], undefined)), path: "store", message }]);
  }
  const overridden = override(written, environment);
  // A `store` that JAM_DATA takes the place of has to be valid all the same.
  const hidden = hiddenStore(written, overridden);
  const value = hidden === undefined ? overridden : { ...(overridden as object), ...hidden };
  const parsed = configSchema.safeParse(value);
  if (parsed.success) return hidden === undefined ? parsed.data : override(parsed.data, environment);
  const { listed, omitted } = describeIssues(parsed.error.issues, value);
  const problems = listed.map(({ path, key, message }): ConfigProblem => {
    const variable = environment.find(({ key: given }) => given === path.join("."))?.source;
    if (variable !== undefined) return { variable, path: formatPath(path), message };
    return { ...place(offsetOf(document, path, key)), path: formatPath(path), message };
  });
  throw invalid(file, problems, omitted);
}

/**
 * @throws JamError JAM_CONFIG_INVALID for a text that is nested deeper than the library can follow, or that is hardly
 *   YAML at all: the library would create an error with a stack for each of its tokens
 */
function parseYaml(text: string, file: string | undefined, lineCounter: LineCounter): Document.Parsed {
  try {
    refuseStrayTokens(text, file);
    // The library would compare each key with all others of its mapping; see `duplicateKeys`.
    return parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: false, logLevel: "error" });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw invalid(file, [{ line: 1, column: 1, path: "", message: TOO_DEEP }]);
  }
}

function refuseStrayTokens(text: string, file: string | undefined): void {
  const lines = new LineCounter();
  const problems: ConfigProblem[] = [];
  let count = 0;
  for (const token of new Parser(lines.addNewLine).parse(text)) {
    if (token.type !== "error") continue;
    count += 1;
    if (count > MAX_PROBLEMS) continue;
    const { line, col } = lines.linePos(token.offset);
    problems.push({ line, column: col, path: "", message: `not YAML: ${token.message}` });
  }
  if (count > MAX_PROBLEMS) throw invalid(file, problems, count - problems.length);
}

const TOO_DEEP = "nested too deep";

type Place = { readonly line: number; readonly column: number };

/** @throws JamError JAM_CONFIG_INVALID when there are faults of the text itself */
function refuseFaults(
  file: string | undefined,
  faults: readonly { readonly offset: number; readonly message: string }[],
  place: (offset: number) => Place,
): void {
  if (faults.length === 0) return;
  const listed = faults.slice(0, MAX_PROBLEMS);
  const problems = listed.map(({ offset, message }) => ({ ...place(offset), path: "", message }));
  throw invalid(file, problems, faults.length - listed.length);
}

/** Offsets of keys that their mapping already has. */
function duplicateKeys(document: Document.Parsed): number[] {
  const offsets: number[] = [];
  const open: unknown[] = [document.contents];
  while (open.length > 0) {
    const node = open.pop();
    if (isSeq(node)) for (const item of node.items) open.push(item);
    if (!isMap(node)) continue;
    const known = new Set<unknown>();
    for (const { key, value } of node.items) {
      const name: unknown = isScalar(key) ? key.value : key;
      if (known.has(name)) offsets.push(startOf(key));
      known.add(name);
      open.push(key, value);
    }
  }
  return offsets.sort((a, b) => a - b);
}

/** `versions: 3.10` is the number 3.1 to YAML; here it stays what was written. */
function keepVersionsAsWritten(document: Document.Parsed): void {
  for (const rules of [document.get("select"), document.get("deny"), document.get("advice")]) {
    if (!isSeq(rules)) continue;
    for (const rule of rules.items) {
      if (!isMap(rule)) continue;
      for (const key of ["versions", "version", "from", "to"]) {
        const node = rule.get(key, true);
        if (node !== undefined && typeof node.value === "number") node.value = node.source;
      }
    }
  }
}

function invalid(file: string | undefined, problems: readonly ConfigProblem[], omitted = 0): JamError {
  const { message, lines } = formatProblems(file, problems, omitted);
  return new InvalidConfigError(problems, message, {
    lines,
    hint: "Correct these places; `jam config schema` describes every key.",
    details: { file: file ?? null, problems, ...(omitted === 0 ? {} : { omitted: { problems: omitted } }) },
  });
}

/** Plain values of the document. An empty file is an empty mapping. */
function readValue(document: Document.Parsed, file: string | undefined): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (error) {
    // More aliases than any honest file has: they could multiply without end.
    const message = error instanceof Error ? error.message : String(error);
    throw invalid(file, [{ line: 1, column: 1, path: "", message }]);
  }
}

function describeYaml(error: { readonly code: string; readonly message: string }): string {
  if (error.message.startsWith("Maximum call stack")) return TOO_DEEP;
  return `not YAML: ${error.message.split("\n")[0] ?? error.message}`;
}

/** The `store` of a file that no longer counts, because a variable names another data directory. */
function hiddenStore(written: unknown, overridden: unknown): { readonly store: unknown } | undefined {
  return hasStore(written) && !hasStore(overridden) ? { store: written.store } : undefined;
}

function hasStore(value: unknown): value is { readonly store: unknown } {
  return typeof value === "object" && value !== null && "store" in value && value.store !== undefined;
}

/** True when `data` and what it is the short form of are both there and differ. */
function namesTwoStores(written: unknown): boolean {
  if (typeof written !== "object" || written === null || !("data" in written) || !("store" in written))
    return false;
  const { data, store } = written;
  if (typeof store !== "object" || store === null) return false;
  // What is missing or not a text is left for the check to report.
  if (!("path" in store)) return "kind" in store && store.kind !== "fs";
  if (typeof data !== "string" || typeof store.path !== "string") return false;
  return resolve("/", data) !== resolve("/", store.path);
}

/** Where to point at: the key of an unknown setting, else the value, else what encloses the missing one. */
function offsetOf(document: Document.Parsed, path: Path, key: string | undefined): number {
  for (let depth = path.length; depth >= 0; depth--) {
    const node: unknown = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
    if (!isNode(node)) continue;
    if (key !== undefined && isMap<ParsedNode>(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
      if (pair !== undefined) return startOf(pair.key);
    }
    return startOf(node);
  }
  return 0;
}

function startOf(node: unknown): number {
  return isNode(node) ? (node.range?.[0] ?? 0) : 0;
}

/** `select[0].stream` */
function formatPath(path: Path): string {
  return path.reduce<string>(
    (text, key) =>
      typeof key === "number" ? `${text}[${key}]` : `${text}${text === "" ? "" : "."}${String(key)}`,
    "",
  );
}

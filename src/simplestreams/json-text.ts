import { printable } from "../shared/printable.ts";
import { type JsonPath, malformed, notSimplestreams, tooLarge } from "./metadata-fault.ts";
import { MAX_DOCUMENT_BYTES } from "../shared/limits.ts";

/** A JSON object from `parseJsonObject`: without duplicate keys and `__proto__`. */
export type JsonObject = Readonly<Record<string, unknown>>;

export const JSON_LIMITS = {
  /** UTF-16 units, so never more than the document's bytes. The largest real document has about 8 million. */
  maxCharacters: MAX_DOCUMENT_BYTES,
  /** Real documents need 8 levels. */
  maxDepth: 32,
  /**
   * Numbers, texts, lists and mappings. As many items as are read, with all their fields, have two thirds of it; the
   * characters would make room for ten times as many, which take gigabytes of memory.
   */
  maxValues: 3_000_000,
  /** Keys of one mapping: more than the items of a file. */
  maxKeys: 250_000,
} as const;

export interface JsonTextOptions {
  /** Default 32 Mi. */
  readonly maxCharacters?: number;
}

/** Keys with a special meaning in JavaScript; documents have no reason to use them. */
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/**
 * The object in a document from outside, read more strictly than `JSON.parse`: limited in size and depth,
 * no key twice (this program and Juju could read different values), no broken Unicode, nothing around it.
 * @throws JamError JAM_METADATA_TOO_LARGE, JAM_METADATA_MALFORMED, JAM_UPSTREAM_NOT_SIMPLESTREAMS
 */
export function parseJsonObject(text: string, file: string, options: JsonTextOptions = {}): JsonObject {
  const maxCharacters = options.maxCharacters ?? JSON_LIMITS.maxCharacters;
  if (text.length > maxCharacters) {
    throw tooLarge(file, `longer than ${maxCharacters} characters`, { maxCharacters });
  }
  if (text.startsWith("\u{feff}")) throw malformed(file, [], "starts with a byte order mark");
  if (!/^\s*\{/.test(text)) throw notSimplestreams(file, text);
  if (!text.isWellFormed()) throw malformed(file, [], "contains broken Unicode (a lone surrogate)");
  new StructureCheck(text, file).run();
  try {
    return JSON.parse(text) as JsonObject;
  } catch (cause) {
    throw malformed(file, [], `not valid JSON: ${printable((cause as Error).message)}`, cause);
  }
}

/** True for a JSON object; false for arrays, null and everything else. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** One open object or array. */
interface Level {
  /** Undefined in an array. */
  readonly keys: Set<string> | undefined;
  /** The key or index that is being read. */
  at: string | number;
  expectsKey: boolean;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SURROGATE_ESCAPE = /\\u[dD][89a-fA-F]/;

/**
 * Walks over the tokens of a text that may or may not be JSON and refuses what `JSON.parse` accepts.
 * Syntax is left to `JSON.parse`: on a broken text the walk ends somewhere, and finds nothing or a real fault.
 */
class StructureCheck {
  readonly #text: string;
  readonly #file: string;
  readonly #levels: Level[] = [];
  #values = 0;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
  }

  run(): void {
    const text = this.#text;
    for (let i = 0; i < text.length; i++) {
      switch (text.charCodeAt(i)) {
        case QUOTE:
          i = this.#string(i + 1);
          break;
        case 0x7b: // {
          this.#open({ keys: new Set(), at: "", expectsKey: true });
          break;
        case 0x5b: // [
          this.#open({ keys: undefined, at: 0, expectsKey: false });
          break;
        case 0x7d: // }
        case 0x5d: // ]
          this.#levels.pop();
          break;
        case 0x2c: // ,
          this.#comma();
          break;
        default:
      }
    }
  }

  /** Every value but the first of its level follows a comma, and every level is a value. */
  #count(): void {
    this.#values += 1;
    const { maxValues } = JSON_LIMITS;
    if (this.#values > maxValues) throw tooLarge(this.#file, `more than ${maxValues} values`, { maxValues });
  }

  #open(level: Level): void {
    this.#count();
    this.#levels.push(level);
    if (this.#levels.length > JSON_LIMITS.maxDepth) {
      throw malformed(
        this.#file,
        this.#path().slice(0, -1),
        `nested deeper than ${JSON_LIMITS.maxDepth} levels`,
      );
    }
  }

  #comma(): void {
    this.#count();
    const level = this.#levels.at(-1);
    if (level === undefined) return;
    if (typeof level.at === "number") level.at++;
    else level.expectsKey = true;
  }

  /** Reads the string that starts at `start`, after its quote. @returns the position of its closing quote */
  #string(start: number): number {
    const text = this.#text;
    let end = start;
    let hasEscapes = false;
    for (; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (code === QUOTE) break;
      if (code === BACKSLASH) {
        hasEscapes = true;
        end++;
      }
    }
    const level = this.#levels.at(-1);
    const isKey = level?.expectsKey === true;
    if (isKey || hasEscapes) this.#content(text.slice(start, end), hasEscapes, isKey ? level : undefined);
    return end;
  }

  #content(raw: string, hasEscapes: boolean, keyOf: Level | undefined): void {
    const content = hasEscapes ? this.#unescape(raw) : raw;
    if (keyOf === undefined) return;
    if (FORBIDDEN_KEYS.has(content)) throw this.#fault(`the key "${content}" is not allowed`);
    if (keyOf.keys?.has(content) === true) throw this.#fault(`the key "${printable(content)}" appears twice`);
    keyOf.keys?.add(content);
    const { maxKeys } = JSON_LIMITS;
    if (keyOf.keys !== undefined && keyOf.keys.size > maxKeys) {
      throw tooLarge(this.#file, `more than ${maxKeys} keys in one mapping`, { maxKeys });
    }
    keyOf.at = content;
    keyOf.expectsKey = false;
  }

  #unescape(raw: string): string {
    let content: string;
    try {
      content = JSON.parse(`"${raw}"`) as string;
    } catch {
      return raw;
    }
    if (SURROGATE_ESCAPE.test(raw) && !content.isWellFormed()) {
      throw malformed(this.#file, this.#path(), "contains broken Unicode (a lone surrogate)");
    }
    return content;
  }

  #path(): JsonPath {
    return this.#levels.map((level) => level.at);
  }

  #fault(what: string) {
    return malformed(this.#file, this.#path().slice(0, -1), what);
  }
}

/**
 * A JSON document whose bytes depend on its content only: keys sorted, one blank of indent, one line feed at the end.
 * Short lines matter: gpg refuses signed lines above 20 000 characters.
 */
export function formatStableJson(value: unknown): string {
  return `${JSON.stringify(sorted(value), undefined, 1)}\n`;
}

/** A copy for `stringify`, which takes three times as long when it has to call a function for each value. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null || "toJSON" in value) return value;
  const entries = Object.entries(value);
  // The items of a product file, by the thousand, are in order and contain no objects.
  if (entries.every(isInPlace)) return value;
  const inOrder = entries.sort(([a], [b]) => (a < b ? -1 : 1));
  for (const entry of inOrder) entry[1] = sorted(entry[1]);
  return Object.fromEntries(inOrder);
}

/** True for a plain value whose key is not smaller than the one before it. */
function isInPlace([key, value]: readonly [string, unknown], at: number, all: readonly [string, unknown][]) {
  return typeof value !== "object" && (at === 0 || (all[at - 1]?.[0] ?? "") < key);
}

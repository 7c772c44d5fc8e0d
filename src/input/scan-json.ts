import { printable } from "../shared/printable.ts";

/** The position of one JSON document in a text. */
export interface JsonSpan {
  readonly start: number;
  readonly end: number;
}

/** The place where a text is no longer valid JSON, and why. */
export interface JsonFault {
  readonly at: number;
  /** `cut-off`: the JSON ends too early. `outside`: the text after a complete document is not JSON. */
  readonly kind: "cut-off" | "syntax" | "bad-key" | "too-deep" | "outside";
  /** For people: `expected a colon`. */
  readonly what: string;
}

export interface JsonScan {
  /** Complete documents before the fault. */
  readonly documents: readonly JsonSpan[];
  readonly fault: JsonFault | undefined;
}

/** Juju's listings need 12 levels; containers in containers a few more. */
const MAX_DEPTH = 100;

/**
 * The JSON documents of a text, one after the other with or without line breaks between. Linear in the text, and
 * stricter than `JSON.parse`: an object must not contain a key twice, nor `__proto__`, which programs drop silently. `JSON.parse` accepts what passes.
 */
export function scanJson(text: string): JsonScan {
  const documents: JsonSpan[] = [];
  let position = skipBetween(text, 0);
  while (position < text.length) {
    const start = position;
    const first = text[start];
    if (first !== "{" && first !== "[") {
      return { documents, fault: { at: start, kind: "outside", what: "expected { or [" } };
    }
    const end = new Walk(text, start).run();
    if (typeof end !== "number") return { documents, fault: end };
    documents.push({ start, end });
    position = skipBetween(text, end);
  }
  return { documents, fault: undefined };
}

/** Spaces of JSON: inside a document there are no others. */
function skipSpace(text: string, from: number): number {
  SPACES.lastIndex = from;
  SPACES.test(text);
  return SPACES.lastIndex;
}

/** What may be between documents: spaces of JSON, and the record separators of RFC 7464. */
function skipBetween(text: string, from: number): number {
  SEPARATORS.lastIndex = from;
  SEPARATORS.test(text);
  return SEPARATORS.lastIndex;
}

const SPACES = /[ \n\r\t]*/y;
// eslint-disable-next-line no-control-regex -- the separator is a control character
const SEPARATORS = /[ \n\r\t\u001e]*/y;

/** Length of the escape that starts there, also of one that the text ends in; 0 for what is none. */
function escapeAt(text: string, at: number): number {
  ESCAPE.lastIndex = at;
  const length = ESCAPE.exec(text)?.[0].length ?? 0;
  const isCut = at + 1 >= text.length || (text[at + 1] === "u" && at + 6 > text.length);
  return length === 0 && isCut ? text.length - at : length;
}

/** One open object or array. */
interface Level {
  /** Keys so far; undefined in an array. */
  readonly keys: Set<string> | undefined;
  /** `}` or `]`. */
  readonly close: string;
}

/** What may come next inside a level. */
type Expected = "value" | "first-value" | "key" | "first-key" | "colon" | "comma";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LITERAL = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;
const WORD = /[\w.+-]+/y;
/** What a string holds between quotes, escapes and faults. */
// eslint-disable-next-line no-control-regex -- JSON forbids them in strings
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;

/** A walk over the tokens of one document. */
class Walk {
  readonly #text: string;
  readonly #levels: Level[] = [];
  #position: number;
  #expected: Expected = "value";

  constructor(text: string, start: number) {
    this.#text = text;
    this.#position = start;
  }

  /** @returns the position after the document, or its fault */
  run(): number | JsonFault {
    do {
      this.#position = skipSpace(this.#text, this.#position);
      if (this.#position >= this.#text.length) return this.#fault("cut-off", "ends too early");
      const fault = this.#step(this.#text[this.#position] ?? "");
      if (fault !== undefined) return fault;
    } while (this.#levels.length > 0);
    return this.#position;
  }

  #step(character: string): JsonFault | undefined {
    const level = this.#levels.at(-1);
    if (character === level?.close && this.#mayClose()) {
      this.#levels.pop();
      return this.#afterValue(1);
    }
    switch (this.#expected) {
      case "colon":
        if (character !== ":") return this.#fault("syntax", "expected a colon");
        this.#expected = "value";
        this.#position++;
        return undefined;
      case "comma":
        if (character !== ",") return this.#fault("syntax", `expected a comma or ${level?.close ?? ""}`);
        this.#expected = level?.keys === undefined ? "value" : "key";
        this.#position++;
        return undefined;
      case "key":
      case "first-key":
        return this.#key(level);
      default:
        return this.#value(character);
    }
  }

  #mayClose(): boolean {
    return this.#expected === "comma" || this.#expected === "first-key" || this.#expected === "first-value";
  }

  #key(level: Level | undefined): JsonFault | undefined {
    const start = this.#position;
    const raw = this.#string();
    if (typeof raw !== "string") return raw;
    const key = raw.includes("\\") ? (JSON.parse(raw) as string) : raw.slice(1, -1);
    if (level?.keys?.has(key) === true) {
      this.#position = start;
      return this.#fault("bad-key", `the key "${printable(key, 80)}" occurs twice`);
    }
    if (key === "__proto__") {
      this.#position = start;
      return this.#fault("bad-key", `the key "__proto__" is not allowed`);
    }
    level?.keys?.add(key);
    this.#expected = "colon";
    return undefined;
  }

  #value(character: string): JsonFault | undefined {
    if (character === "{" || character === "[") {
      if (this.#levels.length >= MAX_DEPTH)
        return this.#fault("too-deep", `nested deeper than ${MAX_DEPTH} levels`);
      const isObject = character === "{";
      this.#levels.push({ keys: isObject ? new Set() : undefined, close: isObject ? "}" : "]" });
      this.#expected = isObject ? "first-key" : "first-value";
      this.#position++;
      return undefined;
    }
    if (character === '"') {
      const raw = this.#string();
      return typeof raw === "string" ? this.#afterValue(0) : raw;
    }
    LITERAL.lastIndex = this.#position;
    const literal = LITERAL.exec(this.#text)?.[0];
    if (literal !== undefined) return this.#afterValue(literal.length);
    WORD.lastIndex = this.#position;
    const word = WORD.exec(this.#text)?.[0] ?? "";
    // A word that the text ends in may have been cut.
    const isCut = word !== "" && this.#position + word.length >= this.#text.length;
    return isCut ? this.#fault("cut-off", "ends too early") : this.#fault("syntax", "expected a value");
  }

  /** The string that starts here, with its quotes. */
  #string(): string | JsonFault {
    const text = this.#text;
    const start = this.#position;
    if (text[start] !== '"') return this.#fault("syntax", "expected a name in quotes");
    for (let at = start + 1; at < text.length;) {
      PLAIN.lastIndex = at;
      PLAIN.test(text);
      at = PLAIN.lastIndex;
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        this.#position = at + 1;
        return text.slice(start, at + 1);
      }
      if (at >= text.length) break;
      const escape = code === BACKSLASH ? escapeAt(text, at) : 0;
      if (escape === 0) {
        this.#position = at;
        const what =
          code === BACKSLASH ? "an escape that JSON does not know" : "a line break or control character";
        return this.#fault("syntax", `a text contains ${what}`);
      }
      at += escape;
    }
    this.#position = text.length;
    return this.#fault("cut-off", "ends too early");
  }

  #afterValue(length: number): undefined {
    this.#position += length;
    this.#expected = "comma";
    return undefined;
  }

  #fault(kind: JsonFault["kind"], what: string): JsonFault {
    return { at: this.#position, kind, what };
  }
}

import { JamError } from "../../shared/errors.ts";
import { printable } from "../../shared/printable.ts";

/**
 * Limits of one question, so that reading one takes some milliseconds at most. Four streams with every version that
 * Juju ever published, on five arches each, stay below them.
 */
export const QUESTION_LIMITS = {
  maxCharacters: 256 * 1024,
  /** Numbers, texts, lists and mappings in it. */
  maxValues: 10_000,
  maxDepth: 32,
} as const;

/** Keys at the top; recorded answers have six. */
const MAX_KEYS = 1_000;
const MAX_KEY_CHARACTERS = 1_000;

/** A list of a document, its elements located but not parsed. */
export interface ListText {
  /** Its key; empty when the document is the list. */
  readonly name: string;
  /** Where each element begins, and where it ends. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** The top level of a document of questions: one list, a mapping, or a value of another kind. */
export type DocumentText =
  | { readonly kind: "list"; readonly list: ListText }
  | {
      readonly kind: "mapping";
      readonly lists: ReadonlyMap<string, ListText>;
      /** The values that are not lists. */
      readonly others: ReadonlyMap<string, unknown>;
    }
  | { readonly kind: "other"; readonly value: unknown };

/** The text is not JSON. The caller, who knows its name, reports it. */
export class NotJson extends Error {}

/**
 * Splits a document of questions without parsing them, one element at each step, so that others do not have to wait for
 * the whole. Elements are checked against the limits; whether each is JSON shows when it is read.
 * @param maxElements elements of all lists together
 * @throws NotJson, JamError JAM_USAGE_INVALID naming what is too large
 */
export function* splitQuestions(text: string, maxElements: number): Generator<void, DocumentText> {
  return yield* new Splitter(text, maxElements).split();
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const BLANKS = /[ \t\n\r]*/y;

class Splitter {
  readonly #text: string;
  readonly #maxElements: number;
  #elements = 0;
  #at = 0;

  constructor(text: string, maxElements: number) {
    this.#text = text;
    this.#maxElements = maxElements;
  }

  *split(): Generator<void, DocumentText> {
    this.#skipBlanks();
    const document = yield* this.#document();
    this.#skipBlanks();
    if (this.#at !== this.#text.length) throw new NotJson();
    return document;
  }

  *#document(): Generator<void, DocumentText> {
    switch (this.#code()) {
      case OPEN_BRACE:
        return yield* this.#mapping();
      case OPEN_BRACKET:
        return { kind: "list", list: yield* this.#list("") };
      default:
        return { kind: "other", value: this.#value("the document") };
    }
  }

  *#mapping(): Generator<void, DocumentText> {
    const lists = new Map<string, ListText>();
    const others = new Map<string, unknown>();
    for (let isFirst = true; ; isFirst = false) {
      this.#at += 1;
      this.#skipBlanks();
      if (isFirst && this.#code() === CLOSE_BRACE) break;
      const key = this.#key();
      if (lists.has(key) || others.has(key)) throw refused(`the key "${printable(key, 60)}" appears twice`);
      if (lists.size + others.size >= MAX_KEYS) throw refused(`there are more than ${MAX_KEYS} keys`);
      if (this.#code() === OPEN_BRACKET) lists.set(key, yield* this.#list(key));
      else others.set(key, this.#value(printable(key, 60)));
      yield;
      this.#skipBlanks();
      if (this.#code() === CLOSE_BRACE) break;
      if (this.#code() !== COMMA) throw new NotJson();
    }
    this.#at += 1;
    return { kind: "mapping", lists, others };
  }

  #key(): string {
    const start = this.#at;
    if (this.#code() !== QUOTE) throw new NotJson();
    this.#at = this.#stringEnd(start);
    if (this.#at - start > MAX_KEY_CHARACTERS)
      throw refused(`a key is longer than ${MAX_KEY_CHARACTERS} characters`);
    const key = parseJson(this.#text.slice(start, this.#at)) as string;
    this.#skipBlanks();
    if (this.#text[this.#at] !== ":") throw new NotJson();
    this.#at += 1;
    this.#skipBlanks();
    return key;
  }

  *#list(name: string): Generator<void, ListText> {
    const starts: number[] = [];
    const ends: number[] = [];
    for (let isFirst = true; ; isFirst = false) {
      this.#at += 1;
      this.#skipBlanks();
      if (isFirst && this.#code() === CLOSE_BRACKET) break;
      const start = this.#at;
      const end = this.#valueEnd(`${printable(name, 60)}[${starts.length}]`);
      this.#elements += 1;
      if (this.#elements > this.#maxElements) {
        throw refused(`there are more than ${this.#maxElements} questions at once`);
      }
      starts.push(start);
      ends.push(end);
      yield;
      if (this.#code() === CLOSE_BRACKET) break;
      if (this.#code() !== COMMA || end === start) throw new NotJson();
    }
    this.#at += 1;
    return { name, starts, ends };
  }

  #value(place: string): unknown {
    const start = this.#at;
    return parseJson(this.#text.slice(start, this.#valueEnd(place)));
  }

  /** Goes to the comma or bracket that ends the value which begins here, or to the end of the text. */
  #valueEnd(place: string): number {
    const text = this.#text;
    const { maxCharacters, maxValues, maxDepth } = QUESTION_LIMITS;
    const limit = this.#at + maxCharacters;
    let depth = 0;
    let values = 1;
    let i = this.#at;
    for (; i < text.length; i++) {
      if (i > limit) throw tooLarge(place, `longer than ${maxCharacters} characters`);
      const code = text.charCodeAt(i);
      if (code === QUOTE) i = this.#stringEnd(i, limit) - 1;
      else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
        depth += 1;
        values += 1;
      } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
        if (depth === 0) break;
        depth -= 1;
      } else if (code === COMMA) {
        if (depth === 0) break;
        values += 1;
      }
      if (depth > maxDepth) throw tooLarge(place, `nested deeper than ${maxDepth} levels`);
      if (values > maxValues) throw tooLarge(place, `longer than ${maxValues} values`);
    }
    this.#at = i;
    return i;
  }

  /** The position after the string that begins at `start`; at most a little beyond `limit`. */
  #stringEnd(start: number, limit = start + QUESTION_LIMITS.maxCharacters): number {
    const text = this.#text;
    for (let i = start + 1; i < text.length && i <= limit; i++) {
      const code = text.charCodeAt(i);
      if (code === QUOTE) return i + 1;
      if (code === BACKSLASH) i++;
    }
    if (text.length > limit) return limit + 2;
    throw new NotJson();
  }

  #skipBlanks(): void {
    BLANKS.lastIndex = this.#at;
    BLANKS.test(this.#text);
    this.#at = BLANKS.lastIndex;
  }

  #code(): number {
    return this.#text.charCodeAt(this.#at);
  }
}

/** `JSON.parse` for one piece of a document. @throws NotJson */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new NotJson(undefined, { cause });
  }
}

function tooLarge(place: string, what: string): JamError {
  return refused(`${place}: a question cannot be ${what}`);
}

function refused(message: string): JamError {
  return new JamError("JAM_USAGE_INVALID", message, {
    hint: "docs/reference/which.md lists the forms of a question and its limits.",
    details: { problems: [message] },
  });
}

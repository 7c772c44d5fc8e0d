const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
  '"': '\\"',
};

const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;
const LONE_SURROGATE = /^[\ud800-\udfff]$/u;

/**
 * The text in double quotes as Go's `%q` prints it, so that our messages equal Juju's.
 * Source: Go strconv.Quote.
 */
export function quoteGo(text: string): string {
  return `"${Array.from(text, escapeRune).join("")}"`;
}

function escapeRune(rune: string): string {
  const short = SHORT_ESCAPES[rune];
  if (short !== undefined) return short;
  if (LONE_SURROGATE.test(rune)) return "\\ufffd";
  if (PRINTABLE.test(rune)) return rune;
  const code = rune.codePointAt(0) ?? 0;
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code < 0x1_0000
    ? `\\u${code.toString(16).padStart(4, "0")}`
    : `\\U${code.toString(16).padStart(8, "0")}`;
}

const INTEGER = /^[+-]?[0-9]+$/;
const INT64_MAX = 2n ** 63n - 1n;

/** The result of Go's Atoi: the number, or the text of its error. */
export type AtoiResult = { readonly value: number } | { readonly error: string };

/** Reads a decimal integer as Go does: a sign is allowed, blanks are not. Source: Go strconv.Atoi. */
export function atoiGo(text: string): AtoiResult {
  const parsing = `strconv.Atoi: parsing ${quoteGo(text)}`;
  if (!INTEGER.test(text)) return { error: `${parsing}: invalid syntax` };
  const value = BigInt(text.replace(/^\+/, ""));
  if (value > INT64_MAX || value < -INT64_MAX - 1n) return { error: `${parsing}: value out of range` };
  return { value: Number(value) };
}

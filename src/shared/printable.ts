const UNPRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;
const EACH_UNPRINTABLE = new RegExp(UNPRINTABLE, "gu");
/** With the colours of util.styleText as wholes. */
const COLOUR_OR_UNPRINTABLE = new RegExp(String.raw`\x1b\[\d{1,2}m|${UNPRINTABLE.source}`, "gu");
const PLAIN_LINES = /^[\n\x20-\x7e]*$/;

/**
 * Text from outside as it may appear in a message, a log or a terminal: control characters, line breaks,
 * direction marks and the like are shown as `\u{1b}`; longer than `maxCharacters` it is cut and ends in `…`.
 */
export function printable(text: string, maxCharacters = 200): string {
  const cut = text.length > maxCharacters ? `${text.slice(0, maxCharacters).toWellFormed()}…` : text;
  return cut.replaceAll(EACH_UNPRINTABLE, showRune);
}

/**
 * A rendered text with what does not print escaped, other than line feeds and, where it `hasColours`, colours.
 * The last guard before a terminal, not the first: it cannot tell a line feed that a name brought in from one that
 * ends a line.
 */
export function printableLines(text: string, hasColours = false): string {
  return hasColours
    ? text.replaceAll(COLOUR_OR_UNPRINTABLE, (found) =>
        found === "\n" || found.endsWith("m") ? found : showRune(found),
      )
    : escapeLines(text, showRune);
}

/** A text of several lines with `escape` applied to what does not print; line feeds stay. */
export function escapeLines(text: string, escape: (rune: string) => string): string {
  if (PLAIN_LINES.test(text)) return text;
  return text.replaceAll(EACH_UNPRINTABLE, (rune) => (rune === "\n" ? rune : escape(rune)));
}

/**
 * True when `text` contains what `printable` has to escape: control characters, line breaks, direction marks,
 * invisible characters, half surrogates. No name of Juju's contains any.
 */
export function hasUnprintable(text: string): boolean {
  return UNPRINTABLE.test(text);
}

function showRune(rune: string): string {
  return `\\u{${(rune.codePointAt(0) ?? 0).toString(16)}}`;
}

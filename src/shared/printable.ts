const UNPRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;
const EACH_UNPRINTABLE = new RegExp(UNPRINTABLE, "gu");

/**
 * Text from outside as it may appear in a message, a log or a terminal: control characters, line breaks,
 * direction marks and the like are shown as `\u{1b}`; longer than `maxCharacters` it is cut and ends in `…`.
 */
export function printable(text: string, maxCharacters = 200): string {
  const cut = text.length > maxCharacters ? `${text.slice(0, maxCharacters).toWellFormed()}…` : text;
  return cut.replaceAll(EACH_UNPRINTABLE, (rune) => `\\u{${(rune.codePointAt(0) ?? 0).toString(16)}}`);
}

/**
 * True when `text` contains what `printable` has to escape: control characters, line breaks, direction marks,
 * invisible characters, half surrogates. No name of Juju's contains any.
 */
export function hasUnprintable(text: string): boolean {
  return UNPRINTABLE.test(text);
}

const UNPRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;

/**
 * Text from outside as it may appear in a message, a log or a terminal: control characters, line breaks,
 * direction marks and the like are shown as `\u{1b}`; longer than `maxCharacters` it is cut and ends in `…`.
 */
export function printable(text: string, maxCharacters = 200): string {
  const cut = text.length > maxCharacters ? `${text.slice(0, maxCharacters).toWellFormed()}…` : text;
  return cut.replaceAll(UNPRINTABLE, (rune) => `\\u{${(rune.codePointAt(0) ?? 0).toString(16)}}`);
}

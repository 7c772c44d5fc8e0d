import { printable } from "../../shared/printable.ts";

/** Lines of at most `width` characters, broken at blanks, each with the indent in front. */
export function wrapText(text: string, indent: string, width = 96): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent.length + line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => indent + each);
}

/** So many names are printed before the rest becomes a number. */
const MAX_NAMES = 12;

/** Names in one line, the first dozen of many; `omitted` more are not among them. */
export function shortenNames(names: readonly string[], omitted = 0): string {
  const shown = names.slice(0, MAX_NAMES).map((name) => printable(name));
  const more = names.length - shown.length + omitted;
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ");
}

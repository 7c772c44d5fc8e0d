/** Names as no administrator gives them and every attacker tries. */
import { hasUnprintable } from "../../src/shared/printable.ts";
import { fc } from "./property.ts";

const SHELL = [
  ...Array.from("$`'\"\\;|&<>(){}[]*?!~#=%^-.: @+,"),
  "$(id)",
  "`id`",
  "${IFS}",
  "$HOME",
  "a=$b",
  "$'",
  "'\\''",
  "--",
  "-m",
  "&& id",
  "> x",
  "# x",
];
const LETTERS = ["a", "b7", "ß", "名", "עב", "e\u0301", "😀", "$&", "$1", "|", "](x)", "<b>", "!["];
const HIDDEN = [
  ...Array.from(
    "\n\r\t\v\u{1b}\u{7f}\u{85}\u{9b}\u{a0}\u{ad}\u{61c}\u{200b}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202e}\u{2066}\u{2069}\u{feff}",
  ),
  "\u{e0041}",
  "\ud800",
  "\n# ",
  "\nid\n",
  "\u{1b}[2J",
  "\u{1b}]0;x\u{7}",
  "\r\n",
];

const of = (pieces: readonly string[]) =>
  fc
    .array(fc.oneof(fc.constantFrom(...pieces), fc.constantFrom(...LETTERS)), { minLength: 1, maxLength: 6 })
    .map((parts) => parts.join(""));

/** Characters of shells, Markdown and HTML, and any that print; no `/`, which parts names and paths. */
export const printableNames = fc.oneof(
  { weight: 4, arbitrary: of(SHELL) },
  {
    weight: 1,
    arbitrary: fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 12 })
      .map((name) => name.replaceAll("/", "_"))
      .filter((name) => !hasUnprintable(name)),
  },
);

/** Also with what does not print: control characters, line breaks, direction marks, half surrogates. */
export const hostileNames = fc.oneof(printableNames, of([...SHELL, ...HIDDEN]));

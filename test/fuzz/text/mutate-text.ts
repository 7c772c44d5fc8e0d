import type { Random } from "../../helpers/random.ts";

/** What makes readers of text stumble. */
const TOKENS: readonly string[] = [
  "\0",
  "\r",
  "\r\n",
  "\n",
  "\t",
  " ",
  "\u{feff}",
  "\u{85}",
  "\u{a0}",
  "\u{2028}",
  "\u{202e}",
  "\u{200d}",
  "\u{d800}",
  "\u{dfff}",
  "\u{1f600}",
  "e\u{301}",
  "\u{1b}[31m",
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  '"',
  "'",
  "\\",
  "\\u",
  "- ",
  "-----",
  "-----BEGIN PGP SIGNED MESSAGE-----",
  "-----BEGIN PGP SIGNATURE-----",
  "-----END PGP SIGNATURE-----",
  "Hash: SHA512",
  "---",
  "...",
  "&a ",
  "*a",
  "<<: *a",
  "!!binary ",
  "!!js/function ",
  "|\n",
  ">\n",
  "? ",
  "# ",
  "%TAG ! x\n",
  "__proto__",
  "null",
  "true",
  "~",
  "1e999",
  ".inf",
  "0o17",
  "2001-01-01",
  "999999999999999999999",
  "||",
  ">=",
  "x".repeat(300),
];

type Mutation = (text: string, random: Random, most: number) => string;

const replaceOne: Mutation = (text, random) => {
  const at = random.below(text.length);
  return (
    text.slice(0, at) +
    String.fromCharCode(random.below(random.chance(0.9) ? 128 : 65_536)) +
    text.slice(at + 1)
  );
};

const insertToken: Mutation = (text, random) => {
  const at = random.below(text.length + 1);
  return text.slice(0, at) + random.pick(TOKENS) + text.slice(at);
};

const deleteSome: Mutation = (text, random) => {
  const at = random.below(text.length);
  return text.slice(0, at) + text.slice(at + 1 + random.below(random.pick([1, 4, 40, text.length])));
};

const copySome: Mutation = (text, random) => {
  const [from, to] = [random.below(text.length), random.below(text.length + 1)];
  const piece = text.slice(from, from + 1 + random.below(random.pick([4, 40, 400])));
  return text.slice(0, to) + piece + text.slice(to);
};

/** The same piece again and again: what costs more than it is long shows here. */
const repeatSome: Mutation = (text, random, most) => {
  const at = random.below(text.length);
  const piece = text.slice(at, at + 1 + random.below(random.pick([1, 3, 30])));
  const count = 1 + random.below(Math.max(2, most / piece.length));
  return text.slice(0, at) + piece.repeat(count) + text.slice(at);
};

const repeatToken: Mutation = (text, random, most) => {
  const at = random.below(text.length + 1);
  const token = random.pick(TOKENS);
  return (
    text.slice(0, at) + token.repeat(1 + random.below(Math.max(2, most / token.length))) + text.slice(at)
  );
};

const cutOff: Mutation = (text, random) =>
  random.chance(0.5) ? text.slice(0, random.below(text.length)) : text.slice(random.below(text.length));

const changeLines: Mutation = (text, random) => {
  const lines = text.split("\n");
  const [at, to] = [random.below(lines.length), random.below(lines.length)];
  const line = lines[at] as string;
  switch (random.below(5)) {
    case 0:
      return lines.toSpliced(at, 1).join("\n");
    case 1:
      return lines.toSpliced(to, 0, line).join("\n");
    case 2:
      return lines.with(at, `${" ".repeat(random.below(8))}${line}`).join("\n");
    case 3:
      return lines.with(at, line.trimStart()).join("\n");
    default:
      return lines
        .with(at, lines[to] as string)
        .with(to, line)
        .join("\n");
  }
};

const changeEnds: Mutation = (text, random) =>
  text.replaceAll("\n", random.pick(["\r\n", "\r", "\n\n", " \n", "\t\n"]));

const upsideDown: Mutation = (text, random) =>
  random.chance(0.5) ? text.toUpperCase() : text.split("\n").toReversed().join("\n");

const MUTATIONS: readonly Mutation[] = [
  replaceOne,
  replaceOne,
  insertToken,
  insertToken,
  insertToken,
  deleteSome,
  deleteSome,
  copySome,
  copySome,
  repeatSome,
  repeatToken,
  cutOff,
  changeLines,
  changeLines,
  changeEnds,
  upsideDown,
];

/** The text with one to three changes; each adds `most` characters at the most, or doubles it. */
export function mutateText(text: string, random: Random, most: number): string {
  let mutant = text;
  for (let left = random.pick([1, 1, 1, 2, 3]); left > 0 && mutant !== ""; left -= 1)
    mutant = random.pick(MUTATIONS)(mutant, random, most);
  return mutant;
}

/** The beginning of one text and the end of another. */
export function splice(one: string, other: string, random: Random): string {
  return one.slice(0, random.below(one.length + 1)) + other.slice(random.below(other.length + 1));
}

/** Columns that are narrower than this cannot be read. */
const MIN_COLUMN = 8;

/** A column is not made narrower than this while another one can be. */
const GOOD_COLUMN = 12;

/** Blanks between two columns. */
const GAP = 2;

/**
 * The widths that columns get in a line of `width`: as few columns as possible are made narrower, the widest ones, so that
 * ids and times stay whole. Where all would be too narrow to read, all keep their width.
 */
export function fitWidths(natural: readonly number[], width: number): readonly number[] {
  const available = width - GAP * Math.max(0, natural.length - 1);
  if (sumOf(natural) <= available) return natural;
  const widestFirst = natural.map((_, index) => index).sort((a, b) => (natural[b] ?? 0) - (natural[a] ?? 0));
  for (const least of [GOOD_COLUMN, MIN_COLUMN]) {
    for (let count = 1; count <= natural.length; count++) {
      const narrowed = widestFirst.slice(0, count);
      const others = sumOf(natural.filter((_, index) => !narrowed.includes(index)));
      if (available - others >= count * least) return share(natural, narrowed, available - others);
    }
  }
  return natural;
}

/** The widths when these columns share so much room: none gets more than it needs. */
function share(natural: readonly number[], narrowed: readonly number[], room: number): readonly number[] {
  const widths = [...natural];
  let left = room;
  // From the narrowest on: what it does not use up goes to the wider ones.
  for (const [place, index] of narrowed.toReversed().entries()) {
    const most = Math.floor(left / (narrowed.length - place));
    widths[index] = Math.min(natural[index] ?? 0, most);
    left -= widths[index];
  }
  return widths;
}

function sumOf(widths: readonly number[]): number {
  return widths.reduce((sum, each) => sum + each, 0);
}

/** Rows whose cells fit into these widths: what does not fit is continued in the rows below. */
export function fitRows(
  rows: readonly (readonly string[])[],
  widths: readonly number[],
  widthOf: (text: string) => number,
): readonly (readonly string[])[] {
  return rows.flatMap((row) => {
    if (row.every((cell, index) => widthOf(cell) <= (widths[index] ?? 0))) return [row];
    const parts = row.map((cell, index) => wrapCell(cell, widths[index] ?? Infinity, widthOf));
    const height = Math.max(...parts.map(({ length }) => length));
    return Array.from({ length: height }, (_, line) => parts.map((part) => part[line] ?? ""));
  });
}

/** A cell as lines of at most `width`: broken at blanks, else after punctuation, else anywhere. */
function wrapCell(text: string, width: number, widthOf: (text: string) => number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").flatMap((each, index) => partsOf(each, index > 0, { width, widthOf }))) {
    if (line === "" || widthOf(line + word) <= width) line += word;
    else {
      lines.push(line.trimEnd());
      line = word.trimStart();
    }
  }
  return [...lines, line].filter((each, index) => each !== "" || index === 0);
}

/** A word with the blank in front of it, in parts that fit. */
function partsOf(
  word: string,
  isLater: boolean,
  { width, widthOf }: { readonly width: number; readonly widthOf: (text: string) => number },
): readonly string[] {
  const blank = isLater ? " " : "";
  if (widthOf(word) <= width) return [blank + word];
  const pieces = word.split(/(?<=[/,;:=&?_.-])/).flatMap((piece) => cut(piece, width, widthOf));
  return [blank + (pieces[0] ?? ""), ...pieces.slice(1)];
}

function cut(piece: string, width: number, widthOf: (text: string) => number): readonly string[] {
  if (widthOf(piece) <= width) return [piece];
  const parts: string[] = [];
  let part = "";
  for (const rune of piece) {
    if (part !== "" && widthOf(part + rune) > width) {
      parts.push(part);
      part = "";
    }
    part += rune;
  }
  return [...parts, part];
}

/** Programs whose command lines jam prints: a command that is broken into two lines cannot be pasted. */
const PROGRAMS =
  "jam|npx jam|juju|snap (?:ack|download|info|install|refresh)|apt(?:-get)? (?:download|install|update)|dpkg|curl|gpg|cp|mv|rm|cat|touch|install -|systemctl|docker|skopeo|oras|ssh|kubectl|lxc|tar|mkdir|chown|chmod|useradd|crontab|sha256sum|watch|npm|node|nginx";

/** A command or flags for one, at the beginning of a line or after its label. */
const COMMAND = new RegExp(
  String.raw`^(?:\s*|.*\S {2,})(?:[#$] |for \w+ in |--[\w-]+[ =](?:\S*=|\./)(?!\S+ {3,}\S)|(?:[A-Z_]+=\S* )*(?:sudo (?:-\w+(?: \w+)? )?|runuser (?:-\w+ \w+ )*)?\(?(?:${PROGRAMS})\b(?! ?[,:.](?:\s|$)))`,
);

/** A command that continues on the next line. */
const CONTINUES = / \\$/;

// eslint-disable-next-line no-control-regex -- the colours of `createPaint`
const COLOUR = /\u001B\[[\d;]*m/g;

/**
 * Text for a terminal of so many columns: longer lines are broken at blanks, and go on below the text of the line, after
 * its label. Commands stay whole: on lines of their own, after a label, over several lines and between backquotes.
 */
export function fitLines(text: string, width: number): string {
  if (width === Infinity) return text;
  const lines = text.split("\n");
  const plain = lines.map((line) => line.replaceAll(COLOUR, ""));
  return lines
    .flatMap((line, index) => {
      const own = plain[index] ?? "";
      const isCommand = COMMAND.test(own) || CONTINUES.test(own) || CONTINUES.test(plain[index - 1] ?? "");
      return own.length <= width || isCommand ? [line] : fitLine(line, width);
    })
    .join("\n");
}

function fitLine(line: string, width: number): readonly string[] {
  const plain = line.replaceAll(COLOUR, "");
  const own = /^\s*/.exec(plain)?.[0].length ?? 0;
  const label = /^(?:\s*\S+(?: \S+){0,2} {2,}){1,2}(?=\S)/.exec(plain)?.[0].length ?? own;
  const hanging = label <= width / 2 ? label : own;
  const indent = " ".repeat(hanging === own && own > 0 ? own + 2 : hanging);
  const lines: string[] = [];
  let current = "";
  for (const word of line.match(WORD) ?? []) {
    if (current === "" || shownLength(current + word) <= width) current += word;
    else {
      lines.push(current);
      current = indent + word.trimStart();
    }
  }
  return [...lines, current];
}

/** What stays on one line: code between backquotes, a fingerprint, a word. */
const WORD = /\s*(?:`[^`]*`\S*|\b(?:[0-9A-F]{4} ){3,15}[0-9A-F]{4}\b\S*|\S+)/g;

function shownLength(text: string): number {
  return text.replaceAll(COLOUR, "").length;
}

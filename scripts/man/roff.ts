/**
 * Text as man(7) pages have it, for groff and mandoc. Everything written is ASCII, so that no reader has to guess an
 * encoding. Source: groff_man_style(7), groff_char(7), mandoc_char(7).
 */

/** Characters that roff would take for an instruction, or show as another character when it typesets. */
const SPECIAL: Readonly<Record<string, string>> = {
  "\\": String.raw`\(rs`,
  // Every hyphen is a minus: most in these pages are in words that people copy, and a typeset hyphen cannot be pasted.
  "-": String.raw`\-`,
  "'": String.raw`\(aq`,
  '"': String.raw`\(dq`,
  "`": String.raw`\(ga`,
  "^": String.raw`\(ha`,
  "~": String.raw`\(ti`,
};

const LINE_WIDTH = 78;

/** `text` without markup, safe within a line and within a macro's argument. */
export function escapeRoff(text: string): string {
  return text
    .replaceAll(/\s/g, " ")
    .replaceAll(/[\\\-'"`^~]/g, (character) => SPECIAL[character] ?? character)
    .replaceAll(/[^\x20-\x7e]/gu, unicode);
}

function unicode(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x20 || code === 0x7f
    ? ""
    : String.raw`\[u${code.toString(16).toUpperCase().padStart(4, "0")}]`;
}

/** `text` in bold: what is typed as it stands. */
export function bold(text: string): string {
  return String.raw`\fB${escapeRoff(text)}\fR`;
}

/** `text` in italics: what stands for a value. */
export function italic(text: string): string {
  return String.raw`\fI${escapeRoff(text)}\fR`;
}

/** Markdown's \`code\` in bold, the rest as text. */
export function markup(text: string): string {
  const parts = text.split("`");
  // An odd number of backticks is no markup.
  if (parts.length % 2 === 0) return escapeRoff(text);
  return parts.map((part, at) => (at % 2 === 0 ? escapeRoff(part) : bold(part))).join("");
}

/** Flags or an argument in the form of commander: `-n, --dry-run`, `--jobs <n>`, `[file...]`; placeholders in italics. */
export function synopsis(words: string): string {
  return words
    .split(/([<[][^<>[\]]+[>\]])/)
    .map((part) => {
      const placeholder = /^([<[])(.+?)(\.{3})?[>\]]$/.exec(part);
      if (placeholder !== null) {
        const [, bracket, name = "", dots = ""] = placeholder;
        return bracket === "[" ? `[${italic(name)}${dots}]` : `${italic(name)}${dots}`;
      }
      return part.replaceAll(/[^\s,]+/g, bold);
    })
    .join("");
}

/** Filled text: escaped lines of a moderate length, none of which begins like a request. */
export function fill(escaped: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of escaped.split(" ").filter((one) => one !== "")) {
    if (line !== "" && line.length + 1 + word.length > LINE_WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].filter((one) => one !== "").map(protect);
}

/** A line that begins with a dot is a request. Quotes are escaped already. */
function protect(line: string): string {
  return line.startsWith(".") ? String.raw`\&${line}` : line;
}

/** A paragraph. */
export function paragraph(escaped: string): string[] {
  return [".PP", ...fill(escaped)];
}

/** A term and what it means. */
export function item(term: string, meaning: string): string[] {
  const lines = fill(meaning);
  return lines.length === 0 ? [".PP", protect(term)] : [".TP", protect(term), ...lines];
}

/** Lines as they are. */
export function literal(lines: readonly string[]): string[] {
  return [".PP", ".RS 4", ".nf", ...lines.map((line) => protect(escapeRoff(line))), ".fi", ".RE"];
}

/** A section with its lines; nothing when it has none. */
export function section(name: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`.SH ${name}`, ...withoutFirst(".PP", lines)];
}

/** A subsection. */
export function subsection(escaped: string, lines: readonly string[]): string[] {
  return [`.SS ${escaped}`, ...withoutFirst(".PP", lines)];
}

/** A paragraph's macro directly after a heading does nothing, and mandoc says so. */
function withoutFirst(macro: string, lines: readonly string[]): readonly string[] {
  return lines[0] === macro ? lines.slice(1) : lines;
}

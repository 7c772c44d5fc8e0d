import type { HelpBlock } from "./help-text.ts";
import { bold, escapeRoff, fill, item, literal, markup, paragraph, section } from "./roff.ts";

/** One manual page. */
export interface ManPage {
  /** `jam-sync.1` */
  readonly name: string;
  readonly text: string;
}

/** What every page has in its first and last line. */
export interface PageFrame {
  /** The version of jam. */
  readonly version: string;
  /** `2026-11-29` */
  readonly date: string;
}

/** What differs from page to page. */
export interface PageParts {
  readonly name: string;
  readonly number: 1 | 5;
  readonly summary: string;
  /** Sections in the customary order, as lines of roff. */
  readonly sections: readonly (readonly [heading: string, lines: readonly string[]])[];
  /** Other pages: `jam.yaml(5)`. */
  readonly seeAlso: readonly string[];
}

/** The page with its title, NAME and SEE ALSO. */
export function formatPage(parts: PageParts, { version, date }: PageFrame): ManPage {
  const { name, number, summary, sections, seeAlso } = parts;
  const title = [name.toUpperCase(), String(number)].map(escapeRoff).join('" "');
  const lines = [
    String.raw`.\" Generated from the declarations of the commands and settings of jam.`,
    // The date is no text: mandoc reads it.
    `.TH "${title}" "${date}" "jam ${escapeRoff(version)}" "Juju Agent Mirror"`,
    // No hyphenation and a ragged right margin: words stay as they can be copied.
    ".nh",
    ".ad l",
    ...section("NAME", fill(String.raw`${escapeRoff(name)} \- ${escapeRoff(summary)}`)),
    ...sections.flatMap(([heading, body]) => section(heading, body)),
    ...section("SEE ALSO", paragraph(seeAlso.map(reference).join(", "))),
  ];
  return { name: `${name}.${number}`, text: `${lines.join("\n")}\n` };
}

/** `jam.yaml(5)` with the name in bold. */
export function reference(page: string): string {
  const [, name = page, number = ""] = /^(.+)(\(\d\))$/.exec(page) ?? [];
  return `${bold(name)}${number}`;
}

/** Blocks of a help text as roff. */
export function formatBlocks(blocks: readonly HelpBlock[]): string[] {
  return blocks.flatMap((block) => {
    if (block.kind === "text") return paragraph(markup(block.text));
    if (block.kind === "literal") return literal(block.lines);
    return block.items.flatMap(([term, meaning]) => item(bold(term), markup(meaning)));
  });
}

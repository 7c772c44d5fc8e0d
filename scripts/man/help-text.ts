/** The free text at the end of a command's help, taken apart for a manual page. */

/** A run of lines of one form. */
export type HelpBlock =
  | { readonly kind: "text"; readonly text: string }
  /** Indented lines, each with a meaning in a second column, or without. */
  | { readonly kind: "items"; readonly items: readonly (readonly [term: string, meaning: string])[] }
  | { readonly kind: "literal"; readonly lines: readonly string[] };

/** The blocks by the section that they belong to. */
export interface HelpSections {
  readonly description: readonly HelpBlock[];
  readonly exitStatus: readonly HelpBlock[];
  readonly examples: readonly HelpBlock[];
}

const EXAMPLES = /^Examples?:$/;
const EXIT_STATUS = /^Exit status: /;

/** Takes the text after the options of a help apart. */
export function parseHelpText(text: string): HelpSections {
  const sections = {
    description: [] as HelpBlock[],
    exitStatus: [] as HelpBlock[],
    examples: [] as HelpBlock[],
  };
  for (const lines of text
    .split(/\n\s*\n/)
    .map((part) => part.split("\n").filter((line) => line.trim() !== ""))) {
    const [first = ""] = lines;
    if (EXAMPLES.test(first)) sections.examples.push(...parseExamples(lines.slice(1)));
    else if (EXIT_STATUS.test(first)) {
      const rest = first.replace(EXIT_STATUS, "");
      sections.exitStatus.push(
        ...parseBlocks([`${rest.charAt(0).toUpperCase()}${rest.slice(1)}`, ...lines.slice(1)]),
      );
    } else sections.description.push(...parseBlocks(lines));
  }
  return sections;
}

function parseBlocks(lines: readonly string[]): HelpBlock[] {
  const blocks: HelpBlock[] = [];
  for (const run of runsOf(lines)) {
    if (!isIndented(run[0] ?? "")) blocks.push({ kind: "text", text: run.join(" ") });
    else if (run.some((line) => columnsOf(line)[1] !== ""))
      blocks.push({ kind: "items", items: run.map(columnsOf) });
    else blocks.push({ kind: "literal", lines: run.map((line) => line.trim()) });
  }
  return blocks;
}

/** Examples are commands, each with a remark or without. */
function parseExamples(lines: readonly string[]): HelpBlock[] {
  return lines.length === 0 ? [] : [{ kind: "items", items: lines.map(columnsOf) }];
}

/** Lines that follow each other and are all indented, or all not. */
function runsOf(lines: readonly string[]): string[][] {
  const runs: string[][] = [];
  for (const line of lines) {
    const last = runs.at(-1);
    if (last !== undefined && isIndented(last[0] ?? "") === isIndented(line)) last.push(line);
    else runs.push([line]);
  }
  return runs;
}

function isIndented(line: string): boolean {
  return line.startsWith(" ");
}

/** Two blanks or more stand between the columns. */
function columnsOf(line: string): readonly [string, string] {
  const [, term = line.trim(), meaning = ""] = /^\s*(\S.*?) {2,}(\S.*)$/.exec(line) ?? [];
  return [term, meaning.replace(/^# /, "")];
}

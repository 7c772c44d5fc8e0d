import { fitLines } from "./fit.ts";
import { wrapText } from "./text.ts";

/** Longer lines of prose are harder to read. */
const MAX_PROSE = 100;

/**
 * Help for a terminal of so many columns: paragraphs are wrapped again; indented lines, lists and columns stay as they
 * are, and go on in the next line where they are too long.
 */
export function reflow(text: string, width: number): string {
  if (width === Infinity) return text;
  const lines: string[] = [];
  let paragraph: string[] = [];
  const endParagraph = () => {
    if (paragraph.length > 0) lines.push(...wrapText(paragraph.join(" "), "", Math.min(width, MAX_PROSE)));
    paragraph = [];
  };
  for (const line of text.split("\n")) {
    if (isProse(line)) paragraph.push(line);
    else {
      endParagraph();
      lines.push(line);
    }
  }
  endParagraph();
  return fitLines(lines.join("\n"), width);
}

function isProse(line: string): boolean {
  return /^[^\s-]/.test(line) && !/\S {2,}\S/.test(line);
}

import { expect, test } from "vitest";
import { reflow } from "../../../src/cli/output/reflow.ts";

const HELP = `Usage: jam thing [options]

Options:
  --one <value>  an option whose description takes more than one line
  -h, --help     show help

The first sentence of a paragraph, broken in the source:
somewhere else than where the terminal ends.

Examples:
  jam thing --one A --two B   # what this command does in the end
0  done
`;

test("paragraphs are wrapped again; options stay below their text, and commands and lists on their lines", () => {
  expect(reflow(HELP, 40)).toBe(`Usage: jam thing [options]

Options:
  --one <value>  an option whose
                 description takes more
                 than one line
  -h, --help     show help

The first sentence of a paragraph,
broken in the source: somewhere else
than where the terminal ends.

Examples:
  jam thing --one A --two B   # what this command does in the end
0  done
`);
});

test("prose is not wider than can be read, and without a terminal nothing changes", () => {
  const sentence = "word ".repeat(60).trim();
  expect(
    Math.max(
      ...reflow(sentence, 200)
        .split("\n")
        .map(({ length }) => length),
    ),
  ).toBeLessThanOrEqual(100);
  expect(reflow(HELP, Infinity)).toBe(HELP);
});

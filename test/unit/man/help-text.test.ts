import { expect, test } from "vitest";
import { parseHelpText } from "../../../scripts/man/help-text.ts";

test("sorts the text of a help into description, exit status and examples", () => {
  const text = `
One line
and its end.

States:
  old    not new
  alone
  gpg --verify x

Exit status: 0 if all is well,
else 3.

Examples:
  jam sync
  jam sync --quiet     for cron
`;
  expect(parseHelpText(text)).toEqual({
    description: [
      { kind: "text", text: "One line and its end." },
      { kind: "text", text: "States:" },
      {
        kind: "items",
        items: [
          ["old", "not new"],
          ["alone", ""],
          ["gpg --verify x", ""],
        ],
      },
    ],
    exitStatus: [{ kind: "text", text: "0 if all is well, else 3." }],
    examples: [
      {
        kind: "items",
        items: [
          ["jam sync", ""],
          ["jam sync --quiet", "for cron"],
        ],
      },
    ],
  });
});

test("keeps indented lines without a second column as they are", () => {
  expect(parseHelpText("Then:\n  gpg --verify a b && sha256sum -c b\nText again").description).toEqual([
    { kind: "text", text: "Then:" },
    { kind: "literal", lines: ["gpg --verify a b && sha256sum -c b"] },
    { kind: "text", text: "Text again" },
  ]);
});

test.for(["", "\n\n", "Examples:"])("finds nothing in %j", (text) => {
  expect(parseHelpText(text)).toEqual({ description: [], exitStatus: [], examples: [] });
});

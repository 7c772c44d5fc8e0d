import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { CHECKS, FINDING_KINDS } from "../../../src/doctor/finding-kinds.ts";
import { JUJU_MESSAGES } from "../../../src/doctor/juju/messages.ts";

const PAGE = await readFile(new URL("../../../docs/reference/doctor.md", import.meta.url), "utf8");

/** Cells of the rows between a heading and the next one. */
function rowsOf(heading: string): string[][] {
  const [, section = ""] = PAGE.split(`\n## ${heading}\n`);
  const [own = ""] = section.split("\n## ");
  return own
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) =>
      line
        .slice(2, -2)
        .split(" | ")
        .map((cell) => cell.replaceAll(String.raw`\|`, "|")),
    );
}

test("the page lists exactly the kinds that exist", () => {
  const kinds = Object.entries(FINDING_KINDS).map(([kind, { check, severity, means, next }]) => [
    `\`${kind}\``,
    check,
    severity,
    means,
    next,
  ]);
  expect(rowsOf("Kinds")).toEqual(kinds);
});

test("the page lists exactly the checks that exist", () => {
  expect(rowsOf("Checks")).toEqual(Object.entries(CHECKS).map(([id, what]) => [`\`${id}\``, what]));
});

test("the page lists exactly the messages that are known", () => {
  const messages = JUJU_MESSAGES.map(({ text, kind, source, versions }) => [
    `\`${text}\``,
    kind,
    source,
    versions,
  ]);
  expect(rowsOf("Messages of Juju")).toEqual(messages);
});

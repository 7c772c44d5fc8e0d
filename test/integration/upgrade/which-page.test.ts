import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { GENERATIONS } from "../../../src/juju/decisions/generation.ts";
import { DECISIONS, WARNING_CODES } from "../../../src/upgrade/which/which-answer.ts";
import { WHICH_PARAMETERS } from "../../../src/upgrade/which/parameters.ts";
import { QUESTION_SCHEMAS } from "../../../src/upgrade/which/question-schema.ts";
import { parseQuestions } from "../../../src/upgrade/which/question-document.ts";
import { parseConfig } from "../../../src/config/parse-file.ts";

const text = await readFile(resolve(import.meta.dirname, "../../../docs/reference/which.md"), "utf8");

test("docs/reference/which.md names every parameter, field, decision, warning and generation", () => {
  const names = [
    ...WHICH_PARAMETERS.map(({ name }) => name),
    ...Object.values(QUESTION_SCHEMAS).flatMap(({ shape }) => Object.keys(shape)),
    ...DECISIONS,
    ...WARNING_CODES,
    ...GENERATIONS,
  ];
  // `id` stands in the sample alone.
  expect(names.filter((name) => name !== "id" && !text.includes(`\`${name}\``))).toEqual([]);
});

test("its samples are read as they stand", () => {
  const json = /```json\n([^]*?)```/.exec(text)?.[1] ?? "";
  expect(parseQuestions(json, "the sample").map(({ kind }) => kind)).toEqual([
    "upgrade",
    "bootstrap",
    "migrate",
  ]);
  const yaml = /```yaml\n([^]*?)```/.exec(text)?.[1] ?? "";
  expect(parseConfig({ file: "which.md", text: yaml, environment: [] }).advice?.length).toBe(2);
});

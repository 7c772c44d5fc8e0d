import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { DEFAULTS } from "../../../src/config/defaults.ts";
import { configKeys, formatConfigReference } from "../../../src/config/reference.ts";
import { parseConfig } from "../../../src/config/parse-file.ts";
import { HELP_TOPICS } from "../../../src/cli/help-topics.ts";
import { ENVIRONMENT_SETTINGS } from "../../../src/config/environment.ts";
import { ERROR_OUTCOMES } from "../../../src/shared/errors.ts";

const text = await readFile(resolve(import.meta.dirname, "../../../docs/reference/config.md"), "utf8");
const samples = [...text.matchAll(/```yaml\n([^]*?)```/g)].map((match) => match[1] ?? "");

test("docs/reference/config.md holds the table of every key, as `jam config schema --markdown` prints it", () => {
  expect(text).toContain(formatConfigReference());
  expect(configKeys().filter((key) => !text.includes(`\`${key}\``))).toEqual([]);
});

test("its first sample is the built-in settings, its others are valid", () => {
  expect(parse(samples[0] ?? "")).toEqual(DEFAULTS);
  expect(samples.length).toBeGreaterThan(1);
  for (const sample of samples) parseConfig({ file: "config.md", text: sample, environment: [] });
});

test("the help names every variable", () => {
  const help = HELP_TOPICS["environment"];
  expect(ENVIRONMENT_SETTINGS.filter(({ variable }) => help?.includes(variable) !== true)).toEqual([]);
});

test("the help explains every exit status that an error can have", () => {
  const help = HELP_TOPICS["exit-codes"] ?? "";
  const explained = new Set([...help.matchAll(/^ +(\d+) {2}/gm)].map((match) => Number(match[1])));
  const used = Object.values(ERROR_OUTCOMES).map(({ exit }) => exit);
  expect([...new Set(used)].filter((exit) => !explained.has(exit))).toEqual([]);
});

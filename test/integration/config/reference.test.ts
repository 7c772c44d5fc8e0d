import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { DEFAULTS, SETTING_LIST, settingVariable } from "../../../src/config/settings.ts";
import { configKeys, formatConfigReference } from "../../../src/config/describe.ts";
import { parseConfig } from "../../../src/config/parse-file.ts";
import { HELP_TOPICS } from "../../../src/cli/help-topics.ts";

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
  const variables = SETTING_LIST.map(([key]) => settingVariable(key));
  expect(variables.filter((variable) => help?.includes(variable) !== true)).toEqual([]);
});

import { expect, test } from "vitest";
import {
  generationOf,
  isGeneration,
  bootstrapGenerationOf,
  migrationGenerationOf,
} from "../../../../src/juju/decisions/generation.ts";
import { parseVersion } from "../../../../src/juju/version.ts";

test.for([
  ["1.25.14", "1.25"],
  ["2.0-rc1", "2.0-2.1"],
  ["2.1.3", "2.0-2.1"],
  ["2.2.9", "2.0-2.1"],
  ["2.3.0", "2.3"],
  ["2.4-beta1", "2.4-2.5"],
  ["2.5.8", "2.4-2.5"],
  ["2.6.0", "2.7-2.8.6"],
  ["2.8.6", "2.7-2.8.6"],
  ["2.8.7", "2.8.10-2.8.13"],
  ["2.8.13", "2.8.10-2.8.13"],
  ["2.9-rc7", "2.9.0-2.9.31"],
  ["2.9.31", "2.9.0-2.9.31"],
  ["2.9.32", "2.9.32"],
  ["2.9.33", "2.9.33+"],
  ["2.9.61", "2.9.33+"],
  ["3.0-beta1", "3.0"],
  ["3.0.3", "3.0"],
  ["3.1.0", "3.1-3.2"],
  ["3.3.3", "3.1-3.2"],
  ["3.3.4", "3.3.4-3.6.21"],
  ["3.4.0", "3.1-3.2"],
  ["3.4.1", "3.3.4-3.6.21"],
  ["3.6-rc1", "3.3.4-3.6.21"],
  ["3.6.21", "3.3.4-3.6.21"],
  ["3.6.22", "3.3.4-3.6.21"],
  ["3.6.23", "3.6.23+"],
  ["4.0-beta1", "4.0"],
  ["4.0.15", "4.0"],
  ["4.1.0", "4.0"],
])("a client and controller of %s decide by the rules of %s", ([version, generation]) => {
  expect(generationOf(parseVersion(version as string))).toBe(generation);
});

test.for([
  ["2.9.32", "2.9.31", "2.9.0-2.9.31", "an old client decides itself"],
  ["2.9.40", "2.9.31", "2.9.0-2.9.31", "even where the controller could"],
  ["2.8.13", "2.9.49", "2.9.32", "a newer client keeps the old rules for an old controller"],
  ["2.9.32", "3.6.9", "2.9.32", "whatever its major"],
  ["2.9.49", "3.6.9", "2.9.33+", "from 2.9.33 the controller decides"],
  ["3.1.5", "3.6.27", "3.1-3.2", "also between 3.x releases"],
  ["3.6.23", "2.9.10", "3.6.23+", "an old client cannot decide for 3.x"],
] as const)("a controller of %s asked by %s follows %s: %s", ([controller, client, generation]) => {
  expect(generationOf(parseVersion(controller), parseVersion(client))).toBe(generation);
});

test("a generation is one of the fourteen names", () => {
  expect(["3.6.23+", "3.6", ""].map(isGeneration)).toEqual([true, false, false]);
});

test.for([
  ["1.25.3", "1.25"],
  ["2.2.9", "2.0-2.2"],
  ["2.7.8", "2.3-2.8"],
  ["2.8.13", "2.8"],
  ["2.9.0", "2.9"],
  ["3.1.0", "3.6"],
  ["4.1.0", "4.0"],
])("a client of %s bootstraps by the rules of %s", ([client, generation]) => {
  expect(bootstrapGenerationOf(parseVersion(client as string))).toBe(generation);
});

test.for([
  ["2.1.0", "2.3"],
  ["2.8.6", "2.3"],
  ["2.8.9", "2.8.10"],
  ["2.9.32", "2.9.0-2.9.32"],
  ["2.9.33", "2.9.61"],
  ["3.1.2", "3.1"],
  ["3.2.0", "3.5"],
  ["3.6.0", "3.6"],
  ["4.1.0", "4.0"],
])("a target controller of %s accepts models by the rules of %s", ([target, generation]) => {
  expect(migrationGenerationOf(parseVersion(target as string))).toBe(generation);
});

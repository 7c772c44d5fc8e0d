import { expect, test } from "vitest";
import { fc, test as property } from "../../helpers/property.ts";
import { canonicalJson } from "../../../src/shared/canonical-json.ts";

/** The definition, as slow as it is short. */
function defined(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(defined).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  const fields = value as Record<string, unknown>;
  return `{${keys.map((key) => `${JSON.stringify(key)}:${defined(fields[key])}`).join(",")}}`;
}

property.prop([fc.jsonValue()])("has the keys of every object in ascending order", (value) => {
  expect(canonicalJson(value)).toBe(defined(value));
});

test.each([
  ["keys that are numbers", { 9: 1, 10: 2, a: 3 }],
  ["a key that is a prototype", JSON.parse('{"b":1,"__proto__":{"d":1,"c":2}}')],
  [
    "more keys than fields have names",
    Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`k${at}`, at])),
  ],
  ["objects in lists in objects", { z: [{ b: [{ d: 1, c: null }], a: "ä" }], y: [] }],
])("orders %s", (_what, value) => {
  expect(canonicalJson(value)).toBe(defined(value));
});

import { expect, test } from "vitest";
import { defined } from "../../../src/shared/collections.ts";

test("omits what is undefined, and keeps every other value that counts as false", () => {
  const value = defined({ a: undefined, b: null, c: 0, d: "", e: false, f: [] });
  expect(Object.keys(value)).toEqual(["b", "c", "d", "e", "f"]);
});

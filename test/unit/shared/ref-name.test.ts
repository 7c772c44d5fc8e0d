import { expect, test } from "vitest";
import { MIRROR_REF, parseRefName } from "../../../src/shared/ref-name.ts";

test.for(["stable", "edge-2", "3.6", "Lab_1"])("%s is a valid name of a ref", (name) => {
  expect(parseRefName(name)).toBe(name);
  expect(parseRefName(MIRROR_REF)).toBe(MIRROR_REF);
});

test.for(["", "..", ".hidden", "a/b", "a~2", "a b", "../x", "x".repeat(101), "a\n"])(
  "%j is refused as the name of a ref",
  (name) => {
    expect(() => parseRefName(name)).toThrow(expect.objectContaining({ code: "JAM_USAGE_INVALID" }));
  },
);

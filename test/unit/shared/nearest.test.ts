import { expect, test } from "vitest";
import { NameJudge, nearest } from "../../../src/shared/nearest.ts";

const NAMES = ["current", "controllerVersion", "client", "arches", "to"];

test.for([
  ["curent", "current"],
  ["CURRENT", "current"],
  ["cleint", "client"],
  ["controlerVersoin", "controllerVersion"],
  ["ot", "to"],
  ["currently-not", undefined],
  ["", undefined],
  ["x", undefined],
] as const)("%s stands for %s", ([word, expected]) => {
  expect(nearest(word, NAMES)).toBe(expected);
});

test("allows no more slips than told", () => {
  expect(nearest("controlerVersoin", NAMES, 2)).toBe("controllerVersion");
  expect(nearest("controlerVersoinn", NAMES, 2)).toBeUndefined();
});

test.for([["a".repeat(2 ** 23)], ["current".repeat(2 ** 20)], ["\u{130}".repeat(2 ** 20)]])(
  "is near to nothing when it is longer than any name could be",
  ([word]) => {
    expect(nearest(word as string, NAMES)).toBeUndefined();
  },
);

test("compares each name once and only so many of them, and counts the others", () => {
  let comparisons = 0;
  const counted = new Proxy(NAMES, {
    get(target, key, receiver) {
      if (key === "filter") comparisons += 1;
      return Reflect.get(target, key, receiver) as unknown;
    },
  });
  const judge = new NameJudge(3);
  expect(judge.near("curent", "upgrade", counted)).toBe("current");
  for (let round = 0; round < 100; round++) {
    for (const name of ["curent", "cliont", "x", "y", "z"]) judge.near(name, "upgrade", counted);
  }
  expect([comparisons, judge.passedOver]).toEqual([3, 2]);
});

test("keeps apart what one word means in two places", () => {
  const judge = new NameJudge(10);
  expect([judge.near("curent", "a", ["current"]), judge.near("curent", "b", ["currant"])]).toEqual([
    "current",
    "currant",
  ]);
});

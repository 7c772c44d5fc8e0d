import { fc, test as property } from "../../../helpers/property.ts";
import { describe, expect, test } from "vitest";
import { isJamError, type JamError } from "../../../../src/shared/errors.ts";
import { parseQuestions, parseQuestionsInSteps } from "../../../../src/upgrade/which/question-document.ts";

function refusal(text: string): JamError {
  try {
    parseQuestions(text, "The text");
  } catch (error) {
    if (isJamError(error)) return error;
    throw error;
  }
  throw new Error("was not refused");
}

const names = (count: number, start = "k") =>
  Array.from({ length: count }, (_, index) => `"${start}${index}":1`).join(",");

describe("bounds the work of one question:", () => {
  test.for([
    ["80 000 fields", `[{"current":"3.6.5",${names(80_000)}}]`, "longer than 10000 values"],
    ["a name of 8 MB", `[{"current":"3.6.5","${"k".repeat(2 ** 23)}":1}]`, "longer than 262144 characters"],
    ["4 million brackets", "[".repeat(2 ** 22), "nested deeper than 32 levels"],
    [
      "a list of a million",
      `[{"current":"3.6.5","available":[${"1,".repeat(2 ** 17)}1]}]`,
      "longer than 10000 values",
    ],
    ["mappings in mappings", `{"x":[${'{"a":'.repeat(2 ** 16)}`, "nested deeper than 32 levels"],
    [
      "a text of 1 MB outside of any list",
      `{"meta":"${"x".repeat(2 ** 20)}"}`,
      "longer than 262144 characters",
    ],
  ] as const)("%s", ([, text, what]) => {
    const { code, message } = refusal(text);
    expect([code, message]).toEqual(["JAM_USAGE_INVALID", expect.stringContaining(`cannot be ${what}`)]);
  });

  test("more versions in a list than any stream has", () => {
    const available = Array.from({ length: 5001 }, (_, index) => `3.6.${index}`);
    expect(refusal(JSON.stringify([{ current: "3.6.5", available }])).message).toContain("[0].available");
  });
});

describe("bounds the work of a document:", () => {
  test("more unknown fields than are compared are refused, and counted", () => {
    const questions = Array.from(
      { length: 150 },
      (_, index) => `{"current":"3.6.5",${names(10, `x${index}y`)}}`,
    );
    expect(refusal(`[${questions.join(",")}]`).details).toEqual({
      problems: ["1000 different unknown fields were compared with the known ones, 500 more were not"],
    });
  });

  test("the same remarks at every question are few names", () => {
    const question = `{"current":"3.6.5",${names(900, "remark-")}}`;
    expect(parseQuestions(`[${Array(50).fill(question).join(",")}]`, "The text")).toHaveLength(50);
  });

  test("only the first problems are listed, and the others counted", () => {
    const { message, details } = refusal(`[{"current":"3.6.5","available":[${"1,".repeat(4000)}1]}]`);
    expect(details).toEqual({ problems: expect.any(Array) as unknown, omitted: { problems: 3991 } });
    expect(details["problems"]).toHaveLength(10);
    expect(message).toMatch(/^The questions have 4001 problems:\n[^]*\n {2}and 3991 more$/);
  });

  test.for([
    ["questions", `[${"{},".repeat(100)}{}]`],
    ["elements of a list that is none of questions", `{"upgrade":[],"x":[${"1,".repeat(100)}1]}`],
    [
      "elements of all lists together",
      `{"upgrade":[${'{"current":"3.6.5"},'.repeat(60)}1],"x":[${"1,".repeat(60)}1]}`,
    ],
  ] as const)("more %s than asked for", ([, text]) => {
    const read = () => parseQuestionsInSteps(text, "The text", 100).toArray();
    expect(read).toThrow("there are more than 100 questions at once");
  });

  test.for([
    ["twice under one key", '{"upgrade":[],"upgrade":[]}', 'the key "upgrade" appears twice'],
    ["twice under one key that is written in two ways", '{"x":1,"\\u0078":2}', 'the key "x" appears twice'],
    ["under too many keys", `{${names(2000)}}`, "there are more than 1000 keys"],
    ["under an endless key", `{"${"k".repeat(5000)}":[]}`, "a key is longer than 1000 characters"],
  ] as const)("lists %s", ([, text, message]) => {
    expect(refusal(text).message).toBe(message);
  });
});

test("takes a step for each element, so that nobody waits for the whole", () => {
  const text = `[${Array(500).fill('{"current":"3.6.5"}').join(",")}]`;
  expect(parseQuestionsInSteps(text, "The text").toArray().length).toBeGreaterThanOrEqual(1000);
});

const WELL_FORMED = [
  '[{"current":"3.6.5","id":"a,]}\\"{"},{"current":"3.6.9","remark":[1,{"x":null}]}]',
  ' {"meta":{"a":[[]]},"upgrade":[{"current":"3.6.5"}],"x":[1,"]",{}],"y":"}","z":[]} ',
  '{"questions":[{"base":"3.6.5","list":["3.6.6"]}],"upgrade":[1]}',
];

property.prop([
  fc.constantFrom(...WELL_FORMED),
  fc.nat(),
  fc.nat(3),
  fc.constantFrom("", ",", "[", "]", "{", "}", '"', "\\", ":", " ", "1", "\u{2028}", "null"),
])("finds text to be JSON exactly when JSON.parse does", (text, at, cut, insert) => {
  const position = at % (text.length + 1);
  const mutant = text.slice(0, position) + insert + text.slice(position + cut);
  let isJson = true;
  try {
    JSON.parse(mutant);
  } catch {
    isJson = false;
  }
  let message = "";
  try {
    parseQuestions(mutant, "The text");
  } catch (error) {
    if (!isJamError(error)) throw error;
    message = error.message;
  }
  // What is not JSON further on may be refused for what came before it.
  if (isJson) expect(message).not.toBe("The text is not JSON.");
  else expect(message).not.toBe("");
});

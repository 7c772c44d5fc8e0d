import { fc, test as property } from "../../helpers/property.ts";
import { describe, expect, test } from "vitest";
import { formatStableJson, parseJsonObject } from "../../../src/simplestreams/json-text.ts";

const FILE = "streams/v1/index2.sjson";

function fail(text: string, options?: Parameters<typeof parseJsonObject>[2]) {
  try {
    parseJsonObject(text, FILE, options);
  } catch (error) {
    return error;
  }
  throw new Error("was accepted");
}

describe("refuses what JSON.parse would accept", () => {
  test.for<[name: string, text: string, message: string]>([
    ["a key twice", '{"a":1,"a":2}', `${FILE}: the key "a" appears twice`],
    ["a key twice, once escaped", String.raw`{"a":1,"\u0061":2}`, 'the key "a" appears twice'],
    [
      "a key twice further down",
      '{"p":{"x":[{},{"k":1,"b":2,"k":3}]}}',
      `${FILE}#p/x/1: the key "k" appears twice`,
    ],
    ["a key twice around an object", '{"a":{"b":1},"a":{}}', 'the key "a" appears twice'],
    ["the empty key twice", '{"":1,"":2}', 'the key "" appears twice'],
    [
      "__proto__",
      '{"products":{"__proto__":{"polluted":1}}}',
      `${FILE}#products: the key "__proto__" is not allowed`,
    ],
    ["__proto__, escaped", String.raw`{"\u005f_proto__":{}}`, 'the key "__proto__" is not allowed'],
    ["constructor", '{"constructor":{"prototype":{}}}', 'the key "constructor" is not allowed'],
    ["prototype", '{"a":{"prototype":1}}', `${FILE}#a: the key "prototype" is not allowed`],
    ["a lone surrogate", '{"a":"\ud800"}', "broken Unicode"],
    [
      "an escaped lone surrogate",
      String.raw`{"a":{"b":["x","\udc00"]}}`,
      `${FILE}#a/b/1: contains broken Unicode`,
    ],
    ["an escaped lone surrogate as a key", String.raw`{"\ud83d":1}`, "broken Unicode"],
    ["a byte order mark", '\u{feff}{"a":1}', "byte order mark"],
    ["nesting", `{"a":${"[".repeat(40)}${"]".repeat(40)}}`, "nested deeper than 32 levels"],
    ["nesting without end", `{"a":${"[".repeat(100_000)}`, "nested deeper than 32 levels"],
    ["objects nested without end", '{"a":'.repeat(100_000), "nested deeper than 32 levels"],
  ])("%s", ([, text, message]) => {
    expect(fail(text)).toMatchObject({
      code: "JAM_METADATA_MALFORMED",
      message: expect.stringContaining(message),
    });
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

describe("refuses what is not JSON, with the name of the file", () => {
  test.for([
    '{"a":1} x',
    '{"a":1}{"b":2}',
    '{"a":1}\u0000',
    '{"a":1,}',
    "{'a':1}",
    '{"a":01}',
    '{"a":+1}',
    '{"a":NaN}',
    '{"a":"\n"}',
    '{"a":"\t"}',
    '{"a":1',
    '{"a"',
    '{"',
    "{",
    String.raw`{"a":"\x41"}`,
    String.raw`{"a":"\u12"}`,
    '{"a":1 /* c */}',
    '{"a":1]',
    '{"a":[1}',
    "{,}",
    "{]}",
  ])("%j", (text) => {
    expect(fail(text)).toMatchObject({
      code: "JAM_METADATA_MALFORMED",
      message: expect.stringContaining(FILE),
      details: { file: FILE },
    });
  });
});

describe("names what is not simplestreams, with its first bytes", () => {
  test.for<[text: string, start: string]>([
    ["", "is empty"],
    [" \r\n\t", "is empty"],
    ["<!DOCTYPE html><title>Login</title>", 'starts with "<!DOCTYPE html><title>Login</title>"'],
    ["  <html>", 'starts with "<html>"'],
    ["\u001b[31mred", String.raw`starts with "\u{1b}[31mred"`],
    ["[1]", 'starts with "[1]"'],
    ["null", 'starts with "null"'],
    ["-----BEGIN PGP SIGNED MESSAGE-----\n", 'starts with "-----BEGIN PGP'],
    ["\u001f\u008b\b", "starts with"],
  ])("%j", ([text, start]) => {
    const message = expect.stringContaining(start) as string;
    expect(fail(text)).toMatchObject({ code: "JAM_UPSTREAM_NOT_SIMPLESTREAMS", message });
  });
});

test("refuses a document above the limit before looking into it", () => {
  const text = `{"a":"${"x".repeat(2000)}"}`;
  expect(fail(text, { maxCharacters: 1000 })).toMatchObject({ code: "JAM_METADATA_TOO_LARGE" });
  expect(parseJsonObject(text, FILE, { maxCharacters: 3000 })).toHaveProperty("a");
});

test("accepts the same key in different objects, and keys that are methods of every object", () => {
  const text = '{"a":{"k":1,"toString":2},"b":{"k":1,"hasOwnProperty":[{"k":1},{"k":2}]}}';
  expect(parseJsonObject(text, FILE)).toEqual(JSON.parse(text));
});

test("is not misled by braces, commas and quotes inside strings", () => {
  const text = String.raw`{"a":"{\"a\":1,","b":"\\","c":["]","}","\"",","],"d\"":"\\\""}`;
  expect(parseJsonObject(text, FILE)).toEqual(JSON.parse(text));
});

const FORBIDDEN = new Set(["__proto__", "constructor", "prototype"]);
const anyKey = fc.string({ unit: "grapheme", maxLength: 8 }).filter((key) => !FORBIDDEN.has(key));
const anyObject = fc.dictionary(anyKey, fc.jsonValue({ maxDepth: 4 }), { noNullPrototype: true });

property.prop([anyObject])("reads every well-formed document as JSON.parse does", (value) => {
  const text = JSON.stringify(value);
  fc.pre(
    !/"(?:__proto__|constructor|prototype)":/.test(text) && text.isWellFormed() && !/\\ud[89a-f]/.test(text),
  );
  expect(parseJsonObject(text, FILE)).toEqual(JSON.parse(text));
});

property.prop([fc.string({ unit: "binary" }), fc.nat()])(
  "answers every altered text with a value or a coded error",
  (piece, at) => {
    const whole = '{"format":"index:1.0","index":{"a":{"path":"x","products":["y"]}}}';
    const text = whole.slice(0, at % whole.length) + piece + whole.slice(at % whole.length);
    expect(() => {
      try {
        parseJsonObject(text, FILE);
      } catch (error) {
        if (!/^JAM_(?:METADATA|UPSTREAM)_/.test((error as { code?: string }).code ?? "")) throw error;
      }
    }).not.toThrow();
  },
);

describe("a document that is written", () => {
  property.prop([fc.jsonValue()])(
    "has the same content as the value, and the same bytes each time",
    (value) => {
      const text = formatStableJson(value);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(formatStableJson(JSON.parse(text))).toBe(text);
    },
  );

  test.each([
    ["plain fields in any order", { b: 1, a: 2 }, '{\n "a": 2,\n "b": 1\n}\n'],
    ["fields that are in order already", { a: 1, b: "x" }, '{\n "a": 1,\n "b": "x"\n}\n'],
    [
      "an object within one that is in order",
      { a: { c: 1, b: 2 } },
      '{\n "a": {\n  "b": 2,\n  "c": 1\n }\n}\n',
    ],
    [
      "null and lists of objects",
      { b: null, a: [{ d: 1, c: 2 }] },
      '{\n "a": [\n  {\n   "c": 2,\n   "d": 1\n  }\n ],\n "b": null\n}\n',
    ],
  ])("orders %s", (_what, value, text) => {
    expect(formatStableJson(value)).toBe(text);
  });
});

import { describe, expect, test } from "vitest";
import { scanJson } from "../../../src/input/scan-json.ts";
import { fc, test as property } from "../../helpers/property.ts";

const documentsOf = (text: string) =>
  scanJson(text).documents.map(({ start, end }) => JSON.parse(text.slice(start, end)) as unknown);

/** `__proto__` has a test of its own: it is refused. */
const objects = fc
  .oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.jsonValue()))
  .filter((value) => !JSON.stringify(value).includes('"__proto__":'));

property.prop([
  fc.array(objects, { minLength: 1, maxLength: 4 }),
  fc.constantFrom("", "\n", " \r\n", "\u001e"),
])("finds every document, whatever is between them", (values, between) => {
  const text = values.map((value) => JSON.stringify(value)).join(between);
  expect(scanJson(text).fault).toBeUndefined();
  expect(documentsOf(text)).toEqual(values.map((value) => JSON.parse(JSON.stringify(value)) as unknown));
});

property.prop([objects])("reads pretty-printed JSON", (value) => {
  const text = JSON.stringify(value, undefined, 2);
  expect(documentsOf(text)).toEqual([JSON.parse(text)]);
});

property.prop([objects, fc.nat()])("calls the beginning of a document cut off", (value, cut) => {
  const text = JSON.stringify(value);
  const { documents, fault } = scanJson(text.slice(0, 1 + (cut % (text.length - 1))));
  expect([documents.length, fault?.kind]).toEqual([0, "cut-off"]);
});

property.prop([fc.string(), fc.string()])("takes nothing that JSON.parse refuses", (a, b) => {
  const text = `{"a": ${a}, ${b}: [${a}]}`;
  if (scanJson(text).fault === undefined) expect(() => documentsOf(text)).not.toThrow();
});

property.prop([
  fc.constantFrom("\u001e", "\u00a0", "\v", "\f", "\u2028", "\u0085", "\ufeff", "//x\n", "\n", "\t"),
  fc.nat(),
])("takes nothing between the parts of a document that JSON.parse refuses", (space, at) => {
  const parts = ["{", '"a"', ":", "[", "1", ",", '"b"', "]", ",", '"c"', ":", "null", "}"];
  const position = 1 + (at % (parts.length - 1));
  const text = parts.toSpliced(position, 0, space).join("");
  if (scanJson(text).fault === undefined) expect(() => documentsOf(text)).not.toThrow();
});

describe("names the place of a fault", () => {
  test.for([
    ['{"model": nope}', "syntax", 10],
    ['{"a":1 "b":2}', "syntax", 7],
    ['{"a":1,}', "syntax", 7],
    ["[1,]", "syntax", 3],
    ['{"a":01}', "syntax", 5],
    ['{"a":"x\ty"}', "syntax", 7],
    [String.raw`{"a":"\x"}`, "syntax", 6],
    ['{"a":1,\u001e"b":2}', "syntax", 7],
    ['{"a":1} done', "outside", 8],
    ['{"a":1,"a":2}', "bad-key", 7],
    ['{"a":{"__proto__":{}}}', "bad-key", 6],
    [String.raw`{"\u005f_proto__":1}`, "bad-key", 1],
    [String.raw`{"\u0061":1,"a":2}`, "bad-key", 12],
    ['{"a":{"b":1},"c":[{"d":1,"d":2}]}', "bad-key", 25],
  ] as const)("%j: %s at %i", ([text, kind, at]) => {
    expect(scanJson(text).fault).toMatchObject({ kind, at });
  });
});

test("the same key in different objects is no repeated key", () => {
  expect(scanJson('{"a":{"a":1},"b":[{"a":1},{"a":2}]}').fault).toBeUndefined();
});

test("nesting that nothing needs is refused before the stack ends", () => {
  expect(scanJson("[".repeat(1_000_000)).fault).toMatchObject({ kind: "too-deep", at: 100 });
  expect(scanJson('{"a":'.repeat(1_000_000)).fault?.kind).toBe("too-deep");
});

test("a text of many megabytes is walked once", () => {
  const text = `{"a":"${"x".repeat(20_000_000)}"}`;
  expect(scanJson(text).documents).toEqual([{ start: 0, end: text.length }]);
});

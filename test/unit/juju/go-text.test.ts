import { expect, test } from "vitest";
import { atoiGo, quoteGo } from "../../../src/juju/go-text.ts";

test.for<[text: string, quoted: string]>([
  ["3.6.5", '"3.6.5"'],
  ['a"b\\c', String.raw`"a\"b\\c"`],
  ["\u0007\b\f\n\r\t\v", String.raw`"\a\b\f\n\r\t\v"`],
  ["\u0000\u001b\u007f", String.raw`"\x00\x1b\x7f"`],
  ["\u0085\u00a0\u200b\u{feff}", String.raw`"\u0085\u00a0\u200b\ufeff"`],
  ["β é 😀", '"β é 😀"'],
  ["\u{e0001}", String.raw`"\U000e0001"`],
  ["\ud800", String.raw`"\ufffd"`],
])("quotes %j as Go does", ([text, quoted]) => {
  expect(quoteGo(text)).toBe(quoted);
});

test("reads whole numbers up to 64 bits as Go does", () => {
  expect(atoiGo("+9223372036854775807")).toHaveProperty("value");
  expect(atoiGo("-9223372036854775808")).toHaveProperty("value");
  expect(atoiGo("9223372036854775808")).toEqual({
    error: 'strconv.Atoi: parsing "9223372036854775808": value out of range',
  });
  expect(atoiGo("1_000")).toEqual({ error: 'strconv.Atoi: parsing "1_000": invalid syntax' });
});

import { expect, test } from "vitest";
import { decodeText } from "../../../src/shared/decode-text.ts";

const TEXT = '{"model": "wéb 🐳"}\r\n';

function utf16(text: string, isBigEndian: boolean): Buffer {
  const bytes = Buffer.from(text, "utf16le");
  return isBigEndian ? bytes.swap16() : bytes;
}

test.for([
  ["UTF-8", Buffer.from(TEXT)],
  ["UTF-16 LE with a mark", utf16(`\u{feff}${TEXT}`, false)],
  ["UTF-16 BE with a mark", utf16(`\u{feff}${TEXT}`, true)],
  ["UTF-16 LE without a mark", utf16(TEXT, false)],
  ["UTF-16 BE without a mark", utf16(TEXT, true)],
] as const)("%s is read", ([, bytes]) => {
  expect(decodeText(bytes)).toEqual({ text: TEXT });
});

test("the mark of UTF-8 stays, as signed texts have it", () => {
  expect(decodeText(Buffer.from(`\u{feff}${TEXT}`))).toEqual({ text: `\u{feff}${TEXT}` });
});

test.for([
  [[0x1f, 0x8b, 8, 0], "compressed by gzip"],
  [[0x50, 0x4b, 3, 4, 20], "a ZIP archive"],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], "compressed by xz"],
  [[0x28, 0xb5, 0x2f, 0xfd, 4], "compressed by zstd"],
  [[0x42, 0x5a, 0x68, 0x39], "compressed by bzip2"],
  [[0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 1], "not a text"],
] as const)("%j is %s", ([bytes, binary]) => {
  expect(decodeText(Uint8Array.from(bytes))).toEqual({ binary });
});

test("nothing at all is an empty text", () => {
  expect(decodeText(new Uint8Array())).toEqual({ text: "" });
});

import { describe, expect, test } from "vitest";
import { splitSignedText, textOfDocument } from "../../../src/simplestreams/signed-text.ts";

const FILE = "streams/v1/index2.sjson";
const BEGIN = "-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE = "-----BEGIN PGP SIGNATURE-----\n\nwsBz\n=abcd\n-----END PGP SIGNATURE-----\n";

const signedText = (document: string, file: string) => textOfDocument(Buffer.from(document), file);

function signed(body: string, headers = "Hash: SHA512\n"): string {
  return `${BEGIN}\n${headers}\n${body}\n${SIGNATURE}`;
}

test("splits text, hash names and signature", () => {
  expect(splitSignedText(signed('{\n "a": 1\n}'), FILE)).toEqual({
    text: '{\n "a": 1\n}',
    hashes: ["SHA512"],
    signature: SIGNATURE,
  });
});

test("undoes dash escapes and foreign line ends, and drops blanks that no signature covers", () => {
  expect(signedText(signed("- -----x\n- \n- - y  \nz\t"), FILE)).toBe("-----x\n\n- y\nz");
  expect(signedText(signed("a\nb").replaceAll("\n", "\r\n"), FILE)).toBe("a\nb");
});

test.for(["", "{}", "\n", "\na\n\n", "a\n\nb\n", " a\n\tb", "a - b\nc"])(
  "reads the same from a text whose lines end in line feeds as line by line: %j",
  (body) => {
    const document = signed(body);
    const byLines = splitSignedText(document.replaceAll("\n", "\r\n"), FILE);
    expect(splitSignedText(document, FILE)).toEqual(byLines);
    expect(byLines.text).toBe(body);
  },
);

test("accepts a document without hash header, and with several", () => {
  expect(splitSignedText(signed("x", ""), FILE).hashes).toEqual([]);
  expect(splitSignedText(signed("x", "Hash: SHA256,SHA512\nHash: SHA1\n"), FILE).hashes).toEqual([
    "SHA256",
    "SHA512",
    "SHA1",
  ]);
});

test("the time for a long run of blanks inside a line does not grow with its square", () => {
  const line = `a${" ".repeat(1_000_000)}b`;
  expect(signedText(signed(line), FILE)).toBe(line);
});

test("a document that does not end in .sjson is used as text, and bytes that are not text are refused", () => {
  expect(textOfDocument(Buffer.from("\u{feff}{}\r"), "a.json")).toBe("\u{feff}{}\r");
  for (const path of ["a.json", "a.sjson"]) {
    expect(() => textOfDocument(Buffer.from(signed("\u00e9"), "latin1"), path)).toThrow(
      expect.objectContaining({ code: "JAM_UPSTREAM_NOT_SIMPLESTREAMS" }),
    );
  }
});

test("accepts blank lines around the block", () => {
  expect(signedText(`\n \r\n${signed("x")}\n\n`, FILE)).toBe("x");
});

describe("refuses", () => {
  test.for<[name: string, text: string, code: string]>([
    ["text before the block", `{"a":1}\n${signed("x")}`, "JAM_METADATA_SIGNATURE_INVALID"],
    ["text behind the block", `${signed("x")}{"a":1}\n`, "JAM_METADATA_SIGNATURE_INVALID"],
    ["a second block behind", signed("x") + signed("y"), "JAM_METADATA_SIGNATURE_INVALID"],
    ["a second block inside", signed(`x\n${BEGIN}\n\ny`), "JAM_METADATA_SIGNATURE_INVALID"],
    ["a second signature", signed("x") + SIGNATURE, "JAM_METADATA_SIGNATURE_INVALID"],
    ["a block inside the signature", signed("x").replace("wsBz", BEGIN), "JAM_METADATA_SIGNATURE_INVALID"],
    ["a dash that is not escaped", signed("-x"), "JAM_METADATA_SIGNATURE_INVALID"],
    [
      "an armour line that is not escaped",
      signed("-----END PGP SIGNATURE-----"),
      "JAM_METADATA_SIGNATURE_INVALID",
    ],
    ["another header", signed("x", "Hash: SHA512\nComment: y\n"), "JAM_METADATA_SIGNATURE_INVALID"],
    ["a hash that gpg does not know", signed("x", "Hash: SHA3-512\n"), "JAM_METADATA_SIGNATURE_INVALID"],
    ["a hash in small letters", signed("x", "Hash: sha512\n"), "JAM_METADATA_SIGNATURE_INVALID"],
    ["a dash alone", signed("x\n-\ny"), "JAM_METADATA_SIGNATURE_INVALID"],
    ["a dash before a tab", signed("x\n-\ty"), "JAM_METADATA_SIGNATURE_INVALID"],
    ["a carriage return in a line", signed("x\ry"), "JAM_METADATA_SIGNATURE_INVALID"],
    ["a carriage return at the start of a line", signed("x\n\ry"), "JAM_METADATA_SIGNATURE_INVALID"],
    ["a carriage return before blanks", signed("x\r \ny"), "JAM_METADATA_SIGNATURE_INVALID"],
    ["two carriage returns at a line's end", signed("x\r\r\ny"), "JAM_METADATA_SIGNATURE_INVALID"],
    ["a carriage return in a header", signed("x", "Hash: SHA\r512\n"), "JAM_METADATA_SIGNATURE_INVALID"],
    [
      "a carriage return in the signature",
      signed("x").replace("ws", "w\rs"),
      "JAM_METADATA_SIGNATURE_INVALID",
    ],
    ["a carriage return behind it", `${signed("x")}\r`, "JAM_METADATA_SIGNATURE_INVALID"],
    ["a header that smuggles text", signed("x", '{"a":1}\n'), "JAM_METADATA_SIGNATURE_INVALID"],
    [
      "no blank line behind the headers",
      `${BEGIN}\nx\n${SIGNATURE.replaceAll("\n\n", "\n")}`.trimEnd(),
      "JAM_METADATA_SIGNATURE_INVALID",
    ],
    ["no signature", `${BEGIN}\n\nx\n`, "JAM_METADATA_SIGNATURE_INVALID"],
    [
      "a signature without end",
      signed("x").replace("-----END PGP SIGNATURE-----", ""),
      "JAM_METADATA_SIGNATURE_INVALID",
    ],
    ["only a signature", SIGNATURE, "JAM_METADATA_SIGNATURE_INVALID"],
    [
      "a signed message that is no clear text",
      "-----BEGIN PGP MESSAGE-----\n\nx\n",
      "JAM_METADATA_SIGNATURE_INVALID",
    ],
    ["bare JSON", '{"format":"index:1.0"}', "JAM_METADATA_UNSIGNED"],
    ["HTML", "<html>log in</html>", "JAM_UPSTREAM_NOT_SIMPLESTREAMS"],
    ["nothing", "", "JAM_UPSTREAM_NOT_SIMPLESTREAMS"],
    ["blanks", " \n\n", "JAM_UPSTREAM_NOT_SIMPLESTREAMS"],
  ])("%s", ([, text, code]) => {
    expect(() => signedText(text, FILE)).toThrow(
      expect.objectContaining({ code, details: expect.objectContaining({ file: FILE }) }),
    );
  });
});

test("refuses every cut of a document", () => {
  const document = signed('{\n "a": 1\n}').trimEnd();
  for (let length = 0; length < document.length; length++) {
    expect(() => signedText(document.slice(0, length), FILE)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^JAM_/) }),
    );
  }
});

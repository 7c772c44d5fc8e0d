import { describe, expect, test } from "vitest";
import { readSignatureArmor } from "../../../src/openpgp/read-signature.ts";

const BEGIN = "-----BEGIN PGP SIGNATURE-----";
const END = "-----END PGP SIGNATURE-----";
/** "any bytes" and its checksum. */
const BODY = "YW55IGJ5dGVz";
const SUM = "=GiCh";
const armor = (...lines: readonly string[]) => [BEGIN, ...lines, END, ""].join("\n");
const GOOD = armor("", BODY, SUM);

describe("the armour of a signature", () => {
  test.for([
    ["as tools write it", GOOD],
    ["with CRLF", GOOD.replaceAll("\n", "\r\n")],
    ["with blanks at line ends and blank lines around", `\n \n${GOOD.replaceAll("\n", " \t\n")}\n`],
    ["with headers", armor("Version: x", "Comment: y", "", BODY, SUM)],
    ["in several lines", armor("", BODY.slice(0, 5), BODY.slice(5), SUM)],
    ["without a checksum", armor("", BODY)],
    ["without a line end at the end", GOOD.trimEnd()],
  ] as const)("is read %s", ([, text]) => {
    expect(Buffer.from(readSignatureArmor(text)).toString()).toBe("any bytes");
  });

  test.for([
    ["a wrong checksum", armor("", BODY, "=AAAA"), "its checksum is wrong"],
    ["a checksum of other bytes", armor("", "YW55IGJ5dGVzIQ==", SUM), "its checksum is wrong"],
    ["a checksum in the middle", armor("", BODY, SUM, BODY), "its armour is damaged"],
    ["half a checksum", armor("", BODY, "=Gi"), "its armour is damaged"],
    ["a character that is none of base64", armor("", "YW55!GJ5dGVz", SUM), "its armour is damaged"],
    ["a blank inside", armor("", "YW55 IGJ5dGVz", SUM), "its armour is damaged"],
    ["padding in the middle", armor("", "YW4=", "YW55", SUM), "its armour is damaged"],
    ["bits that count for nothing", armor("", "YW5="), "its armour is damaged"],
    ["a blank line inside", armor("", BODY, "", SUM), "its armour is damaged"],
    ["no blank line", armor(BODY, SUM), "its armour has no blank line after the headers"],
    [
      "a header that is none",
      armor("not a header", "", BODY, SUM),
      "its armour has a header that is not valid",
    ],
    ["nothing in it", armor(""), "it is empty"],
    [
      "a carriage return inside",
      GOOD.replace("YW", "Y\rW"),
      "it contains a carriage return that does not end a line",
    ],
    ["a carriage return at the end", `${GOOD}\r`, "it contains a carriage return that does not end a line"],
    ["text before it", `x\n${GOOD}`, "it is not one OpenPGP signature"],
    ["text behind it", `${GOOD}x`, "it is not one OpenPGP signature"],
    ["another one behind it", `${GOOD}${GOOD}`, "its armour is damaged"],
    ["another kind of block", GOOD.replaceAll("SIGNATURE", "MESSAGE"), "it is not one OpenPGP signature"],
    ["no end", GOOD.replace(END, ""), "it is not one OpenPGP signature"],
    ["no text", " \n", "it is empty"],
    ["a megabyte", armor("", ...Array.from({ length: 20_000 }, () => BODY)), "it is too large to be one"],
  ] as const)("with %s is refused", ([, text, reason]) => {
    expect(() => readSignatureArmor(text)).toThrow(reason);
  });
});

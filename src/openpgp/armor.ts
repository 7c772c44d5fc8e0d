import { BEGIN_SIGNATURE, END_SIGNATURE, LONE_CR } from "../simplestreams/signed-text.ts";

const HEADER = /^[A-Z][A-Za-z-]*: ./;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const CHECKSUM = /^=([A-Za-z0-9+/]{4})$/;

/** Armour of one signature is some hundred characters; a key of 16 384 bits makes 3 000. */
const MAX_CHARACTERS = 65_536;

/**
 * The bytes in one armoured signature with nothing around it. Stricter than the library, which leaves out what it does
 * not understand and does not look at the checksum. Source: RFC 9580 §6.2
 * @throws Error whose message ends the sentence "the signature does not hold: …"
 */
export function readSignatureArmor(armored: string): Uint8Array {
  if (armored.length > MAX_CHARACTERS) throw new Error("it is too large to be one");
  if (LONE_CR.test(armored)) throw new Error("it holds a carriage return that does not end a line");
  const lines = armored.split("\n").map((line) => line.replace(/[ \t\r]{1,100}$/, ""));
  while (lines.at(-1) === "") lines.pop();
  while (lines[0] === "") lines.shift();
  if (lines.length === 0) throw new Error("it is empty");
  if (lines[0] !== BEGIN_SIGNATURE || lines.at(-1) !== END_SIGNATURE)
    throw new Error("it is not one OpenPGP signature");
  const bodyStart = lines.indexOf("") + 1;
  if (bodyStart === 0) throw new Error("its armour has no blank line after the headers");
  const header = lines.slice(1, bodyStart - 1).find((line) => !HEADER.test(line));
  if (header !== undefined) throw new Error("its armour has a header that is not valid");
  const body = lines.slice(bodyStart, -1);
  const checksum = CHECKSUM.exec(body.at(-1) ?? "")?.[1];
  const bytes = decodeBase64(checksum === undefined ? body : body.slice(0, -1));
  if (checksum !== undefined && checksum !== checksumOf(bytes)) throw new Error("its checksum is wrong");
  return bytes;
}

function decodeBase64(lines: readonly string[]): Uint8Array {
  if (lines.length === 0) throw new Error("it is empty");
  const isSound = lines.every(
    (line, position) => BASE64.test(line) && (position === lines.length - 1 || !line.endsWith("=")),
  );
  const text = lines.join("");
  const bytes = Buffer.from(text, "base64");
  // What does not come out again as it went in has two readings.
  if (!isSound || bytes.toString("base64") !== text) throw new Error("its armour is damaged");
  return bytes;
}

/** CRC-24 in base64. Source: RFC 9580 §6.1.1 */
function checksumOf(bytes: Uint8Array): string {
  let crc = 0xb704ce;
  for (const byte of bytes) {
    crc ^= byte << 16;
    for (let bit = 0; bit < 8; bit += 1) {
      crc <<= 1;
      if ((crc & 0x1000000) !== 0) crc ^= 0x1864cfb;
    }
  }
  return Buffer.from([(crc >> 16) & 0xff, (crc >> 8) & 0xff, crc & 0xff]).toString("base64");
}

import { BEGIN_SIGNATURE, END_SIGNATURE, LONE_CR } from "../simplestreams/signed-text.ts";
import type { SignaturePacket } from "openpgp";

const HEADER = /^[A-Z][A-Za-z-]*: ./;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const CHECKSUM = /^=([A-Za-z0-9+/]{4})$/;

/** Armour of one signature is some hundred characters; a key of 16 384 bits makes 3 000. */
const MAX_CHARACTERS = 65_536;

/**
 * The bytes in one armoured signature with nothing around it. Stricter than the library, which leaves out what it does
 * not understand and does not look at the checksum. Source: RFC 9580 §6.2
 * @throws Error whose message ends the sentence "the signature is not valid: …"
 */
export function readSignatureArmor(armored: string): Uint8Array {
  if (armored.length > MAX_CHARACTERS) throw new Error("it is too large to be one");
  if (LONE_CR.test(armored)) throw new Error("it contains a carriage return that does not end a line");
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

/** More than any document is signed by; each one costs time to look at. */
const MAX_SIGNATURES = 32;

/** RFC 9580 §5.2 */
const SIGNATURE_TAG = 2;

/**
 * The signatures in these bytes, which hold nothing else. Packets of other kinds, which the library leaves out without a
 * word, are refused as gpg refuses them; so are signatures in forms that cannot be read here.
 * @throws Error whose message ends the sentence "the signature is not valid: …"
 */
export async function readSignaturePackets(bytes: Uint8Array): Promise<SignaturePacket[]> {
  const { readSignature, SignaturePacket: Packet } = await import("openpgp");
  const packets: SignaturePacket[] = [];
  for (const binarySignature of splitPackets(bytes)) {
    if (packets.length === MAX_SIGNATURES) throw new Error(`there are more than ${MAX_SIGNATURES} of them`);
    const [packet, ...others] = (await readSignature({ binarySignature })).packets;
    if (!(packet instanceof Packet) || others.length > 0)
      throw new Error("it is in a form that cannot be read here");
    packets.push(packet);
  }
  return packets;
}

function* splitPackets(bytes: Uint8Array): Generator<Uint8Array> {
  let start = 0;
  while (start < bytes.length) {
    const { tag, head, length } = readHeader(bytes.subarray(start));
    if (tag !== SIGNATURE_TAG) throw new Error("its block contains something other than signatures");
    const end = start + head + length;
    if (end > bytes.length) throw new Error("it is cut off");
    yield bytes.subarray(start, end);
    start = end;
  }
}

/** Kind, bytes of the header, bytes after it. Lengths that are not known beforehand are for data only. Source: RFC 9580 §4.2 */
function readHeader(bytes: Uint8Array): {
  readonly tag: number;
  readonly head: number;
  readonly length: number;
} {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const first = view.getUint8(0);
    if ((first & 0x80) === 0) throw new Error("its block is damaged");
    if ((first & 0x40) === 0) {
      const tag = (first >> 2) & 0x0f;
      const kind = first & 0x03;
      if (kind === 0) return { tag, head: 2, length: view.getUint8(1) };
      if (kind === 1) return { tag, head: 3, length: view.getUint16(1) };
      if (kind === 2) return { tag, head: 5, length: view.getUint32(1) };
      throw new Error("its length is not known");
    }
    const tag = first & 0x3f;
    const second = view.getUint8(1);
    if (second < 192) return { tag, head: 2, length: second };
    if (second < 224) return { tag, head: 3, length: ((second - 192) << 8) + view.getUint8(2) + 192 };
    if (second === 255) return { tag, head: 6, length: view.getUint32(2) };
    throw new Error("its length is not known");
  } catch (cause) {
    if (cause instanceof RangeError) throw new Error("it is cut off", { cause });
    throw cause;
  }
}

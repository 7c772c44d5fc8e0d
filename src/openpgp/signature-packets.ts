import type { SignaturePacket } from "openpgp";

/** More than any document is signed by; each one costs time to look at. */
const MAX_SIGNATURES = 32;

/** RFC 9580 §5.2 */
const SIGNATURE_TAG = 2;

/**
 * The signatures in these bytes, which hold nothing else. Packets of other kinds, which the library leaves out without a
 * word, are refused as gpg refuses them; so are signatures in forms that cannot be read here.
 * @throws Error whose message ends the sentence "the signature does not hold: …"
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
    if (tag !== SIGNATURE_TAG) throw new Error("its block holds something else than signatures");
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

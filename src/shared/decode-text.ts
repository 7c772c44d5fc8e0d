/** What bytes turn out to be. */
export type DecodedText =
  | { readonly text: string }
  /** Not text; what it is instead: `compressed by gzip`. */
  | { readonly binary: string };

/** What compressed files begin with. */
const MAGIC = [
  ["gzip", [0x1f, 0x8b]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["bzip2", [0x42, 0x5a, 0x68]],
  ["zip", [0x50, 0x4b, 0x03, 0x04]],
] as const;

type Compression = (typeof MAGIC)[number][0];

/** What a file that begins with these bytes is compressed with; undefined where it is not. */
export function compressionOf(bytes: Uint8Array): Compression | undefined {
  const [name] = MAGIC.find(([, magic]) => magic.every((byte, index) => bytes[index] === byte)) ?? [];
  return name;
}

/**
 * The text of a file. UTF-8 is read as it is, with its byte order mark; UTF-16 of either byte order is recognised by its
 * mark or, without one, by the zero bytes that it has in JSON and YAML (Windows PowerShell 5 writes it for `>`).
 */
export function decodeText(bytes: Uint8Array): DecodedText {
  const compression = compressionOf(bytes);
  if (compression !== undefined)
    return { binary: compression === "zip" ? "a ZIP archive" : `compressed by ${compression}` };
  const utf16 = byteOrderOf(bytes);
  if (utf16 !== undefined) return { text: new TextDecoder(utf16).decode(bytes) };
  // Juju prints no zero bytes, and neither does anybody else in a text.
  if (bytes.subarray(0, 4096).includes(0)) return { binary: "not a text" };
  return { text: new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes) };
}

/** UTF-16 of either byte order that says so with its mark; undefined for everything else. */
export function textWithMark(bytes: Uint8Array): string | undefined {
  const marked = markedOrderOf(bytes);
  return marked === undefined ? undefined : new TextDecoder(marked).decode(bytes);
}

/** Bytes from which the encoding is recognised. */
const MARK_BYTES = 4;

/** A stream of text in UTF-8: as it is, or from UTF-16, which is recognised as in `decodeText`. */
export async function* inUtf8(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  let begin: Uint8Array | undefined = new Uint8Array();
  let decoder: TextDecoder | undefined;
  for await (const piece of bytes) {
    let next = piece;
    if (begin !== undefined) {
      next = new Uint8Array([...begin, ...piece.subarray(0, MARK_BYTES - begin.length)]);
      if (next.length < MARK_BYTES) {
        begin = next;
        continue;
      }
      const order = byteOrderOf(next);
      decoder = order === undefined ? undefined : new TextDecoder(order);
      const rest = piece.subarray(MARK_BYTES - begin.length);
      begin = undefined;
      yield decoder === undefined ? next : encoder.encode(decoder.decode(next, { stream: true }));
      next = rest;
    }
    if (next.length > 0)
      yield decoder === undefined ? next : encoder.encode(decoder.decode(next, { stream: true }));
  }
  // Shorter than what tells the encoding, unless there is a mark.
  if (begin !== undefined && begin.length > 0) {
    const text = textWithMark(begin);
    yield text === undefined ? begin : encoder.encode(text);
  }
  const end = decoder?.decode() ?? "";
  if (end !== "") yield encoder.encode(end);
}

type ByteOrder = "utf-16le" | "utf-16be";

function markedOrderOf([first, second]: Uint8Array): ByteOrder | undefined {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  return undefined;
}

function byteOrderOf(bytes: Uint8Array): ByteOrder | undefined {
  const marked = markedOrderOf(bytes);
  if (marked !== undefined) return marked;
  const [first, second, third, fourth] = bytes;
  if (first === undefined || second === undefined) return undefined;
  if (first !== 0 && second === 0 && third !== 0 && fourth === 0) return "utf-16le";
  if (first === 0 && second !== 0 && third === 0 && fourth !== 0) return "utf-16be";
  return undefined;
}

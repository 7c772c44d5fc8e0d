import { JamError, type ErrorCode } from "../shared/errors.ts";
import { printable } from "../shared/printable.ts";
import { notSimplestreams } from "./metadata-fault.ts";

/** The parts of a clear-signed document, not verified. */
export interface SignedText {
  /** The signed text without dash escapes, with LF line ends. */
  readonly text: string;
  /** Values of the `Hash` headers, as `SHA512`. */
  readonly hashes: readonly string[];
  /** The armoured signature, from its BEGIN to its END line. */
  readonly signature: string;
}

/** The line that a clear-signed text begins with. */
export const BEGIN_MESSAGE = "-----BEGIN PGP SIGNED MESSAGE-----";
/** The first and the last line of an armoured signature. */
export const BEGIN_SIGNATURE = "-----BEGIN PGP SIGNATURE-----";
export const END_SIGNATURE = "-----END PGP SIGNATURE-----";
/** The names that gpg knows, in the spelling that it accepts. Source: gnupg g10/armor.c parse_hash_header */
const HASH = "(?:SHA1|SHA224|SHA256|SHA384|SHA512|RIPEMD160)";
const HASH_HEADER = new RegExp(`^Hash: (${HASH}(?:, ?${HASH}){0,3})$`);
/** Blank, tab and carriage return. */
const BLANKS: ReadonlySet<number> = new Set([0x20, 0x09, 0x0d]);
/** Without these, no line ends in a blank, and the only line ends are line feeds. */
const ODD_LINE_ENDS = [" \n", "\t\n", "\r"];
/** Some readers keep a carriage return inside a line, others drop it. */
export const LONE_CR = /\r(?!\n)/;

/**
 * Version of the rules by which signed documents are read and verified. Raise it when they get stricter: what was
 * accepted by older rules is verified again before it is used.
 */
export const SIGNED_TEXT_RULES = 2;

/**
 * Splits a clear-signed document and refuses everything that would make a reader see another text than was signed:
 * a second block, text around the block, headers other than `Hash`, unescaped dashes, a carriage return that
 * does not end a line. It does not verify the signature; the verification uses the returned text.
 * Source: RFC 9580 §7.
 * @throws JamError JAM_METADATA_UNSIGNED, JAM_METADATA_SIGNATURE_INVALID, JAM_UPSTREAM_NOT_SIMPLESTREAMS
 */
export function splitSignedText(document: string, file: string): SignedText {
  const plain = findPlainBody(document);
  if (plain === undefined) return splitLines(document, file);
  return { ...splitLines(plain.around, file), text: plain.text };
}

/**
 * The text of a document whose signed lines are what they seem, and the document without them: nearly every one. Undefined where a
 * line may have a dash escape or blanks at its end. Taking a hundred thousand lines apart needs ten times as much memory.
 */
function findPlainBody(document: string): { readonly text: string; readonly around: string } | undefined {
  if (!document.startsWith(`${BEGIN_MESSAGE}\n`)) return undefined;
  if (ODD_LINE_ENDS.some((end) => document.includes(end))) return undefined;
  const start = document.indexOf("\n\n") + 2;
  const end = document.indexOf(`\n${BEGIN_SIGNATURE}\n`, start - 1);
  if (start < 2 || end < start) return undefined;
  const text = document.slice(start, end);
  if (text.startsWith("-") || text.includes("\n-")) return undefined;
  return { text, around: document.slice(0, start) + document.slice(end + 1) };
}

function splitLines(document: string, file: string): SignedText {
  const raw = document.split("\n");
  const lines = raw.map(withoutTrailingBlanks);
  const begin = lines.findIndex((line) => line !== "");
  if (lines[begin] !== BEGIN_MESSAGE) throw withoutSignature(document, file, lines[begin] ?? "");
  if (LONE_CR.test(document)) throw loneCarriageReturn(document, file);
  const bodyStart = lines.indexOf("", begin + 1) + 1;
  const signatureStart = lines.indexOf(BEGIN_SIGNATURE, bodyStart);
  const end = lines.indexOf(END_SIGNATURE, signatureStart + 1);
  if (bodyStart === 0 || signatureStart < 0 || end < 0) {
    throw broken(file, "the signed block is cut off");
  }
  if (lines.slice(end + 1).some((line) => line !== ""))
    throw broken(file, "there is text after the signature");
  if (lines.slice(signatureStart + 1, end).some((line) => line.startsWith("-"))) {
    throw broken(file, "the signature contains another block");
  }
  return {
    hashes: lines.slice(begin + 1, bodyStart - 1).flatMap((line) => parseHashHeader(line, file)),
    text: raw
      .slice(bodyStart, signatureStart)
      .map((line) => unescapeLine(line, file))
      .join("\n"),
    signature: `${lines.slice(signatureStart, end + 1).join("\n")}\n`,
  };
}

/**
 * The text of a kept document: the signed part of a `.sjson`, all of other files. It is not verified: use it only for
 * documents that were verified on arrival by the same rules, and for mirrors without verification.
 * @throws JamError JAM_METADATA_UNSIGNED, JAM_METADATA_SIGNATURE_INVALID, JAM_UPSTREAM_NOT_SIMPLESTREAMS
 */
export function textOfDocument(bytes: Uint8Array, path: string): string {
  const document = decodeDocument(bytes, path);
  return path.endsWith(".sjson") ? splitSignedText(document, path).text : document;
}

/**
 * The characters of a document, a byte order mark included: different bytes never give the same ones.
 * @throws JamError JAM_UPSTREAM_NOT_SIMPLESTREAMS for what is not UTF-8
 */
export function decodeDocument(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw notSimplestreams(file, new TextDecoder().decode(bytes));
  }
}

function parseHashHeader(line: string, file: string): string[] {
  const hashes = HASH_HEADER.exec(line)?.[1];
  if (hashes === undefined) throw broken(file, `the header "${printable(line, 60)}" is not allowed`);
  return hashes.split(/, ?/);
}

/** The signed text of a line. Its dash escape goes first: in `- ` the blank belongs to the escape. */
function unescapeLine(raw: string, file: string): string {
  if (!raw.startsWith("-")) return withoutTrailingBlanks(raw);
  if (!raw.startsWith("- ")) throw broken(file, `the line "${printable(raw, 60)}" is not dash-escaped`);
  return withoutTrailingBlanks(raw.slice(2));
}

/** Trailing blanks are not signed. A loop, because the time of a pattern would grow with the square of the blanks. */
function withoutTrailingBlanks(line: string): string {
  let end = line.length;
  while (end > 0 && BLANKS.has(line.charCodeAt(end - 1))) end -= 1;
  return line.slice(0, end);
}

function withoutSignature(document: string, file: string, firstLine: string): JamError {
  if (firstLine.includes("-----BEGIN PGP") || document.includes(`\n${BEGIN_MESSAGE}`)) {
    return broken(file, "there is text before the signed block");
  }
  if (!firstLine.startsWith("{")) return notSimplestreams(file, document);
  return fault("JAM_METADATA_UNSIGNED", file, "is not signed", {
    hint: "Use the .sjson document, or check that no proxy rewrites it.",
  });
}

function loneCarriageReturn(document: string, file: string): JamError {
  const line = document.slice(0, document.search(LONE_CR)).split("\n").length;
  return broken(file, `line ${line} contains a carriage return that does not end it`);
}

function broken(file: string, what: string): JamError {
  return fault("JAM_METADATA_SIGNATURE_INVALID", file, `is not one clear-signed block: ${what}`, {
    hint: "The document was altered or cut off after it was signed. Fetch it again; if it stays, report it to the upstream's publisher.",
  });
}

function fault(code: ErrorCode, file: string, what: string, options: { readonly hint: string }): JamError {
  return new JamError(code, `${file} ${what}.`, { ...options, details: { file } });
}

import { JamError, type ErrorCode } from "../shared/errors.ts";
import { printable } from "../shared/printable.ts";
import { notSimplestreams } from "./metadata-fault.ts";

/** The parts of a clear-signed document, told apart but not verified. */
export interface SignedText {
  /** The signed text with dash escapes taken out, lines ended by LF. */
  readonly text: string;
  /** Values of the `Hash` headers, as `SHA512`. */
  readonly hashes: readonly string[];
  /** The armoured signature, from its BEGIN to its END line. */
  readonly signature: string;
}

const BEGIN_MESSAGE = "-----BEGIN PGP SIGNED MESSAGE-----";
const BEGIN_SIGNATURE = "-----BEGIN PGP SIGNATURE-----";
const END_SIGNATURE = "-----END PGP SIGNATURE-----";
const HASH_HEADER = /^Hash: ([A-Za-z0-9-]+(?:, ?[A-Za-z0-9-]+)*)$/;

/**
 * Takes a clear-signed document apart and refuses everything that would let a reader see other text than was
 * signed: a second block, text around the block, headers other than `Hash`, unescaped dashes.
 * It does not verify the signature. Source: RFC 9580 §7.
 * @throws JamError JAM_METADATA_UNSIGNED, JAM_METADATA_SIGNATURE_INVALID, JAM_UPSTREAM_NOT_SIMPLESTREAMS
 */
export function splitSignedText(document: string, file: string): SignedText {
  const lines = document.split("\n").map((line) => line.replace(/[ \t\r]+$/, ""));
  const begin = lines.findIndex((line) => line !== "");
  if (lines[begin] !== BEGIN_MESSAGE) throw withoutSignature(document, file, lines[begin] ?? "");
  const bodyStart = lines.indexOf("", begin + 1) + 1;
  const signatureStart = lines.indexOf(BEGIN_SIGNATURE, bodyStart);
  const end = lines.indexOf(END_SIGNATURE, signatureStart + 1);
  if (bodyStart === 0 || signatureStart < 0 || end < 0) {
    throw broken(file, "the signed block is cut off");
  }
  if (lines.slice(end + 1).some((line) => line !== ""))
    throw broken(file, "there is text behind the signature");
  if (lines.slice(signatureStart + 1, end).some((line) => line.startsWith("-"))) {
    throw broken(file, "the signature holds another block");
  }
  return {
    hashes: lines.slice(begin + 1, bodyStart - 1).flatMap((line) => parseHashHeader(line, file)),
    text: lines
      .slice(bodyStart, signatureStart)
      .map((line) => unescapeLine(line, file))
      .join("\n"),
    signature: `${lines.slice(signatureStart, end + 1).join("\n")}\n`,
  };
}

/**
 * The text inside a clear-signed document, not verified: for documents whose signature was verified before, and for
 * mirrors whose operator switched verification off.
 * @throws JamError JAM_METADATA_UNSIGNED, JAM_METADATA_SIGNATURE_INVALID, JAM_UPSTREAM_NOT_SIMPLESTREAMS
 */
export function signedText(document: string, file: string): string {
  return splitSignedText(document, file).text;
}

function parseHashHeader(line: string, file: string): string[] {
  const hashes = HASH_HEADER.exec(line)?.[1];
  if (hashes === undefined) throw broken(file, `the header "${printable(line, 60)}" is not allowed`);
  return hashes.split(/, ?/);
}

function unescapeLine(line: string, file: string): string {
  if (!line.startsWith("-")) return line;
  // "- " alone loses its blank when trailing blanks are taken away; it stands for an empty line.
  if (line === "-") return "";
  if (!line.startsWith("- ")) throw broken(file, `the line "${printable(line, 60)}" is not dash-escaped`);
  return line.slice(2);
}

function withoutSignature(document: string, file: string, firstLine: string): JamError {
  if (firstLine.includes("-----BEGIN PGP") || document.includes(`\n${BEGIN_MESSAGE}`)) {
    return broken(file, "there is text before the signed block");
  }
  if (!firstLine.startsWith("{")) return notSimplestreams(file, document);
  return fault("JAM_METADATA_UNSIGNED", file, "carries no signature", {
    hint: "Ask for the .sjson document, or check that no proxy rewrites it.",
  });
}

function broken(file: string, what: string): JamError {
  return fault("JAM_METADATA_SIGNATURE_INVALID", file, `is not one clear-signed block: ${what}`, {
    hint: "The document was altered or cut off after it was signed. Fetch it again, then tell the upstream's publisher.",
  });
}

function fault(code: ErrorCode, file: string, what: string, options: { readonly hint: string }): JamError {
  return new JamError(code, `${file} ${what}.`, { ...options, details: { file } });
}

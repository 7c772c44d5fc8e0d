const BEGIN_MESSAGE = "-----BEGIN PGP SIGNED MESSAGE-----";
const BEGIN_SIGNATURE = "-----BEGIN PGP SIGNATURE-----";
const END_SIGNATURE = "-----END PGP SIGNATURE-----";

/** An armour header: `Hash: SHA512`, `Comment: …`. */
const HEADER = /^[A-Z][A-Za-z-]*: /;

const LONE_CR = /\r(?!\n)/;

/** True for a text that has a clear-signed block in it, whole or cut off. */
export function isSigned(text: string): boolean {
  return lines(text).includes(BEGIN_MESSAGE);
}

/**
 * The clear-signed block of a receipt as it was written, when it was mailed, pasted or put together from several QR
 * codes: what stands around it is left out, and so are blank lines that were added. A receipt has none of its own, so
 * none is lost. Changes nothing that the signature covers; whether it holds is for its check to say. A text without a
 * whole block comes back as it is.
 */
export function tidySignedBlock(text: string): string {
  // Tidied away, it would pass as a line end that nobody signed; the check of the signature refuses it by name.
  if (LONE_CR.test(text)) return text;
  const all = lines(text);
  const begin = all.indexOf(BEGIN_MESSAGE);
  const end = all.indexOf(END_SIGNATURE, begin + 1);
  if (begin === -1 || end === -1) return text;
  const block = all.slice(begin, end + 1).filter((line) => line !== "");
  const tidy: string[] = [];
  let isHead = false;
  for (const line of block) {
    // The one blank line that belongs there ends the headers.
    if (isHead && !HEADER.test(line)) {
      tidy.push("");
      isHead = false;
    }
    tidy.push(line);
    if (line === BEGIN_MESSAGE || line === BEGIN_SIGNATURE) isHead = true;
  }
  return `${tidy.join("\n")}\n`;
}

/** Ends of lines are not signed, blanks before them are not either. Source: RFC 9580 §7.2 */
function lines(text: string): string[] {
  return text
    .replace(/^\u{feff}/u, "")
    .split(/\r?\n/)
    .map((line) => line.trimEnd());
}

import { JamError, isJamError, isOfFamily } from "../../shared/errors.ts";
import type { NamedText } from "../../input/read-documents.ts";
import { parseReceipt, type Receipt } from "../format/receipt.ts";
import { BEGIN_MESSAGE, BEGIN_SIGNATURE, END_SIGNATURE, LONE_CR } from "../../simplestreams/signed-text.ts";

/**
 * The text that a clear-signed block vouches for, and who signed it.
 * @throws JamError JAM_SIGNATURE_INVALID, JAM_SIGNER_UNKNOWN
 */
export type VerifyClearsigned = (
  text: string,
  name: string,
) => Promise<{ readonly text: string; readonly signature: { readonly fingerprint: string } }>;

export interface ReceiptPorts {
  readonly verify: VerifyClearsigned;
  /** Takes a receipt that nobody vouches for: whoever writes it decides what the next delta leaves out. */
  readonly allowUnsigned?: boolean;
}

/** A receipt whose signature holds, or one that was taken without. */
export interface ReadReceipt {
  readonly receipt: Receipt;
  /** Fingerprint; null for one that was taken unsigned. */
  readonly signedBy: string | null;
  /** As it was signed, without what surrounded it. */
  readonly text: string;
}

/**
 * The receipt in this text, signature first.
 * @throws JamError JAM_RECEIPT_INVALID, JAM_SIGNATURE_MISSING, JAM_SIGNATURE_INVALID, JAM_SIGNER_UNKNOWN
 */
export async function readReceipt(
  { name, text }: NamedText,
  { verify, allowUnsigned = false }: ReceiptPorts,
): Promise<ReadReceipt> {
  if (!isSigned(text)) {
    const receipt = parseReceipt({ name, text });
    if (!allowUnsigned) throw unsigned(name);
    return { receipt, signedBy: null, text };
  }
  const block = tidySignedBlock(text);
  const verified = await verify(block, name);
  return {
    receipt: parseReceipt({ name, text: verified.text }),
    signedBy: verified.signature.fingerprint,
    text: block,
  };
}

function unsigned(name: string): JamError {
  return new JamError("JAM_SIGNATURE_MISSING", `${name} carries no signature.`, {
    hint: "Make it on the far side with `jam bundle receipt` and without --unsigned; --allow-unsigned takes it as it is.",
    details: { file: name },
  });
}

/** An armour header: `Hash: SHA512`, `Comment: …`. */
const HEADER = /^[A-Z][A-Za-z-]*: /;

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

/** A receipt that changed nothing because it cannot be believed or read. */
export interface RefusedReceipt {
  /** As the operator named it. */
  readonly file: string;
  readonly error: JamError;
}

/** Receipts that were read, and those that were refused. */
export interface ReadReceipts {
  readonly receipts: readonly (ReadReceipt & { readonly file: string })[];
  readonly refused: readonly RefusedReceipt[];
}

/** Reads receipts one by one: one that is refused leaves the others alone. */
export async function readReceipts(texts: readonly NamedText[], ports: ReceiptPorts): Promise<ReadReceipts> {
  const receipts: (ReadReceipt & { file: string })[] = [];
  const refused: RefusedReceipt[] = [];
  for (const text of texts) {
    const answer = await orRefusal(text.name, () => readReceipt(text, ports));
    if ("error" in answer) refused.push(answer);
    else receipts.push({ ...answer.value, file: text.name });
  }
  return { receipts, refused };
}

/** The result of an action on a receipt, or why that receipt is refused. */
export async function orRefusal<T>(
  file: string,
  action: () => Promise<T>,
): Promise<RefusedReceipt | { readonly value: T }> {
  try {
    return { value: await action() };
  } catch (error) {
    if (!isJamError(error, "JAM_RECEIPT_INVALID") && !isOfFamily(error, "trust")) throw error;
    return { file, error };
  }
}

import type { NamedText } from "../../input/read-documents.ts";
import { isJamError, isOfFamily, JamError } from "../../shared/errors.ts";
import { BEGIN_MESSAGE, BEGIN_SIGNATURE, END_SIGNATURE, LONE_CR } from "../../simplestreams/signed-text.ts";
import { parseReceipt, type Receipt } from "../format/receipt.ts";

/**
 * The signed text of a clear-signed block, and who signed it.
 * @throws JamError JAM_SIGNATURE_INVALID, JAM_SIGNER_UNKNOWN
 */
export type VerifyClearsigned = (
  text: string,
  name: string,
) => Promise<{ readonly text: string; readonly signature: { readonly fingerprint: string } }>;

export interface ReceiptPorts {
  readonly verify: VerifyClearsigned;
  /** Accepts an unsigned receipt: anyone who can write one decides what the next delta leaves out. */
  readonly allowUnsigned?: boolean;
}

/** A receipt with a valid signature, or one that was accepted without. */
export interface ReadReceipt {
  readonly receipt: Receipt;
  /** Fingerprint; null for one that was accepted unsigned. */
  readonly signedBy: string | null;
  /** The signed block, without the text around it. */
  readonly text: string;
}

/**
 * The receipt in this text; its signature is checked before it is parsed.
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
  return new JamError("JAM_SIGNATURE_MISSING", `${name} is not signed.`, {
    hint: "Make it on the far side with `jam bundle receipt`, without --unsigned; --allow-unsigned accepts it.",
    details: { file: name },
  });
}

/** An armour header: `Hash: SHA512`, `Comment: …`. */
const HEADER = /^[A-Z][A-Za-z-]*: /;

/** True for a text that contains a clear-signed block, complete or truncated. */
export function isSigned(text: string): boolean {
  return lines(text).includes(BEGIN_MESSAGE);
}

/**
 * The clear-signed block of a receipt that was mailed, pasted or joined from several QR codes: the text around it and
 * added blank lines are removed (a receipt has no blank lines of its own). Changes nothing that the signature covers, and
 * does not check it. A text without a complete block is returned unchanged.
 */
export function tidySignedBlock(text: string): string {
  // Without it, an unsigned line end would be accepted; the check of the signature refuses it.
  if (LONE_CR.test(text)) return text;
  const all = lines(text);
  const begin = all.indexOf(BEGIN_MESSAGE);
  const end = all.indexOf(END_SIGNATURE, begin + 1);
  if (begin === -1 || end === -1) return text;
  const block = all.slice(begin, end + 1).filter((line) => line !== "");
  const tidy: string[] = [];
  let isHead = false;
  for (const line of block) {
    // The headers end with one blank line.
    if (isHead && !HEADER.test(line)) {
      tidy.push("");
      isHead = false;
    }
    tidy.push(line);
    if (line === BEGIN_MESSAGE || line === BEGIN_SIGNATURE) isHead = true;
  }
  return `${tidy.join("\n")}\n`;
}

/** Line ends and trailing blanks are not signed. Source: RFC 9580 §7.2 */
function lines(text: string): string[] {
  return text
    .replace(/^\u{feff}/u, "")
    .split(/\r?\n/)
    .map((line) => line.trimEnd());
}

/** A receipt that was refused because it is not trusted or cannot be read. */
export interface RefusedReceipt {
  /** As given on the command line. */
  readonly file: string;
  readonly error: JamError;
}

/** Receipts that were read, and those that were refused. */
export interface ReadReceipts {
  readonly receipts: readonly (ReadReceipt & { readonly file: string })[];
  readonly refused: readonly RefusedReceipt[];
}

/** Reads receipts one by one: one that is refused does not stop the others. */
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

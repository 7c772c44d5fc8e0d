import { JamError } from "../../shared/errors.ts";
import type { NamedText } from "../../input/read-documents.ts";
import { parseReceipt } from "../format/parse-receipt.ts";
import type { Receipt } from "../format/receipt.ts";
import { isSigned, tidySignedBlock } from "../format/signed-block.ts";

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

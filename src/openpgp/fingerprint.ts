import type { Key } from "openpgp";

/** Fingerprint of the primary key, upper-case hex without blanks. */
export function fingerprintOf(key: Key): string {
  return key.getFingerprint().toUpperCase();
}

/**
 * A fingerprint as OpenPGP tools print it, with or without blanks and `0x`: upper-case hex without blanks.
 * Undefined for anything else, short key ids too: those are easy to forge.
 */
export function parseFingerprint(text: string): string | undefined {
  const digits = text.replaceAll(/\s/g, "").replace(/^0x/i, "").toUpperCase();
  return /^(?:[0-9A-F]{40}|[0-9A-F]{64})$/.test(digits) ? digits : undefined;
}

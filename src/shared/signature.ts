/** Proof of origin of one document. */
export interface Signature {
  /** Fingerprint of the primary key, upper-case hex without blanks. */
  readonly fingerprint: string;
  readonly signedAt: Date;
  /** When the key expired, if it has by now: such a signature proves nothing about what is new. */
  readonly keyExpiredAt?: Date;
}

/**
 * A fingerprint or key id for people, who compare it in groups of four, as gpg prints it. JSON has it without blanks, and
 * `parseFingerprint` reads both.
 */
export function formatFingerprint(fingerprint: string): string {
  if (!/^[0-9A-Fa-f]{16,}$/.test(fingerprint)) return fingerprint;
  return fingerprint.replaceAll(/(.{4})(?=.)/g, "$1 ");
}

/** Several fingerprints for people, in one line. */
export function formatFingerprints(fingerprints: readonly string[]): string {
  return fingerprints.map(formatFingerprint).join(", ");
}

/** The end of "signed by …" for people; null is a document that nobody signed. */
export function formatSigner(fingerprint: string | null): string {
  return fingerprint === null ? "nobody" : formatFingerprint(fingerprint);
}

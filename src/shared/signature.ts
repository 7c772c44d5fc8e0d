/** Proof of origin of one document. */
export interface Signature {
  /** Fingerprint of the primary key, upper-case hex without blanks. */
  readonly fingerprint: string;
  readonly signedAt: Date;
  /** When the key expired, if it has by now: such a signature proves nothing about what is new. */
  readonly keyExpiredAt?: Date;
}

/** A fingerprint for people, who compare it in groups of four. `parseFingerprint` reads it back. */
export function formatFingerprint(fingerprint: string): string {
  return fingerprint.replaceAll(/(.{4})(?=.)/g, "$1 ");
}

/** Proof of origin of one document. */
export interface Signature {
  /** Fingerprint of the primary key, upper-case hex without blanks. */
  readonly fingerprint: string;
  readonly signedAt: Date;
}

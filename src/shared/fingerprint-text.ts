/** A fingerprint for people, who compare it in groups of four. `parseFingerprint` reads it back. */
export function formatFingerprint(fingerprint: string): string {
  return fingerprint.replaceAll(/(.{4})(?=.)/g, "$1 ");
}

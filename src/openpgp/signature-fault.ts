import { JamError } from "../shared/errors.ts";
import { formatFingerprint, formatFingerprints } from "../shared/signature.ts";
import { formatLocalTime } from "../shared/local-time.ts";

/** A signature that proves nothing; `name` is what carries it. */
export function invalidSignature(name: string, reason: string, cause?: unknown): JamError {
  return new JamError("JAM_SIGNATURE_INVALID", `${name}: the signature is not valid: ${reason}`, {
    hint: "It was changed or damaged in transit, or was never valid. Get it again from its maker.",
    details: { document: name, reason },
    cause,
  });
}

/** A signature of a key that is not trusted here. */
export function unknownSigner(name: string, signedBy: string, trusted: readonly string[]): JamError {
  const known = trusted.length === 0 ? "no key" : formatFingerprints(trusted);
  return new JamError(
    "JAM_SIGNER_UNKNOWN",
    `${name}: signed by key ${formatFingerprint(signedBy)}; trusted here: ${known}`,
    {
      hint: "Compare the fingerprint with its maker over a separate channel, for example by phone, then run: jam key trust FILE.",
      details: { document: name, signedBy, trusted },
    },
  );
}

/** A signature that is dated further ahead than clocks go wrong by themselves. */
export function futureSignature(name: string, signedAt: Date, now: Date): JamError {
  const reason = `it is dated ${formatLocalTime(signedAt)}, but the clock of this machine shows ${formatLocalTime(now)}`;
  return new JamError("JAM_SIGNATURE_INVALID", `${name}: the signature is not valid: ${reason}`, {
    hint: "Compare this machine's clock (timedatectl) with the maker's, set the one that is off, then try again.",
    details: { document: name, reason, signedAt: signedAt.toISOString(), clock: now.toISOString() },
  });
}

/** A signature from before its key expired: the holder of the key could have backdated it. */
export function expiredSigner(
  name: string,
  fingerprint: string,
  { signedAt, expiredAt, now }: { readonly signedAt: Date; readonly expiredAt: Date; readonly now: Date },
): JamError {
  const [signed, expired, clock] = [signedAt, expiredAt, now].map((date) => date.toISOString());
  return new JamError(
    "JAM_SIGNER_EXPIRED",
    `${name}: signed by key ${formatFingerprint(fingerprint)}, which expired on ${formatLocalTime(expiredAt)}; the signature says it was made before, on ${formatLocalTime(signedAt)}`,
    {
      hint: `Ask its maker for the renewed key (jam key trust FILE), or for a signature by the key that is in use now. If nothing is expired, set the clock of this machine, which shows ${formatLocalTime(now)}.`,
      details: { document: name, fingerprint, signedAt: signed, expiredAt: expired, clock },
    },
  );
}

/** A key of a signature that is known but does not count. */
export function uselessKey(name: string, fingerprint: string, reason: string): JamError {
  return new JamError(
    "JAM_SIGNATURE_INVALID",
    `${name}: the signature is not valid: its key ${formatFingerprint(fingerprint)} cannot be used: ${reason}`,
    {
      hint: "Ask its maker for the key that is in use now, and for a new signature.",
      details: { document: name, fingerprint, reason },
    },
  );
}

/** The error of OpenPGP, as the end of a sentence. */
export function reasonOf(cause: unknown): string {
  const first = cause instanceof AggregateError ? (cause.errors[0] as unknown) : cause;
  const reason = first instanceof Error ? first.message : String(first);
  return reason.replace(/^Error verifying signed message: /, "");
}

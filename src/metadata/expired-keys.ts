import type { UpstreamDocument } from "../upstream/source.ts";
import { JamError } from "../shared/errors.ts";
import type { Allowance } from "./freshness.ts";
import type { RememberedDocument } from "../mirror/upstream-state.ts";

/** What is accepted although its key has expired, and what has to be said about it. */
export interface ExpiredKeyVerdict {
  /** ISO 8601, to be recorded with the document; undefined where the key counted when the document was accepted. */
  readonly keyExpiredAt: string | undefined;
  readonly warning: string | undefined;
}

/**
 * Judges a document by its key's expiry. Whoever has an expired key can date a signature back, so it vouches for nothing
 * new; what was `accepted` before stays as it was.
 * @throws JamError JAM_METADATA_KEY_EXPIRED unless `expired-key` is allowed
 */
export function judgeExpiredKey(
  { url, path, sha256, signature }: UpstreamDocument,
  accepted: Pick<RememberedDocument, "sha256" | "keyExpiredAt"> | undefined,
  { allow, now }: { readonly allow: ReadonlySet<Allowance>; readonly now: Date },
): ExpiredKeyVerdict {
  if (accepted?.sha256 === sha256) return { keyExpiredAt: accepted.keyExpiredAt, warning: undefined };
  if (signature?.keyExpiredAt === undefined) return { keyExpiredAt: undefined, warning: undefined };
  const { fingerprint } = signature;
  const keyExpiredAt = signature.keyExpiredAt.toISOString();
  const what = `${url}: signed by key ${fingerprint}, which expired on ${keyExpiredAt}`;
  if (allow.has("expired-key")) {
    const warning = `${what}: whoever has that key can date a signature back. This is recorded in the snapshot.`;
    return { keyExpiredAt, warning };
  }
  const signedAt = signature.signedAt.toISOString();
  throw new JamError(
    "JAM_METADATA_KEY_EXPIRED",
    `${what}; the signature says it was made before, on ${signedAt}`,
    {
      hint: `If its owner renewed the key, set the file with the renewed key as the upstream's keyring. If nothing is expired, set the clock here, which says ${now.toISOString()}. If you trust an upstream that is not signed any more, repeat the command with --allow expired-key`,
      details: { path, fingerprint, signedAt, expiredAt: keyExpiredAt, now: now.toISOString() },
    },
  );
}

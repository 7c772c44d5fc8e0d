import type { Key, SignaturePacket, Subkey } from "openpgp";

import { reasonOf } from "./signature-fault.ts";
import { formatLocalTime } from "../shared/local-time.ts";

/** A trusted key, and the part of it that a signature names as its maker: the primary key or a subkey. */
export interface Signer {
  readonly key: Key;
  readonly part: Key | Subkey;
}

/** What a key that made a sound signature is worth. */
export type KeyStanding =
  | { readonly kind: "current" }
  /** It counted until then, and the signature was made before. */
  | { readonly kind: "expired"; readonly expiredAt: Date }
  /** It does not count, whenever it signed: revoked, too weak, not for signing, or not valid at that time. */
  | { readonly kind: "useless"; readonly reason: string };

/**
 * What the key of a signature is worth at `date`. The library asks whether a key counted when the signature was made,
 * and its maker may date that freely; here it also has to count at `date`.
 */
export async function standingOf(
  { key, part }: Signer,
  { created, issuerKeyID }: Pick<SignaturePacket, "created" | "issuerKeyID">,
  date: Date,
): Promise<KeyStanding> {
  const signedAt = created ?? date;
  if (key.getCreationTime() > signedAt || part.getCreationTime() > signedAt)
    return useless(`it was not valid yet when the signature was made, on ${formatLocalTime(signedAt)}`);
  const failure = await failureOf(key.getSigningKey(issuerKeyID, date));
  if (failure === undefined) return { kind: "current" };
  if ((await isRevoked(key, date)) || (await isRevoked(part, date))) return useless("it is revoked");
  const expiredAt = await expiryOf(key, part);
  if (expiredAt === undefined || expiredAt > date) return useless(reasonOf(failure));
  if (signedAt >= expiredAt)
    return useless(`it expired on ${formatLocalTime(expiredAt)}, before the signature was made`);
  // In its last second: a key whose expiry was put off has younger certificates than the signature, which is no fault.
  const lastSecond = new Date(expiredAt.getTime() - 1000);
  const earlierFailure = await failureOf(key.getSigningKey(issuerKeyID, lastSecond));
  return earlierFailure === undefined ? { kind: "expired", expiredAt } : useless(reasonOf(earlierFailure));
}

function useless(reason: string): KeyStanding {
  return { kind: "useless", reason };
}

/** When the key or its signing part expires, whichever is first; undefined when neither does. */
async function expiryOf(key: Key, part: Key | Subkey): Promise<Date | undefined> {
  const dates = [await key.getExpirationTime(), await part.getExpirationTime()];
  const times = dates.flatMap((date) => (date instanceof Date ? [date.getTime()] : []));
  return times.length === 0 ? undefined : new Date(Math.min(...times));
}

/** A revocation without a reason, or for a lost key, counts for all time; others from their date on. */
function isRevoked(part: Key | Subkey, date: Date): Promise<boolean> {
  // Any revocation counts, by whatever part of the key: the type of a subkey asks for both and does without.
  return part.isRevoked(undefined as never, undefined as never, date);
}

async function failureOf(operation: Promise<unknown>): Promise<unknown> {
  return operation.then(
    () => undefined,
    (error: unknown) => error ?? new Error("unknown"),
  );
}

import type { Key, SignaturePacket } from "openpgp";

import { isFarAhead } from "../shared/clock.ts";
import { isJamError } from "../shared/errors.ts";
import { splitSignedText } from "../simplestreams/signed-text.ts";
import {
  BINARY,
  checkSignature,
  namedSigner,
  requireHash,
  signersOf,
  TEXT,
  type SignedContent,
  type SoundSignature,
} from "./check-signature.ts";
import { canonicalBytes, readPackets } from "./verify-clearsigned.ts";
import { fingerprintOf } from "./fingerprint.ts";
import {
  reasonOf,
  expiredSigner,
  futureSignature,
  invalidSignature,
  unknownSigner,
  uselessKey,
} from "./signature-fault.ts";

/** Who signed, and when. */
export interface VerifiedSignature {
  /** Of the primary key, upper-case hex without blanks. */
  readonly fingerprint: string;
  /** What the key's owner calls it; text from outside. */
  readonly userId: string;
  readonly signedAt: Date;
  /** When the key expired; only where expired keys were allowed. */
  readonly keyExpiredAt?: Date;
}

/** What a signature is judged by. */
export interface Trust {
  readonly keys: readonly Key[];
  readonly now: Date;
  /** Accepts what a key signed before it expired. Default false: a signature can be dated back. */
  readonly allowsExpiredKey?: boolean;
}

/**
 * Who signed `bytes`: one detached signature by one trusted key that counts today.
 * @throws JamError JAM_SIGNATURE_INVALID, JAM_SIGNER_UNKNOWN, JAM_SIGNER_EXPIRED
 */
export function verifyDetachedSignature(
  bytes: Uint8Array,
  armoredSignature: string,
  name: string,
  trust: Trust,
): Promise<VerifiedSignature> {
  return refusing(name, async () => {
    const packet = onlyPacket(await readPackets(armoredSignature));
    return judge(packet, { bytes, kinds: [BINARY] }, name, trust);
  });
}

/**
 * The text of one clear-signed block, ended by a line feed, and who signed it: one signature by one trusted key that
 * counts today. Text around the block is refused. The text is the one that `splitSignedText` reads, and it is what is
 * hashed.
 * @throws JamError JAM_SIGNATURE_INVALID, JAM_SIGNER_UNKNOWN, JAM_SIGNER_EXPIRED
 */
export function verifySignedText(
  document: string,
  name: string,
  trust: Trust,
): Promise<{ readonly text: string; readonly signature: VerifiedSignature }> {
  return refusing(name, async () => {
    const { text, hashes, signature } = splitSignedText(document, name);
    const packet = onlyPacket(await readPackets(signature));
    requireHash(packet, hashes);
    const content = { bytes: canonicalBytes(text), kinds: [TEXT] };
    return { text: `${text}\n`, signature: await judge(packet, content, name, trust) };
  });
}

/** All errors become errors of jam: the library throws many kinds of errors on unexpected bytes. */
async function refusing<T>(name: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (cause) {
    if (isJamError(cause, "JAM_SIGNATURE_INVALID", "JAM_SIGNER_UNKNOWN", "JAM_SIGNER_EXPIRED")) throw cause;
    throw invalidSignature(name, reasonOf(cause).replace(`${name} `, ""), cause);
  }
}

async function judge(
  packet: SignaturePacket,
  content: SignedContent,
  name: string,
  { keys, now, allowsExpiredKey = false }: Trust,
): Promise<VerifiedSignature> {
  const signers = signersOf(packet, keys);
  if (signers.length === 0) throw unknownSigner(name, namedSigner(packet), keys.map(fingerprintOf));
  const sound = await checkSignature(packet, content, { signers, now });
  const { fingerprint, signedAt, standing } = sound;
  if (isFarAhead(signedAt, now)) throw futureSignature(name, signedAt, now);
  if (standing.kind === "useless") throw uselessKey(name, fingerprint, standing.reason);
  if (standing.kind === "expired" && !allowsExpiredKey)
    throw expiredSigner(name, fingerprint, { signedAt, expiredAt: standing.expiredAt, now });
  return {
    fingerprint,
    userId: await userIdOf(sound, now),
    signedAt,
    ...(standing.kind === "expired" ? { keyExpiredAt: standing.expiredAt } : {}),
  };
}

function onlyPacket([packet, ...others]: readonly SignaturePacket[]): SignaturePacket {
  if (packet === undefined) throw new Error("it is empty");
  if (others.length > 0) throw new Error(`there are ${others.length + 1} of them, not one`);
  return packet;
}

async function userIdOf({ key, signedAt, standing }: SoundSignature, now: Date): Promise<string> {
  // An expired key has no name any more: the one that it signed with counts.
  const date = standing.kind === "expired" || signedAt > now ? signedAt : now;
  const user = await key.getPrimaryUser(date).catch(() => undefined);
  return user?.user.userID?.userID ?? "";
}

import type { Key, SignaturePacket } from "openpgp";

import { fingerprintOf } from "./fingerprint.ts";
import { standingOf, type KeyStanding, type Signer } from "./key-standing.ts";

/**
 * RFC 9580 §5.2.1. Kinds such as 0x02, which covers nothing at all, are not left to the library to refuse. A clear-signed
 * text may have either, a file only the first: one of a text fits bytes with other line ends, too.
 */
export const BINARY = 0x00;
export const TEXT = 0x01;

/** A signature whose bytes fit, by a trusted key. */
export interface SoundSignature {
  readonly key: Key;
  /** Of the primary key, upper-case hex. */
  readonly fingerprint: string;
  readonly signedAt: Date;
  readonly standing: KeyStanding;
}

/**
 * The trusted keys that a signature names as its maker. Usually one or none: key ids can be made to collide, and a key
 * may claim another one as its subkey.
 */
export function signersOf({ issuerKeyID }: SignaturePacket, keys: readonly Key[]): Signer[] {
  // A signature that names no key would fit them all.
  if (/^0*$/.test(issuerKeyID.toHex())) return [];
  return keys.flatMap((key) => key.getKeys(issuerKeyID).map((part) => ({ key, part })));
}

/** Who is named, as far as the signature tells: people compare fingerprints, an old one has the last 16 digits only. */
export function namedSigner({ issuerFingerprint, issuerKeyID }: SignaturePacket): string {
  const known =
    issuerFingerprint === null ? issuerKeyID.toHex() : Buffer.from(issuerFingerprint).toString("hex");
  return known.toUpperCase() || "unknown";
}

/** RFC 9580 §9.5: those that a `Hash` header can name. */
const HASH_NAMES: ReadonlyMap<number, string> = new Map([
  [2, "SHA1"],
  [3, "RIPEMD160"],
  [8, "SHA256"],
  [9, "SHA384"],
  [10, "SHA512"],
  [11, "SHA224"],
]);

/**
 * Readers that hash while they read, as gpg does, go by the headers of the text.
 * @throws Error whose message ends the sentence "the signature is not valid: …"
 */
export function requireHash({ hashAlgorithm }: SignaturePacket, headers: readonly string[]): void {
  const name = HASH_NAMES.get(hashAlgorithm ?? 0) ?? `hash ${hashAlgorithm}`;
  if (!headers.includes(name)) throw new Error(`it was made with ${name}, which no Hash header names`);
}

export interface SignedContent {
  /** Exactly what is hashed. */
  readonly bytes: Uint8Array;
  /** The kinds of signature that may cover it. */
  readonly kinds: readonly number[];
}

/**
 * Checks one signature over `bytes` by one of `signers`, and what its key is worth at `now`, or at the time of the
 * signature when that is later: a clock of ours that runs behind must not look like a forgery.
 * @throws Error whose message ends the sentence "the signature is not valid: …"
 */
export async function checkSignature(
  packet: SignaturePacket,
  { bytes, kinds }: SignedContent,
  { signers, now }: { readonly signers: readonly Signer[]; readonly now: Date },
): Promise<SoundSignature> {
  const { signatureType, created } = packet;
  if (signatureType === null || !kinds.includes(signatureType))
    throw new Error("it is of a kind that signs something else");
  if (created === null) throw new Error("it does not say when it was made");
  const { config } = await import("openpgp");
  const date = created > now ? created : now;
  // What the library hashes is what this gives out: nothing reads the text a second time.
  const content = { text: null, getBytes: () => bytes };
  let failure: unknown;
  for (const signer of signers) {
    try {
      await packet.verify(signer.part.keyPacket, signatureType, content, date, true, config);
      const standing = await standingOf(signer, packet, date);
      return { key: signer.key, fingerprint: fingerprintOf(signer.key), signedAt: created, standing };
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

import type { Key, PartialConfig, Signature as OpenSignature, SignaturePacket } from "openpgp";

import { isFarAhead } from "../shared/clock.ts";
import { isJamError } from "../shared/errors.ts";
import { splitSignedText } from "../simplestreams/signed-text.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { reasonOf } from "./reason.ts";
import { futureSignature, invalidSignature, unknownSigner, uselessKey } from "./signature-fault.ts";

/** Who signed, and when. */
export interface VerifiedSignature {
  /** Of the primary key, upper-case hex without blanks. */
  readonly fingerprint: string;
  /** What the key's owner calls it; text from outside. */
  readonly userId: string;
  readonly signedAt: Date;
}

/** What a signature is judged by. */
export interface Trust {
  readonly keys: readonly Key[];
  readonly now: Date;
}

/** Armour of one signature is some hundred characters; a key of 16 384 bits makes 3 000. */
const MAX_ARMOR_CHARACTERS = 65_536;

/**
 * RFC 9580 §5.2.1. A signature of a text fits bytes with other line ends too, so it proves nothing about bytes; kinds
 * such as 0x02, which covers nothing at all, are not left to the library to refuse.
 */
const BINARY = 0x00;
const TEXT = 0x01;

/**
 * A key whose expiry was put off has younger certificates than what it signed before, and that is no fault. Whether the
 * key counts today is asked separately.
 */
const CONFIG: PartialConfig = { allowInsecureVerificationWithReformattedKeys: true };

/**
 * Who signed `bytes`: one detached signature by one trusted key that counts today.
 * @throws JamError JAM_SIGNATURE_INVALID, JAM_SIGNER_UNKNOWN
 */
export function verifyDetachedSignature(
  bytes: Uint8Array,
  armoredSignature: string,
  name: string,
  trust: Trust,
): Promise<VerifiedSignature> {
  return refusing(name, async () => {
    requireOneBlock(armoredSignature, name);
    const { createMessage, readSignature, verify } = await import("openpgp");
    const signature = await readSignature({ armoredSignature });
    return judge(onlyPacket(signature, BINARY, name), name, trust, async (verificationKeys, date) => {
      const message = await createMessage({ binary: bytes });
      const options = { verificationKeys, date, expectSigned: true, config: CONFIG };
      await verify({ message, signature, format: "binary", ...options });
    });
  });
}

/**
 * The text of one clear-signed block, ended by a line feed, and who signed it: one signature by one trusted key that
 * counts today. Text around the block is refused.
 * @throws JamError JAM_SIGNATURE_INVALID, JAM_SIGNER_UNKNOWN
 */
export function verifySignedText(
  document: string,
  name: string,
  trust: Trust,
): Promise<{ readonly text: string; readonly signature: VerifiedSignature }> {
  return refusing(name, async () => {
    const parts = splitSignedText(document, name);
    const { readCleartextMessage, verify } = await import("openpgp");
    const message = await readCleartextMessage({ cleartextMessage: document });
    // The packets are there before verification, but the type does not name them.
    const { signature } = message as unknown as { readonly signature: OpenSignature };
    let text = "";
    const verified = await judge(
      onlyPacket(signature, TEXT, name),
      name,
      trust,
      async (verificationKeys, date) => {
        text = (await verify({ message, verificationKeys, date, expectSigned: true, config: CONFIG })).data;
      },
    );
    if (text !== parts.text) throw invalidSignature(name, "it can be read in two ways");
    return { text: `${text}\n`, signature: verified };
  });
}

/** Whatever goes wrong is said in our words: the library throws all kinds of errors on bytes that nobody foresaw. */
async function refusing<T>(name: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (cause) {
    if (isJamError(cause, "JAM_SIGNATURE_INVALID", "JAM_SIGNER_UNKNOWN")) throw cause;
    throw invalidSignature(name, reasonOf(cause).replace(`${name} `, ""), cause);
  }
}

async function judge(
  packet: SignaturePacket,
  name: string,
  { keys, now }: Trust,
  verify: (keys: Key[], date: Date) => Promise<void>,
): Promise<VerifiedSignature> {
  const { issuerKeyID, issuerFingerprint, created } = packet;
  if (created === null) throw invalidSignature(name, "it does not say when it was made");
  const candidates = keys.filter((key) => key.getKeys(issuerKeyID).length > 0);
  if (candidates.length === 0) {
    // People compare fingerprints; an old signature may tell no more than the last 16 digits of it.
    const known =
      issuerFingerprint === null ? issuerKeyID.toHex() : Buffer.from(issuerFingerprint).toString("hex");
    const signedBy = known.toUpperCase() || "unknown";
    throw unknownSigner(name, signedBy, keys.map(fingerprintOf));
  }
  if (isFarAhead(created, now)) throw futureSignature(name, created, now);
  // A clock of ours that runs behind must not look like a forgery.
  const date = created > now ? created : now;
  let failure: unknown;
  // Usually one: key ids can be made to collide, and a key may claim another one as its subkey.
  for (const key of candidates) {
    try {
      await requireCurrent(key, packet, name, date);
      await verify([key], date);
      return { fingerprint: fingerprintOf(key), userId: await userIdOf(key, date), signedAt: created };
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

/** The library asks whether the key counted when the signature was made, and its maker may date that freely. */
async function requireCurrent(key: Key, packet: SignaturePacket, name: string, date: Date): Promise<void> {
  await key.getSigningKey(packet.issuerKeyID, date).catch((cause: unknown) => {
    throw uselessKey(name, fingerprintOf(key), reasonOf(cause), cause);
  });
}

function onlyPacket(signature: OpenSignature, kind: number, name: string): SignaturePacket {
  const [packet, ...others] = [...signature.packets];
  if (packet === undefined) throw invalidSignature(name, "it is empty");
  if (others.length > 0) throw invalidSignature(name, `there are ${others.length + 1} of them, not one`);
  const actual: number | null = packet.signatureType;
  if (actual !== kind) throw invalidSignature(name, "it is of a kind that signs something else");
  return packet;
}

function requireOneBlock(armored: string, name: string): void {
  if (armored.length > MAX_ARMOR_CHARACTERS) throw invalidSignature(name, "it is too large to be one");
  const text = armored.trim();
  if (text === "") throw invalidSignature(name, "it is empty");
  const isOne =
    text.startsWith("-----BEGIN PGP SIGNATURE-----") &&
    text.endsWith("-----END PGP SIGNATURE-----") &&
    text.lastIndexOf("-----BEGIN") === 0;
  if (!isOne) throw invalidSignature(name, "it is not one OpenPGP signature");
}

async function userIdOf(key: Key, date: Date): Promise<string> {
  const user = await key.getPrimaryUser(date).catch(() => undefined);
  return user?.user.userID?.userID ?? "";
}

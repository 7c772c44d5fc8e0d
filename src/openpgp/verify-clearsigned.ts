import type { Key, SignaturePacket } from "openpgp";
import { isFarAhead } from "../shared/clock.ts";
import { type ErrorCode, JamError } from "../shared/errors.ts";
import { splitSignedText } from "../simplestreams/signed-text.ts";
import { readSignatureArmor, readSignaturePackets } from "./read-signature.ts";
import {
  BINARY,
  type SoundSignature,
  TEXT,
  checkSignature,
  namedSigner,
  requireHash,
  signersOf,
} from "./check-signature.ts";
import { fingerprintOf } from "./fingerprint.ts";
import type { Signer } from "./key-standing.ts";
import type { Keyring } from "./keyring.ts";
import { reasonOf } from "./signature-fault.ts";
import type { Signature } from "../shared/signature.ts";
import { formatFingerprint, formatFingerprints } from "../shared/signature.ts";
import { formatLocalTime } from "../shared/local-time.ts";

/** What a good signature vouches for. */
export interface VerifiedText {
  readonly text: string;
  readonly signature: Signature;
}

/** A signature that names a trusted key as its maker. */
interface KnownSignature {
  readonly packet: SignaturePacket;
  readonly signers: readonly Signer[];
}

/**
 * The signed text of one clear-signed document, or the reason why it is not trusted. The text is the one that
 * `splitSignedText` reads, and it is what is hashed: no other reader takes part. Every signature that names a trusted
 * key has to hold, one for each key; those of keys that are not known here are passed over
 * (docs/decisions/0005-strict-signatures.md).
 * @throws JamError JAM_METADATA_SIGNATURE_INVALID, JAM_METADATA_KEY_UNKNOWN, JAM_METADATA_FUTURE
 */
export async function verifyClearsigned(
  document: string,
  name: string,
  keyring: Keyring,
  now: number,
): Promise<VerifiedText> {
  const { text, hashes, signature } = splitSignedText(document, name);
  const keys = await readKeys(keyring);
  const packets = await readPackets(signature).catch((cause: unknown) => {
    throw distrust(name, reasonOf(cause), cause);
  });
  const known = knownSignatures(packets, keys);
  if (known.length === 0) throw unknownKey(name, packets, keyring);
  const content = { bytes: canonicalBytes(text), kinds: [TEXT, BINARY] };
  const sound: SoundSignature[] = [];
  try {
    requireOneEach(known);
    for (const { packet, signers } of known) {
      requireHash(packet, hashes);
      sound.push(await checkSignature(packet, content, { signers, now: new Date(now) }));
    }
  } catch (cause) {
    throw distrust(name, reasonOf(cause), cause);
  }
  for (const { signedAt } of sound) {
    if (isFarAhead(signedAt, new Date(now))) throw futureSignature(name, signedAt, now);
  }
  return { text, signature: strongest(sound, name) };
}

/** The bytes that a signature over a text covers: line ends of two bytes, none at the end. Source: RFC 9580 §7.2 */
export function canonicalBytes(text: string): Uint8Array {
  return Buffer.from(text.replaceAll("\n", "\r\n"));
}

/**
 * The keys of a keyring as the library has them.
 * @throws Error never for a keyring of ours, which was read before
 */
export async function readKeys(keyring: Keyring): Promise<Key[]> {
  const openpgp = await import("openpgp");
  const keys: Key[] = [];
  for (const binaryKeys of keyring.keys)
    keys.push(...(await openpgp.readKeys({ binaryKeys: Uint8Array.from(binaryKeys) })));
  return keys;
}

/**
 * The signatures in an armoured block.
 * @throws Error whose message ends the sentence "the signature is not valid: …"
 */
export async function readPackets(armored: string): Promise<SignaturePacket[]> {
  return readSignaturePackets(readSignatureArmor(armored));
}

function knownSignatures(packets: readonly SignaturePacket[], keys: readonly Key[]): KnownSignature[] {
  return packets
    .map((packet) => ({ packet, signers: signersOf(packet, keys) }))
    .filter(({ signers }) => signers.length > 0);
}

/** Which of two signatures by one key counts would depend on who reads; whoever relays a document can append one. */
function requireOneEach(known: readonly KnownSignature[]): void {
  const seen = new Set<string>();
  for (const { signers } of known) {
    const own = new Set(signers.map(({ key }) => fingerprintOf(key)));
    const twice = [...own].find((fingerprint) => seen.has(fingerprint));
    if (twice !== undefined)
      throw new Error(`there are several by key ${formatFingerprint(twice)}, and one is allowed`);
    for (const fingerprint of own) seen.add(fingerprint);
  }
}

/** The signature that vouches best: by a key that counts today, else by one that has expired since. */
function strongest(sound: readonly SoundSignature[], name: string): Signature {
  const current = sound.find(({ standing }) => standing.kind === "current");
  if (current !== undefined) return { fingerprint: current.fingerprint, signedAt: current.signedAt };
  for (const { fingerprint, signedAt, standing } of sound) {
    if (standing.kind === "expired") return { fingerprint, signedAt, keyExpiredAt: standing.expiredAt };
  }
  const [first] = sound;
  const why = first?.standing.kind === "useless" ? first.standing.reason : "unknown";
  throw distrust(
    name,
    `its key ${formatFingerprint(first?.fingerprint ?? "unknown")} does not count: ${why}`,
  );
}

function unknownKey(name: string, packets: readonly SignaturePacket[], keyring: Keyring): JamError {
  const signedBy = packets.map(namedSigner);
  return new JamError(
    "JAM_METADATA_KEY_UNKNOWN",
    `${name}: signed by key ${formatFingerprints(signedBy)}; trusted here: ${formatFingerprints(keyring.fingerprints)}`,
    {
      hint: "If that key is right for this upstream, set its file as the upstream's keyring.",
      details: { document: name, signedBy, trusted: keyring.fingerprints },
    },
  );
}

function futureSignature(name: string, date: Date, now: number): JamError {
  const signedAt = date.toISOString();
  const clock = new Date(now).toISOString();
  return new JamError(
    "JAM_METADATA_FUTURE",
    `${name}: signed at ${formatLocalTime(date)}, but the clock of this machine shows ${formatLocalTime(new Date(now))}`,
    {
      hint: "Set this machine's clock (timedatectl), then run the same command again.",
      details: { document: name, signedAt, clock },
    },
  );
}

function distrust(name: string, reason: string, cause?: unknown): JamError {
  const code: ErrorCode = "JAM_METADATA_SIGNATURE_INVALID";
  return new JamError(code, `${name}: the signature is not valid: ${reason}`, {
    hint: "Nothing was published. Try again later or from another network; if the problem persists, tell the upstream's operator.",
    details: { document: name, reason },
    cause,
  });
}

/**
 * The text of a clear-signed block, as Juju believes it: the first signature by a known key decides, whatever follows
 * it. Revoked keys are unknown. The expiry of a key, the date of a signature, the `Hash` header and the armour's checksum
 * are not looked at, and packets of unknown kinds are passed over.
 * Source: golang.org/x/crypto/openpgp CheckDetachedSignature, EntityList.KeysByIdUsage, packet.Reader.Next
 * @throws JamError JAM_METADATA_UNSIGNED, JAM_METADATA_SIGNATURE_INVALID; Error with the reason
 */
export async function verifyAsJuju(block: string, name: string, keyring: Keyring): Promise<string> {
  const { text, signature: armoredSignature } = splitSignedText(block, name);
  const { readSignature, SignaturePacket } = await import("openpgp");
  const keys = await readKeys(keyring);
  for (const packet of (await readSignature({ armoredSignature })).packets) {
    if (!(packet instanceof SignaturePacket)) continue;
    const signers = signersOf(packet, keys).filter(({ key }) => key.revocationSignatures.length === 0);
    if (signers.length === 0) continue;
    const content = { bytes: canonicalBytes(text), kinds: [TEXT, BINARY] };
    await checkSignature(packet, content, { signers, now: packet.created ?? new Date() });
    return text;
  }
  throw new Error("signed by an unknown key");
}

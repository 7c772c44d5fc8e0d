import type { PartialConfig, PrivateKey } from "openpgp";

import { JamError } from "../shared/errors.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { reasonOf } from "./signature-fault.ts";

/** The key that this side signs with. */
export interface SigningKey {
  /** Of the primary key, upper-case hex without blanks. */
  readonly fingerprint: string;
  readonly userId: string;
  readonly createdAt: Date;
  readonly publicKeyArmored: string;
  /**
   * Armoured detached signature; the same bytes for the same input and date. A date before the key was made becomes
   * the moment when it was made: nobody would believe an older one.
   * @throws JamError JAM_KEYRING_INVALID when the key may not sign at that date
   */
  signDetached(bytes: Uint8Array, signedAt: Date): Promise<string>;
  /**
   * Clear-signed text with LF line ends; the date is taken as above. Blanks at line ends are not signed, so a reader
   * does not get them back, and gpg refuses lines of 20 000 characters.
   * @throws JamError JAM_KEYRING_INVALID when the key may not sign at that date
   */
  clearSign(text: string, signedAt: Date): Promise<string>;
}

/** Without the random note that the library puts into each signature otherwise: equal input gives equal bytes. */
const CONFIG: PartialConfig = { nonDeterministicSignaturesViaNotation: false };

/**
 * A new secret key, armoured: Ed25519 in the form that every gpg since 2.1 verifies, for signing alone, without expiry
 * and without passphrase, because cron cannot enter one.
 */
export async function generateSecretKey(userId: string, createdAt: Date): Promise<string> {
  const { generateKey } = await import("openpgp");
  const { privateKey } = await generateKey({
    type: "ecc",
    curve: "ed25519Legacy",
    userIDs: [{ name: userId }],
    subkeys: [],
    date: createdAt,
    format: "armored",
    config: CONFIG,
  });
  return privateKey;
}

/**
 * The signing key in `armoredKey`; `name` is for messages.
 * @throws JamError JAM_KEYRING_INVALID
 */
export async function readSigningKey(armoredKey: string, name: string): Promise<SigningKey> {
  const { readPrivateKey } = await import("openpgp");
  const key = await readPrivateKey({ armoredKey }).catch((cause: unknown) => {
    throw invalid(name, `it contains no secret key: ${reasonOf(cause)}`, cause);
  });
  if (!key.isDecrypted()) throw invalid(name, "its key is protected by a passphrase, which cron cannot type");
  return createSigningKey(key, name);
}

function createSigningKey(key: PrivateKey, name: string): SigningKey {
  const createdAt = key.getCreationTime();
  const options = (signedAt: Date) => ({
    signingKeys: key,
    date: signedAt < createdAt ? createdAt : signedAt,
    format: "armored" as const,
    config: CONFIG,
  });
  const refused = (cause: unknown) => {
    throw invalid(name, `its key may not sign: ${reasonOf(cause)}`, cause);
  };
  return {
    fingerprint: fingerprintOf(key),
    userId: key.getUserIDs()[0] ?? "",
    createdAt,
    publicKeyArmored: toUnix(key.toPublic().armor()),
    async signDetached(bytes, signedAt) {
      const { createMessage, sign } = await import("openpgp");
      const message = await createMessage({ binary: bytes });
      return toUnix(await sign({ message, detached: true, ...options(signedAt) }).catch(refused));
    },
    async clearSign(text, signedAt) {
      const { createCleartextMessage, sign } = await import("openpgp");
      // The library keeps the text's last line end as a line of its own, and takes no empty text; a blank is one to it.
      const message = await createCleartextMessage({ text: text.replace(/\r?\n$/, "") || " " });
      return toUnix(await sign({ message, ...options(signedAt) }).catch(refused));
    },
  };
}

function toUnix(text: string): string {
  return text.replaceAll("\r\n", "\n");
}

function invalid(name: string, reason: string, cause?: unknown): JamError {
  return new JamError("JAM_KEYRING_INVALID", `Signing key ${name}: ${reason}`, {
    hint: "Restore the file from a backup, or move it away and run `jam key generate`.",
    details: { keyring: name, reason },
    cause,
  });
}

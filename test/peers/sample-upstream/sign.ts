import type { PrivateKey } from "openpgp";

/** A key pair that signs a sample tree. */
export interface SampleKey {
  readonly privateKey: PrivateKey;
  /** Armoured public key: what `--keyring` reads. */
  readonly publicKeyArmored: string;
  /** Upper-case hex of the primary key. */
  readonly fingerprint: string;
}

const keys = new Map<string, Promise<SampleKey>>();

/**
 * A fresh RSA 3072 key, since Juju's OpenPGP code verifies RSA only. One per `name` and process: making one is slow.
 */
export function generateSampleKey(name = "sample"): Promise<SampleKey> {
  let key = keys.get(name);
  if (key === undefined) {
    key = makeKey(name);
    keys.set(name, key);
  }
  return key;
}

async function makeKey(name: string): Promise<SampleKey> {
  const { generateKey, readPrivateKey } = await import("openpgp");
  const { privateKey, publicKey } = await generateKey({
    type: "rsa",
    rsaBits: 3072,
    userIDs: [{ name: `Sample upstream (${name})`, email: "sample@example.invalid" }],
    // Old enough to sign documents that claim to be old.
    date: new Date("2013-10-03T00:00:00Z"),
    format: "armored",
  });
  const parsed = await readPrivateKey({ armoredKey: privateKey });
  const fingerprint = parsed.getFingerprint().toUpperCase();
  return { privateKey: parsed, publicKeyArmored: publicKey, fingerprint };
}

/**
 * The clear-signed form of a text, as `gpg --clearsign` writes it: LF line ends and no line added.
 * The library ends body lines with CRLF and keeps the text's last newline as a line of its own, hence the two changes.
 */
export async function clearSign(text: string, key: SampleKey, signedAt: Date): Promise<string> {
  const { createCleartextMessage, sign } = await import("openpgp");
  const message = await createCleartextMessage({ text: text.replace(/\n$/, "") });
  const signed = await sign({ message, signingKeys: key.privateKey, date: signedAt, format: "armored" });
  return signed.replaceAll("\r\n", "\n");
}

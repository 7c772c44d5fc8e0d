import type { CleartextMessage, Key, VerifyMessageResult } from "openpgp";

import { MAX_SKEW_MS } from "../shared/clock.ts";
import { JamError, type ErrorCode } from "../shared/errors.ts";
import type { Keyring } from "./keyring.ts";
import { reasonOf } from "./reason.ts";
import type { Signature } from "./signature.ts";

/** What a good signature vouches for. */
export interface VerifiedText {
  readonly text: string;
  readonly signature: Signature;
}

/**
 * The signed text of one clear-signed document, or the reason why it is not trusted. Only what the signature
 * covers comes back, never what surrounds it. Source: RFC 9580 §7
 * @throws JamError JAM_METADATA_SIGNATURE_INVALID, JAM_METADATA_KEY_UNKNOWN, JAM_METADATA_FUTURE
 */
export async function verifyClearsigned(
  document: string,
  name: string,
  keyring: Keyring,
  now: number,
): Promise<VerifiedText> {
  const openpgp = await import("openpgp");
  const keys: Key[] = [];
  for (const binaryKeys of keyring.keys)
    keys.push(...(await openpgp.readKeys({ binaryKeys: Uint8Array.from(binaryKeys) })));
  const message = await openpgp
    .readCleartextMessage({ cleartextMessage: document })
    .catch((cause: unknown) => {
      throw distrust(name, "its OpenPGP block is damaged", cause);
    });
  requireKnownKey(message, keys, keyring, name);
  // A clock of ours that runs behind must not look like a forgery; the skew is judged below, by its own name.
  const date = new Date(now + MAX_SKEW_MS);
  const result = await openpgp
    .verify({ message, verificationKeys: keys, expectSigned: true, date })
    .catch(async (cause: unknown) => {
      throw isFromFuture(message, now)
        ? futureSignature(message, name, now, cause)
        : distrust(name, reasonOf(cause), cause);
    });
  return { text: result.data, signature: await describeSignature(result, keys, name) };
}

function requireKnownKey(
  message: CleartextMessage,
  keys: readonly Key[],
  keyring: Keyring,
  name: string,
): void {
  const signers = message.getSigningKeyIDs();
  if (signers.length === 0) throw distrust(name, "its OpenPGP block holds no signature");
  if (signers.some((id) => keys.some((key) => key.getKeys(id).length > 0))) return;
  const signedBy = signers.map((id) => id.toHex().toUpperCase());
  throw new JamError(
    "JAM_METADATA_KEY_UNKNOWN",
    `${name}: signed by key ${signedBy.join(", ")}; trusted here: ${keyring.fingerprints.join(", ")}`,
    {
      hint: "If that key is right for this upstream, set the file that holds it as the upstream's keyring.",
      details: { document: name, signedBy, trusted: keyring.fingerprints },
    },
  );
}

/** Fingerprint and date of the first signature that holds. */
async function describeSignature(
  result: VerifyMessageResult,
  keys: readonly Key[],
  name: string,
): Promise<Signature> {
  for (const { keyID, verified, signature } of result.signatures) {
    const holds = await verified.catch(() => false);
    const created = (await signature).packets[0]?.created;
    const key = keys.find((each) => each.getKeys(keyID).length > 0);
    if (holds && key !== undefined && created instanceof Date) {
      return { fingerprint: key.getFingerprint().toUpperCase(), signedAt: created };
    }
  }
  throw distrust(name, "no signature holds");
}

function creationDates(message: CleartextMessage): Date[] {
  // The packets are there before verification, but only the type of a verified signature names them.
  const { signature } = message as unknown as { signature: { packets: Iterable<{ created: Date | null }> } };
  return [...signature.packets].flatMap(({ created }) => created ?? []);
}

function isFromFuture(message: CleartextMessage, now: number): boolean {
  const dates = creationDates(message);
  return dates.length > 0 && dates.every((date) => date.getTime() > now + MAX_SKEW_MS);
}

function futureSignature(message: CleartextMessage, name: string, now: number, cause: unknown): JamError {
  const signedAt = creationDates(message)[0]?.toISOString() ?? "unknown";
  const clock = new Date(now).toISOString();
  return new JamError(
    "JAM_METADATA_FUTURE",
    `${name}: signed at ${signedAt}, but the clock here says ${clock}`,
    {
      hint: "Set this machine's clock (timedatectl), then run the same command again.",
      details: { document: name, signedAt, clock },
      cause,
    },
  );
}

function distrust(name: string, reason: string, cause?: unknown): JamError {
  const code: ErrorCode = "JAM_METADATA_SIGNATURE_INVALID";
  return new JamError(code, `${name}: the signature does not hold: ${reason}`, {
    hint: "Nothing was published. Try again later or from another network; if it stays so, tell the upstream's operator.",
    details: { document: name, reason },
    cause,
  });
}

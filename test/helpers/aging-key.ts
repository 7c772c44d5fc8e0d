/**
 * One key at several times of its life, for signatures that were good once.
 *
 * ```ts
 * const key = await makeAgingKey();                          // made a month ago, without expiry
 * const tree = await buildSampleTree({ key, now: daysAgo(2) });
 * await writeFile("key.asc", await key.expired(daysAgo(1))); // the same key, as its owner publishes it now
 * ```
 */
import { enums, generateKey, readKey, readPrivateKey, reformatKey, revokeKey } from "openpgp";
import type { SampleKey } from "../peers/sample-upstream/sign.ts";

const DAY_MS = 86_400_000;

/** A moment in the past. */
export const daysAgo = (days: number): Date =>
  new Date(Math.floor((Date.now() - days * DAY_MS) / 1000) * 1000);

export interface AgingKey extends SampleKey {
  /** The public key with an expiry at that date. */
  expired(at: Date): Promise<string>;
  /** The public key, revoked at that date: because another took its place, or because somebody else has it. */
  revoked(at: Date, reason?: "superseded" | "compromised"): Promise<string>;
}

const userIDs = [{ name: "Aging" }];

/** A key made a month ago. `rsa` is slower to make; Juju's own code knows no other. */
export async function makeAgingKey(type: "ecc" | "rsa" = "ecc"): Promise<AgingKey> {
  const createdAt = daysAgo(30);
  const made = await generateKey({
    ...(type === "rsa" ? { type, rsaBits: 2048 } : { type, curve: "ed25519Legacy" as const }),
    userIDs,
    subkeys: [],
    date: createdAt,
    format: "armored",
  });
  const open = () => readPrivateKey({ armoredKey: made.privateKey });
  const privateKey = await open();
  return {
    privateKey,
    publicKeyArmored: made.publicKey,
    fingerprint: privateKey.getFingerprint().toUpperCase(),
    async expired(at) {
      const keyExpirationTime = Math.round((at.getTime() - createdAt.getTime()) / 1000);
      // Certified anew after it signed: that is no fault of what it signed.
      const date = new Date(Math.min(at.getTime(), daysAgo(0).getTime()) - 3_600_000);
      const key = await open();
      return (await reformatKey({ privateKey: key, userIDs, keyExpirationTime, date, format: "armored" }))
        .publicKey;
    },
    async revoked(at, reason = "superseded") {
      const flag =
        reason === "superseded"
          ? enums.reasonForRevocation.keySuperseded
          : enums.reasonForRevocation.keyCompromised;
      const reasonForRevocation = { flag, string: reason };
      const revoked = await revokeKey({
        key: await open(),
        reasonForRevocation,
        date: at,
        format: "armored",
      });
      return (await readKey({ armoredKey: revoked.publicKey })).armor();
    },
  };
}

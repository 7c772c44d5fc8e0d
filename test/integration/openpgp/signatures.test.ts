/** What a signature proves, and what a hostile one does not. */
import { join } from "node:path";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fc, test as property } from "../../helpers/property.ts";
import {
  armor,
  config,
  createMessage,
  enums,
  generateKey,
  PacketList,
  type PrivateKey,
  readPrivateKey,
  revokeKey,
  sign,
  Signature,
  SignaturePacket,
} from "openpgp";
import { afterAll, describe, expect, test } from "vitest";

import { codeOf, failureOf, temporaryKeys, type TestKeys } from "../../helpers/key-folder.ts";
import { runs } from "../../helpers/tier.ts";
import { formatLocalTime } from "../../../src/shared/local-time.ts";
import { formatFingerprint } from "../../../src/shared/signature.ts";

const TEXT = '{\n "held": [\n- dash\n ]\n}\n';
const BYTES = new TextEncoder().encode(TEXT);
const NOW = new Date("2026-11-27T12:00:00Z");
const HOUR_MS = 3_600_000;
const later = (hours: number) => new Date(NOW.getTime() + hours * HOUR_MS);

const keys = await temporaryKeys(NOW);
afterAll(() => keys[Symbol.asyncDispose]());
const own = await keys.generate({ userId: "plant-7", now: later(-48) });
const detached = await own.signDetached(BYTES, NOW);
const clear = await own.clearSign(TEXT, NOW);

async function folderAt(now: Date): Promise<TestKeys> {
  const other = await temporaryKeys(now);
  await other.trust(Buffer.from(own.publicKeyArmored), "own.asc");
  return other;
}

/** A key folder that holds a key as it lies there, however useless it has become. */
async function holding(key: PrivateKey, publicKeyArmored: string): Promise<TestKeys> {
  const other = await temporaryKeys(NOW);
  await mkdir(join(other.path, "trusted"), { recursive: true });
  const file = `${key.getFingerprint().toUpperCase()}.asc`;
  await writeFile(join(other.path, "trusted", file), publicKeyArmored);
  return other;
}

describe("signing", () => {
  test("gives the same bytes for the same input and date, others for another date", async () => {
    expect(await own.signDetached(BYTES, NOW)).toBe(detached);
    expect(await own.clearSign(TEXT, NOW)).toBe(clear);
    expect(await own.signDetached(BYTES, later(1))).not.toBe(detached);
  });

  test("ends lines as Unix does and escapes dashes", () => {
    expect(detached + clear).not.toContain("\r");
    expect(clear).toContain('\n\n{\n "held": [\n- - dash\n ]\n}\n-----BEGIN PGP SIGNATURE-----\n');
  });

  test("is dated no earlier than its key", async () => {
    const signature = await own.signDetached(BYTES, new Date(0));
    expect((await keys.verifyDetached(BYTES, signature, "SUMS")).signedAt).toEqual(own.createdAt);
  });

  property.prop([fc.uint8Array({ maxLength: 300 })], runs(30))("is verified for any bytes", async (bytes) => {
    const signature = await own.signDetached(bytes, NOW);
    expect(await keys.verifyDetached(bytes, signature, "SUMS")).toMatchObject({ signedAt: NOW });
  });

  property.prop([fc.array(fc.stringMatching(/^(?:-{0,5}|From )[a-z"{}\u00e9\u{1f600}]{0,8}$/u))], runs(50))(
    "gives back any text that ends its lines as Unix does",
    async (lines) => {
      const text = `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
      const verified = await keys.verifyClearsigned(await own.clearSign(text, NOW), "receipt");
      expect(verified).toEqual({
        text,
        signature: { fingerprint: own.fingerprint, userId: "plant-7", signedAt: NOW },
      });
    },
  );
});

describe("a signature that does not fit", () => {
  property.prop([fc.nat(BYTES.length - 1), fc.integer({ min: 1, max: 255 })], runs(30))(
    "is noticed wherever a byte was changed",
    async (at, change) => {
      const bytes = BYTES.map((byte, index) => (index === at ? byte ^ change : byte));
      expect(await codeOf(keys.verifyDetached(bytes, detached, "SUMS"))).toBe("JAM_SIGNATURE_INVALID");
    },
  );

  test("names what it stands on, and the way on", async () => {
    const error = await failureOf(keys.verifyDetached(new Uint8Array(3), detached, "usb/SUMS.asc"));
    expect(error?.message).toBe("usb/SUMS.asc: the signature is not valid: Signed digest did not match");
    expect(error?.hint).toMatch(/\.$/);
  });

  test("of an unknown key names that key and the trusted ones", async () => {
    await using strangers = await temporaryKeys(NOW);
    const key = await strangers.generate({ userId: "stranger", now: NOW });
    const signature = await key.signDetached(BYTES, NOW);
    const text = await key.clearSign(TEXT, NOW);
    for (const verify of [
      () => keys.verifyDetached(BYTES, signature, "SUMS"),
      () => keys.verifyClearsigned(text, "SUMS"),
    ]) {
      const error = await failureOf(verify());
      expect(error?.code).toBe("JAM_SIGNER_UNKNOWN");
      expect(error?.message).toBe(
        `SUMS: signed by key ${formatFingerprint(key.fingerprint)}; trusted here: ${formatFingerprint(own.fingerprint)}`,
      );
    }
    await using nobody = await temporaryKeys(NOW);
    expect(await codeOf(nobody.verifyDetached(BYTES, detached, "SUMS"))).toBe("JAM_SIGNER_UNKNOWN");
  });
});

describe("clocks", () => {
  test.for([
    { hours: 23, what: "a maker's clock that is 23 hours ahead" },
    { hours: -24 * 365, what: "a year on the way" },
  ])("refuse nothing for $what", async ({ hours }) => {
    await using other = await folderAt(NOW);
    const signature = await own.signDetached(BYTES, NOW);
    other.now = later(-hours);
    expect(await codeOf(other.verifyDetached(BYTES, signature, "SUMS"))).toBeUndefined();
  });

  test("that differ by more than a day are named as such, not as a forgery", async () => {
    const signature = await own.signDetached(BYTES, later(25));
    const text = await own.clearSign(TEXT, later(25));
    for (const verify of [
      () => keys.verifyDetached(BYTES, signature, "SUMS"),
      () => keys.verifyClearsigned(text, "SUMS"),
    ]) {
      const error = await failureOf(verify());
      expect(error?.code).toBe("JAM_SIGNATURE_INVALID");
      expect(error?.hint).toContain("clock");
      expect(error?.message).toContain(formatLocalTime("2026-11-28T13:00:00.000Z"));
    }
  });
});

describe("a key that counts no more", () => {
  test.for([
    ["expired", "JAM_SIGNER_EXPIRED"],
    ["revoked", "JAM_SIGNATURE_INVALID"],
  ] as const)("because it is %s vouches for nothing, whatever date is written", async ([state, code]) => {
    const made = await generateKey({
      userIDs: [{ name: "x" }],
      date: later(-48),
      keyExpirationTime: state === "expired" ? 40 * 3600 : 0,
    });
    const key = await readPrivateKey({ armoredKey: made.privateKey });
    const revoked = state === "revoked" ? await revokeKey({ key, date: later(-1), format: "armored" }) : made;
    await using other = await holding(key, revoked.publicKey);
    const message = await createMessage({ binary: BYTES });
    const backdated = await sign({ message, signingKeys: key, detached: true, date: later(-47) });

    const error = await failureOf(other.verifyDetached(BYTES, backdated, "SUMS"));

    expect(error?.code).toBe(code);
    expect(error?.message).toContain(formatFingerprint(key.getFingerprint().toUpperCase()));
    expect(error?.message).toContain(state);
  });
});

describe("a hostile signature", () => {
  const one = detached.trim();

  test.for([
    ["empty", ""],
    ["blank", " \n"],
    ["text", "all is well"],
    ["two blocks", `${detached}${detached}`],
    ["text before", `trust me\n${detached}`],
    ["text behind", `${detached}trust me`],
    ["a public key", own.publicKeyArmored],
    ["a clear-signed text", clear],
    ["no end", one.slice(0, -10)],
    ["no packets", "-----BEGIN PGP SIGNATURE-----\n\n=twTO\n-----END PGP SIGNATURE-----"],
    ["huge", `${one.slice(0, 30)}\n${"A".repeat(10_000_000)}\n-----END PGP SIGNATURE-----`],
  ] as const)("that is %s is refused", async ([, signature]) => {
    expect(await codeOf(keys.verifyDetached(BYTES, signature, "SUMS"))).toBe("JAM_SIGNATURE_INVALID");
  });

  test("of several keys is refused, even when one of them is trusted", async () => {
    const { privateKey } = await generateKey({ userIDs: [{ name: "x" }], date: later(-1), format: "object" });
    const ours = await secretOf(keys);
    for (const signingKeys of [
      [privateKey, ours],
      [ours, ours],
    ]) {
      const message = await createMessage({ binary: BYTES });
      const signature = await sign({ message, signingKeys, detached: true, date: NOW });
      expect(await codeOf(keys.verifyDetached(BYTES, signature, "SUMS"))).toBe("JAM_SIGNATURE_INVALID");
    }
  });

  test.for(["standalone", "text", "timestamp", "certGeneric", "keyRevocation"] as const)(
    "of the kind %s signs no bytes",
    async (kind) => {
      const signature = await signAs(enums.signature[kind], await secretOf(keys));
      const error = await failureOf(keys.verifyDetached(BYTES, signature, "SUMS"));
      expect(error?.code).toBe("JAM_SIGNATURE_INVALID");
      expect(error?.message).toContain("of a kind that signs something else");
    },
  );

  property.prop([fc.uint8Array({ maxLength: 200 })], runs(200))(
    "of any packets is refused in our words",
    async (bytes) => {
      const signature = armor(enums.armor.signature, bytes);
      expect(await codeOf(keys.verifyDetached(BYTES, signature, "SUMS"))).toBe("JAM_SIGNATURE_INVALID");
    },
  );

  property.prop([fc.nat(detached.length), fc.nat(20), fc.string({ maxLength: 6 })], runs(200))(
    "that was cut or changed anywhere fails in our words or says the same",
    async (at, length, text) => {
      const changed = detached.slice(0, at) + text + detached.slice(at + length);
      const code = await codeOf(keys.verifyDetached(BYTES, changed, "SUMS"));
      expect([undefined, "JAM_SIGNATURE_INVALID", "JAM_SIGNER_UNKNOWN"]).toContain(code);
    },
  );
});

describe("a hostile clear-signed text", () => {
  test.for([
    ["empty", ""],
    ["unsigned", TEXT],
    ["text before", `trust me\n${clear}`],
    ["text behind", `${clear}trust me\n`],
    ["two blocks", `${clear}${clear}`],
    ["a detached signature", detached],
    ["cut", clear.slice(0, -40)],
    ["another text", clear.replace("held", "hold")],
    ["an added line", clear.replace("\n\n", "\n\n\n")],
    ["an added header", clear.replace("Hash: SHA512", "Hash: SHA512\nComment: x")],
    ["an unescaped dash", clear.replace("- - dash", "-dash")],
    ["a carriage return in a line", clear.replace('"held"', '"he\rld"')],
    ["a carriage return before blanks", clear.replace("[\n", "[\r \n")],
    ["a carriage return in its armour", clear.replace(/(SIGNATURE-----\n\n.{9})/, "$1\r")],
    ["a wrong checksum", clear.replace(/^=.{4}$/m, "=AAAA")],
    ["no hash header", clear.replace("Hash: SHA512\n", "")],
    ["another hash header", clear.replace("SHA512", "SHA256")],
  ] as const)("with %s is refused", async ([, text]) => {
    expect(await codeOf(keys.verifyClearsigned(text, "receipt"))).toBe("JAM_SIGNATURE_INVALID");
  });

  test("with a signature of the kind standalone, which covers no text, is refused", async () => {
    const signature = await signAs(enums.signature.standalone, await secretOf(keys));
    const forged = `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nanything\n${signature.replaceAll("\r", "")}`;
    const error = await failureOf(keys.verifyClearsigned(forged, "receipt"));
    expect(error?.code).toBe("JAM_SIGNATURE_INVALID");
    expect(error?.message).toContain("of a kind that signs something else");
  });

  property.prop([fc.nat(clear.length), fc.nat(20), fc.string({ maxLength: 6 })], runs(300))(
    "that was cut or changed anywhere fails in our words or says the same",
    async (at, length, insert) => {
      const changed = clear.slice(0, at) + insert + clear.slice(at + length);
      try {
        expect((await keys.verifyClearsigned(changed, "receipt")).text).toBe(TEXT);
      } catch (error) {
        expect(error).toMatchObject({
          code: expect.stringMatching(/^JAM_(?:SIGNATURE_INVALID|SIGNER_UNKNOWN)$/) as string,
        });
      }
    },
  );
});

async function secretOf({ path }: TestKeys): Promise<PrivateKey> {
  return readPrivateKey({ armoredKey: await readFile(join(path, "secret.asc"), "utf8") });
}

/** A sound signature by `key` of a kind that does not cover the bytes it is put beside. */
async function signAs(kind: number, key: PrivateKey): Promise<string> {
  const packet = new SignaturePacket() as SignaturePacket & { readonly sign: SignPacket };
  const { keyPacket } = key;
  Object.assign(packet, {
    version: 4,
    signatureType: kind,
    publicKeyAlgorithm: keyPacket.algorithm,
    hashAlgorithm: enums.hash.sha512,
    issuerKeyID: key.getKeyID(),
  });
  const none = new Uint8Array();
  const data = { text: null, getBytes: () => none, userID: { write: () => none }, key: keyPacket };
  await packet.sign(keyPacket, data, NOW, true, config);
  const packets = new PacketList<SignaturePacket>();
  packets.push(packet);
  return new Signature(packets).armor();
}

/** What the library does not declare. */
type SignPacket = (
  key: unknown,
  data: unknown,
  date: Date,
  detached: boolean,
  options: unknown,
) => Promise<void>;

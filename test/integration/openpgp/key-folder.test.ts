/** The keys that sign and verify what is carried over an air gap. */
import { chmod, mkdir, readFile, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { generateKey, readKey, readPrivateKey, revokeKey } from "openpgp";
import { describe, expect, test } from "vitest";

import { openKeyFolder } from "../../../src/openpgp/key-folder.ts";
import { codeOf, failureOf, temporaryKeys } from "../../helpers/key-folder.ts";

const BYTES = new TextEncoder().encode("what is carried\n");
const DAY_MS = 86_400_000;

const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

describe("the own key", () => {
  test("is not there before it is made, and is found afterwards", async () => {
    await using keys = await temporaryKeys();
    expect(await keys.own()).toBeUndefined();
    expect(await keys.list()).toEqual([]);

    const made = await keys.generate({ userId: "plant-7 <ops@plant.example>", now: keys.now });

    expect(made).toMatchObject({ userId: "plant-7 <ops@plant.example>", createdAt: keys.now });
    expect(made.fingerprint).toMatch(/^[0-9A-F]{40}$/);
    expect(await keys.own()).toBe(made);
    const again = openKeyFolder(keys.path, { now: () => keys.now });
    expect((await again.own())?.fingerprint).toBe(made.fingerprint);
    expect(await again.list()).toEqual([
      { fingerprint: made.fingerprint, userIds: [made.userId], createdAt: keys.now, isOwn: true },
    ]);
  });

  test("is for its owner's eyes only, whatever the umask", async () => {
    await using keys = await temporaryKeys();
    const before = process.umask(0);
    try {
      await keys.generate({ userId: "a", now: keys.now });
    } finally {
      process.umask(before);
    }
    expect([await mode(keys.path), await mode(join(keys.path, "secret.asc"))]).toEqual(["700", "600"]);
  });

  test("is for signing alone and hands out its public half", async () => {
    await using keys = await temporaryKeys();
    const { publicKeyArmored, fingerprint } = await keys.generate({ userId: "a", now: keys.now });
    const key = await readKey({ armoredKey: publicKeyArmored });
    expect([key.isPrivate(), key.getSubkeys().length]).toEqual([false, 0]);
    expect(key.getFingerprint().toUpperCase()).toBe(fingerprint);
    expect(publicKeyArmored).not.toContain("\r");
  });

  test("is never replaced, also when several are made at once", async () => {
    await using keys = await temporaryKeys();
    const others = Array.from({ length: 5 }, () => openKeyFolder(keys.path, { now: () => keys.now }));
    const codes = await Promise.all(
      others.map((each) => codeOf(each.generate({ userId: "a", now: keys.now }))),
    );
    expect(codes.filter((code) => code === undefined)).toHaveLength(1);
    expect(codes.filter((code) => code === "JAM_KEY_EXISTS")).toHaveLength(4);

    const secret = await readFile(join(keys.path, "secret.asc"), "utf8");
    expect(await codeOf(keys.generate({ userId: "b", now: keys.now }))).toBe("JAM_KEY_EXISTS");
    expect(await readFile(join(keys.path, "secret.asc"), "utf8")).toBe(secret);
    expect(await readdir(keys.path)).toEqual(["secret.asc"]);
  });

  test("that is damaged or needs a passphrase is refused by name", async () => {
    await using keys = await temporaryKeys();
    const { publicKeyArmored } = await keys.generate({ userId: "a", now: keys.now });
    const { privateKey } = await generateKey({ userIDs: [{ name: "x" }], passphrase: "secret" });
    const file = join(keys.path, "secret.asc");
    for (const text of ["", "not a key", publicKeyArmored, privateKey]) {
      await writeFile(file, text);
      const opened = openKeyFolder(keys.path, { now: () => keys.now });
      const error = await failureOf(opened.own());
      expect(error?.code).toBe("JAM_KEYRING_INVALID");
      expect(error?.message).toContain(file);
      expect(await codeOf(opened.generate({ userId: "b", now: keys.now }))).toBe("JAM_KEYRING_INVALID");
    }
  });
});

describe("the keys of others", () => {
  test("are believed once they are trusted, and no more when they are not", async () => {
    await using ours = await temporaryKeys();
    await using theirs = await temporaryKeys();
    const key = await theirs.generate({ userId: "lab", now: theirs.now });
    const signature = await key.signDetached(BYTES, theirs.now);
    expect(await codeOf(ours.verifyDetached(BYTES, signature, "SUMS"))).toBe("JAM_SIGNER_UNKNOWN");

    const trusted = await ours.trust(Buffer.from(key.publicKeyArmored), "lab.asc");
    expect(trusted).toEqual([
      { fingerprint: key.fingerprint, userIds: ["lab"], createdAt: theirs.now, isOwn: false },
    ]);
    expect(await ours.verifyDetached(BYTES, signature, "SUMS")).toEqual({
      fingerprint: key.fingerprint,
      userId: "lab",
      signedAt: theirs.now,
    });
    expect(await readdir(ours.path, { recursive: true })).toEqual(
      expect.arrayContaining(["trusted", `trusted/${key.fingerprint}.asc`]),
    );
    expect([await mode(ours.path), await mode(join(ours.path, "trusted"))]).toEqual(["700", "700"]);

    await ours.distrust(key.fingerprint.replaceAll(/(.{4})/g, "$1 ").toLowerCase());
    expect(await codeOf(ours.verifyDetached(BYTES, signature, "SUMS"))).toBe("JAM_SIGNER_UNKNOWN");
    expect(await codeOf(ours.distrust(key.fingerprint))).toBe("JAM_KEY_NOT_FOUND");
  });

  test("are listed behind the own one, by fingerprint, each once", async () => {
    await using ours = await temporaryKeys();
    const own = await ours.generate({ userId: "own", now: ours.now });
    const fingerprints: string[] = [];
    for (const userId of ["a", "b", "c"]) {
      await using theirs = await temporaryKeys();
      const key = await theirs.generate({ userId, now: theirs.now });
      fingerprints.push(key.fingerprint);
      const twice = `${key.publicKeyArmored}\n${key.publicKeyArmored}`;
      expect(await ours.trust(Buffer.from(twice), "keys.asc")).toHaveLength(1);
    }
    await ours.trust(Buffer.from(own.publicKeyArmored), "own.asc");
    expect((await ours.list()).map(({ fingerprint, isOwn }) => [fingerprint, isOwn])).toEqual([
      [own.fingerprint, true],
      ...fingerprints.sort().map((fingerprint) => [fingerprint, false]),
    ]);
    expect(await codeOf(ours.distrust(own.fingerprint))).toBe("JAM_KEY_NOT_FOUND");
  });

  test("may be binary, and are refused when another fingerprint was named", async () => {
    await using ours = await temporaryKeys();
    await using theirs = await temporaryKeys();
    const key = await theirs.generate({ userId: "lab", now: theirs.now });
    const binary = (await readKey({ armoredKey: key.publicKeyArmored })).write();
    const trust = (fingerprint: string) => ours.trust(binary, "lab.gpg", { fingerprint });

    expect(await codeOf(trust("0".repeat(40)))).toBe("JAM_KEYRING_INVALID");
    expect(await codeOf(trust(key.fingerprint.slice(-16)))).toBe("JAM_USAGE_INVALID");
    expect(await ours.list()).toEqual([]);
    expect(await trust(key.fingerprint)).toHaveLength(1);
  });

  test("are refused when they are secret, expired, revoked, too weak or no keys at all", async () => {
    await using ours = await temporaryKeys();
    const date = new Date(ours.now.getTime() - 10 * DAY_MS);
    const userIDs = [{ name: "x" }];
    const secret = await generateKey({ userIDs, date });
    const expired = await generateKey({ userIDs, date, keyExpirationTime: 3600 });
    const revoked = await revokeKey({
      key: await readPrivateKey({ armoredKey: secret.privateKey }),
      date: new Date(ours.now.getTime() - DAY_MS),
      format: "armored",
    });
    const weak = await generateKey({
      type: "rsa",
      rsaBits: 1024,
      userIDs,
      date,
      config: { minRSABits: 1024 },
    });
    const texts = [
      secret.privateKey,
      `${secret.publicKey}\n${expired.publicKey}`,
      revoked.publicKey,
      weak.publicKey,
      "",
      "x",
    ];
    for (const text of texts) {
      expect(await codeOf(ours.trust(Buffer.from(text), "key.asc"))).toBe("JAM_KEYRING_INVALID");
    }
    expect(await ours.list()).toEqual([]);
  });

  test("keep a name only where the key itself vouches for it", async () => {
    await using ours = await temporaryKeys();
    const { publicKey } = await generateKey({
      userIDs: [{ name: "real" }],
      date: ours.now,
      format: "object",
    });
    const { publicKey: other } = await generateKey({ userIDs: [{ name: "Canonical" }], format: "object" });
    publicKey.users.push(...other.users);
    const [trusted] = await ours.trust(publicKey.write(), "key.gpg");
    expect(trusted?.userIds).toEqual(["real"]);
  });

  test("are not taken from a file whose name says another key, and foreign files are left alone", async () => {
    await using ours = await temporaryKeys();
    await using theirs = await temporaryKeys();
    const key = await theirs.generate({ userId: "lab", now: theirs.now });
    await ours.trust(Buffer.from(key.publicKeyArmored), "lab.asc");
    for (const name of [".tmp-1-x-1", "notes.txt", "lab.asc"]) {
      await writeFile(join(ours.path, "trusted", name), "x");
    }
    expect(await ours.list()).toHaveLength(1);

    const wrong = join(ours.path, "trusted", `${"A".repeat(40)}.asc`);
    await writeFile(wrong, key.publicKeyArmored);
    expect((await ours.list()).map(({ fingerprint }) => fingerprint)).toEqual([key.fingerprint]);
    const signature = await key.signDetached(BYTES, theirs.now);
    expect(await codeOf(ours.verifyDetached(BYTES, signature, "SUMS"))).toBeUndefined();
    const [error, ...more] = await ours.problems();
    expect(more).toEqual([]);
    expect(error?.code).toBe("JAM_KEYRING_INVALID");
    expect(error?.message).toContain(wrong);
  });

  test("count although another one or the own one is damaged, and a signer that is not known is told of that", async () => {
    await using ours = await temporaryKeys();
    await using theirs = await temporaryKeys();
    await using stranger = await temporaryKeys();
    const [key, other] = await Promise.all(
      [theirs, stranger].map((keys) => keys.generate({ userId: "lab", now: keys.now })),
    );
    await ours.trust(Buffer.from(key!.publicKeyArmored), "lab.asc");
    await writeFile(join(ours.path, "secret.asc"), "damaged", { mode: 0o600 });
    await writeFile(join(ours.path, "trusted", `${other!.fingerprint}.asc`), "damaged");
    expect((await ours.problems()).map(({ code }) => code)).toEqual([
      "JAM_KEYRING_INVALID",
      "JAM_KEYRING_INVALID",
    ]);
    const signed = await key!.signDetached(BYTES, theirs.now);
    expect((await ours.verifyDetached(BYTES, signed, "SUMS")).fingerprint).toBe(key!.fingerprint);
    const error = await failureOf(
      ours.verifyDetached(BYTES, await other!.signDetached(BYTES, ours.now), "SUMS"),
    );
    expect(error).toMatchObject({ code: "JAM_SIGNER_UNKNOWN", hint: expect.stringContaining("2 files") });
  });

  test("are not counted by the hundred thousand", async () => {
    await using ours = await temporaryKeys();
    await mkdir(join(ours.path, "trusted"), { recursive: true });
    const names = Array.from(
      { length: 1001 },
      (_, index) => `${index.toString(16).toUpperCase().padStart(40, "0")}.asc`,
    );
    await Promise.all(names.map((name) => writeFile(join(ours.path, "trusted", name), "")));
    const error = await failureOf(ours.list());
    expect(error).toMatchObject({
      code: "JAM_KEYRING_INVALID",
      message: expect.stringContaining("1001 keys"),
    });
  });
});

describe("a secret key that other users can use", () => {
  test.for([0o640, 0o604, 0o622, 0o666])(
    "with the mode %o signs nothing and vouches for nothing",
    async (bits) => {
      await using keys = await temporaryKeys();
      await using lab = await temporaryKeys();
      const own = await keys.generate({ userId: "own", now: keys.now });
      const other = await lab.generate({ userId: "lab", now: lab.now });
      await keys.trust(Buffer.from(other.publicKeyArmored), "lab.asc");
      const file = join(keys.path, "secret.asc");
      await chmod(file, bits);
      const opened = openKeyFolder(keys.path, { now: () => keys.now });
      const error = await failureOf(opened.own());
      expect(error).toMatchObject({
        code: "JAM_KEY_EXPOSED",
        hint: expect.stringContaining(`chmod 600 ${file}`),
      });
      expect(await codeOf(opened.generate({ userId: "b", now: keys.now }))).toBe("JAM_KEY_EXPOSED");
      const signature = await own.signDetached(BYTES, keys.now);
      expect(await codeOf(opened.verifyDetached(BYTES, signature, "SUMS"))).toBe("JAM_SIGNER_UNKNOWN");
      const good = await other.signDetached(BYTES, keys.now);
      expect(await codeOf(opened.verifyDetached(BYTES, good, "SUMS"))).toBeUndefined();
      expect((await opened.problems()).map(({ code }) => code)).toEqual(["JAM_KEY_EXPOSED"]);
      await chmod(file, 0o600);
      expect((await opened.own())?.fingerprint).toBe(own.fingerprint);
    },
  );

  test.for(["", "trusted"])("a folder %j in which others may put keys is named", async (name) => {
    await using keys = await temporaryKeys();
    const own = await keys.generate({ userId: "own", now: keys.now });
    await mkdir(join(keys.path, "trusted"), { mode: 0o700 });
    expect(await keys.problems()).toEqual([]);
    await chmod(join(keys.path, name), 0o770);
    expect(await keys.problems()).toMatchObject([{ code: "JAM_KEY_EXPOSED" }]);
    expect((await keys.own())?.fingerprint).toBe(own.fingerprint);
  });
});

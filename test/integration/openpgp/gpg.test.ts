/** What we sign is what stock gpg verifies, and the other way round. */
import { readFile, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";

import { verifyClearsigned } from "../../../src/openpgp/verify-clearsigned.ts";
import { parseKeyring } from "../../../src/openpgp/keyring.ts";
import { codeOf, temporaryKeys } from "../../helpers/key-folder.ts";
import { clockAt, stockGpg, startGpg } from "../../helpers/gpg.ts";

const BYTES = Buffer.from([0, 1, 13, 10, 255]);
const TEXT = "- a dash\n\n-----BEGIN PGP SIGNATURE-----\nlast\n";

describe.skipIf(stockGpg.isMissing)(`gpg${stockGpg.note}`, () => {
  test("verifies our detached signatures and clear-signed texts, and notices a change", async () => {
    await using gpg = await startGpg();
    await using keys = await temporaryKeys(new Date());
    const key = await keys.generate({ userId: "plant-7", now: keys.now });
    await writeFile(gpg.file("key.asc"), key.publicKeyArmored);
    await writeFile(gpg.file("bytes"), BYTES);
    await writeFile(gpg.file("bytes.asc"), await key.signDetached(BYTES, keys.now));
    await writeFile(gpg.file("text.asc"), await key.clearSign(TEXT, keys.now));
    await writeFile(gpg.file("other"), "other");

    expect((await gpg.run("--import", "key.asc")).status).toBe(0);
    const good = new RegExp(`Good signature from "plant-7"[^]*${key.fingerprint.slice(-4)}`);
    for (const args of [["bytes.asc", "bytes"], ["text.asc"]]) {
      const { status, stderr } = await gpg.run("--verify", ...args);
      expect([status, stderr]).toEqual([0, expect.stringMatching(good)]);
    }
    expect((await gpg.run("--decrypt", "text.asc")).stdout).toBe(TEXT);
    expect((await gpg.run("--verify", "bytes.asc", "other")).status).toBe(1);
  });

  test.for(["ed25519", "rsa3072"])("signs with %s what we verify", async (algorithm) => {
    await using gpg = await startGpg();
    await using keys = await temporaryKeys(new Date(Date.now() + 60_000));
    const made = await gpg.run("--passphrase", "", "--quick-generate-key", "lab", algorithm, "sign", "1y");
    expect(made.status).toBe(0);
    await writeFile(gpg.file("bytes"), BYTES);
    await writeFile(gpg.file("text"), TEXT);
    await gpg.run("--armor", "--detach-sign", "bytes");
    await gpg.run("--clearsign", "text");
    await gpg.run("--armor", "--textmode", "--output", "textmode.asc", "--detach-sign", "bytes");

    const [trusted] = await keys.trust(Buffer.from((await gpg.run("--armor", "--export")).stdout), "lab.asc");
    expect(trusted?.userIds).toEqual(["lab"]);
    const by = { fingerprint: trusted?.fingerprint, userId: "lab" };
    const detached = await readFile(gpg.file("bytes.asc"), "utf8");
    expect(await keys.verifyDetached(BYTES, detached, "bytes")).toMatchObject(by);
    const clear = await readFile(gpg.file("text.asc"), "utf8");
    expect(await keys.verifyClearsigned(clear, "text")).toMatchObject({ text: TEXT, signature: by });
    // Such a signature would fit other line ends too.
    const textmode = await readFile(gpg.file("textmode.asc"), "utf8");
    expect(await codeOf(keys.verifyDetached(BYTES, textmode, "bytes"))).toBe("JAM_SIGNATURE_INVALID");
  });

  test("puts off an expiry, and what was signed before still counts", async () => {
    await using gpg = await startGpg();
    await using keys = await temporaryKeys(new Date(Date.now() + 60_000));
    // gpg's clock starts anew with every call, so the signature needs a later one than its key.
    const [made, signed] = [clockAt(Date.now() - 3_600_000), clockAt(Date.now() - 1_800_000)];
    await gpg.run(...made, "--passphrase", "", "--quick-generate-key", "lab", "ed25519", "sign", "1d");
    await writeFile(gpg.file("bytes"), BYTES);
    await gpg.run(...signed, "--armor", "--detach-sign", "bytes");
    const listed = (await gpg.run("--with-colons", "--list-keys")).stdout;
    const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(listed)?.[1] ?? "";
    expect((await gpg.run("--passphrase", "", "--quick-set-expire", fingerprint, "2y")).status).toBe(0);
    const renewed = await gpg.run("--armor", "--export-options", "export-minimal", "--export");

    await keys.trust(Buffer.from(renewed.stdout), "lab.asc", { fingerprint });
    const signature = await readFile(gpg.file("bytes.asc"), "utf8");
    expect(await keys.verifyDetached(BYTES, signature, "bytes")).toMatchObject({ fingerprint });
    keys.now = new Date(Date.now() + 3 * 365 * 86_400_000);
    expect(await codeOf(keys.verifyDetached(BYTES, signature, "bytes"))).toBe("JAM_SIGNER_EXPIRED");
  });

  test("takes a signature of bytes for a document as we do, which some tools make, and we refuse it in a receipt", async () => {
    await using gpg = await startGpg();
    await using keys = await temporaryKeys(new Date(Date.now() + 60_000));
    await gpg.makeKey("lab", "ed25519");
    await writeFile(gpg.file("bytes"), "{}\r\n- x\r\nend");
    await gpg.run("--armor", "--digest-algo", "SHA512", "--detach-sign", "bytes");
    const signature = await readFile(gpg.file("bytes.asc"), "utf8");
    const document = `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{}\n- - x\nend\n${signature}`;
    await writeFile(gpg.file("document"), document);
    expect((await gpg.run("--verify", "document")).status).toBe(0);

    const exported = Buffer.from((await gpg.run("--armor", "--export")).stdout);
    const keyring = await parseKeyring(exported, "lab.asc");
    const verified = await verifyClearsigned(document, "document", keyring, keys.now.getTime());
    expect(verified.text).toBe("{}\n- x\nend");
    await keys.trust(exported, "lab.asc");
    expect(await codeOf(keys.verifyClearsigned(document, "receipt"))).toBe("JAM_SIGNATURE_INVALID");
  });
});

/** What signatures are worth whose key does not count any more, or not yet: keys and signatures by stock gpg. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { verifyClearsigned } from "../../../src/openpgp/verify-clearsigned.ts";
import { openKeyFolder } from "../../../src/openpgp/key-folder.ts";
import { parseKeyring } from "../../../src/openpgp/keyring.ts";
import { clockAt, type Gpg, stockGpg, startGpg } from "../../helpers/gpg.ts";
import { codeOf } from "../../helpers/key-folder.ts";

const DAY_MS = 86_400_000;
const START = Date.now() - 100 * DAY_MS;
const day = (days: number) => START + days * DAY_MS;
const TEXT = "{}\n";

let gpg: Gpg;
beforeAll(async () => {
  if (!stockGpg.isMissing) gpg = await startGpg();
});
afterAll(() => gpg?.[Symbol.asyncDispose]());

let count = 0;

async function runGpg(...args: string[]): Promise<void> {
  const { status, stderr } = await gpg.run(...args);
  if (status !== 0) throw new Error(stderr);
}

/** A key of day 0 with two subkeys that sign: one for ten days, one for ever. */
async function makeKey(expires = "never") {
  const name = `key-${(count += 1)}`;
  const at = clockAt(day(0));
  await runGpg(...at, "--passphrase", "", "--quick-generate-key", name, "ed25519", "sign", expires);
  const fingerprint = (await fingerprints(name))[0] ?? "";
  const addSubkey = ["--passphrase", "", "--quick-add-key", fingerprint, "ed25519", "sign"];
  await runGpg(...at, ...addSubkey, "10d");
  await runGpg(...clockAt(day(0) + 1000), ...addSubkey, "never");
  const [, short = "", long = ""] = await fingerprints(name);
  return { name, fingerprint, short, long };
}

async function fingerprints(name: string): Promise<string[]> {
  const { stdout } = await gpg.run("--with-colons", "--list-keys", name);
  return [...stdout.matchAll(/^fpr:+([0-9A-F]{40}):/gm)].map(([, found]) => found ?? "");
}

/** A clear-signed text and a detached signature of that day by that part of a key. */
async function signAt(
  ms: number,
  part: string,
): Promise<{ readonly clear: string; readonly detached: string }> {
  await writeFile(gpg.file("text"), TEXT);
  const options = [
    ...clockAt(ms),
    "--ignore-time-conflict",
    "--ignore-valid-from",
    "--yes",
    "--local-user",
    `${part}!`,
  ];
  await gpg.run(...options, "--output", "clear", "--clearsign", "text");
  await gpg.run(...options, "--output", "detached", "--armor", "--detach-sign", "text");
  return {
    clear: await readFile(gpg.file("clear"), "utf8"),
    detached: await readFile(gpg.file("detached"), "utf8"),
  };
}

/** How documents and bundles are judged at that time, by the public key as it is now. */
async function judge(
  { name, fingerprint }: { readonly name: string; readonly fingerprint: string },
  signed: { readonly clear: string; readonly detached: string },
  ms: number,
) {
  const exported = Buffer.from((await gpg.run("--armor", "--export", name)).stdout);
  const keyring = await parseKeyring(exported, "keyring");
  const document = await verifyClearsigned(signed.clear, "document", keyring, ms).then(
    ({ signature }) => ({ documentError: undefined, keyExpiredAt: signature.keyExpiredAt?.getTime() }),
    (error: Error) => ({ documentError: error.message, keyExpiredAt: undefined }),
  );
  const folder = gpg.file(`keys-${(count += 1)}`);
  await mkdir(`${folder}/trusted`, { recursive: true });
  await writeFile(`${folder}/trusted/${fingerprint}.asc`, exported);
  const keys = openKeyFolder(folder, { now: () => new Date(ms) });
  const bundle = (allowsExpiredKey: boolean) =>
    keys.verifyDetached(Buffer.from(TEXT), signed.detached, "bundle", { allowsExpiredKey });
  return { ...document, bundle: await codeOf(bundle(false)), allowed: await codeOf(bundle(true)) };
}

const GOOD = { documentError: undefined, keyExpiredAt: undefined, bundle: undefined, allowed: undefined };
const useless = (reason: RegExp) => ({
  documentError: expect.stringMatching(reason) as string,
  keyExpiredAt: undefined,
  bundle: "JAM_SIGNATURE_INVALID",
  allowed: "JAM_SIGNATURE_INVALID",
});
const expired = (ms: number) => ({
  documentError: undefined,
  keyExpiredAt: Math.floor(ms / 1000) * 1000,
  bundle: "JAM_SIGNER_EXPIRED",
  allowed: undefined,
});

describe.skipIf(stockGpg.isMissing)(`a key${stockGpg.note}`, () => {
  test("counts from its first to its last day, and each subkey on its own", async () => {
    const key = await makeKey();
    const { fingerprint, short, long } = key;
    for (const part of [fingerprint, short, long])
      expect(await judge(key, await signAt(day(5), part), day(6))).toEqual(GOOD);
    const byShort = await signAt(day(5), short);
    expect(await judge(key, byShort, day(11))).toEqual(expired(day(10)));
    for (const part of [fingerprint, long])
      expect(await judge(key, await signAt(day(5), part), day(11))).toEqual(GOOD);
  });

  test("that expired takes its subkeys along, whatever their own expiry", async () => {
    const key = await makeKey("20d");
    for (const part of [key.fingerprint, key.long]) {
      const signed = await signAt(day(15), part);
      expect(await judge(key, signed, day(16))).toEqual(GOOD);
      expect(await judge(key, signed, day(21))).toEqual(expired(day(20)));
    }
  });

  test("that was not valid yet or not any more when it signed is refused, allowed or not", async () => {
    const key = await makeKey();
    const early = useless(/it was not valid yet when the signature was made, on /);
    for (const part of [key.fingerprint, key.long])
      expect(await judge(key, await signAt(day(-3), part), day(6))).toEqual(early);
    const late = await signAt(day(15), key.fingerprint);
    await gpg.run(...clockAt(day(4)), "--passphrase", "", "--quick-set-expire", key.fingerprint, "10d");
    expect(await judge(key, late, day(16))).toEqual(
      useless(/it expired on .*, before the signature was made/),
    );
  });

  test("whose expiry was put off counts again, also for what it signed before", async () => {
    const key = await makeKey("20d");
    const signed = await signAt(day(15), key.fingerprint);
    await gpg.run(...clockAt(day(30)), "--passphrase", "", "--quick-set-expire", key.fingerprint, "2y");
    expect(await judge(key, signed, day(31))).toEqual(GOOD);
  });

  test("of which a subkey is revoked keeps the others", async () => {
    const key = await makeKey();
    const [byLong, byPrimary] = [await signAt(day(5), key.long), await signAt(day(5), key.fingerprint)];
    const commands = ["key 2", "revkey", "y", "0", "", "y", "save", ""].join("\n");
    await writeFile(gpg.file("commands"), commands);
    const revoked = await gpg.run(
      "--no-batch",
      "--no-tty",
      "--command-file",
      gpg.file("commands"),
      "--edit-key",
      key.fingerprint,
    );
    expect(revoked.status).toBe(0);
    expect(await judge(key, byLong, Date.now())).toEqual(useless(/it is revoked/));
    expect(await judge(key, byPrimary, Date.now())).toEqual(GOOD);
  });
});

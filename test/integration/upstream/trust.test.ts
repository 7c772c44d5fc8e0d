import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateKey, readKey } from "openpgp";
import { describe, expect, onTestFinished, test } from "vitest";

import { JUJU_KEY_ARMORED, JUJU_KEY_FINGERPRINT } from "../../../src/openpgp/juju-key.ts";
import { loadKeyring, parseBuiltinKey, parseKeyring } from "../../../src/openpgp/keyring.ts";
import { verifyDocument } from "../../../src/openpgp/verify-document.ts";
import { clearSign } from "../../peers/sample-upstream/sign.ts";
import { generateSampleKey, startUpstream, withSignatureFault } from "../../helpers/upstream.ts";
import { failureOf, INDEX, instantTiming, NEVER, openSource } from "./setup.ts";
import { formatFingerprint } from "../../../src/shared/signature.ts";

const ONE = { releases: ["3.6.27"], arches: ["amd64"] };
const DAY_MS = 86_400_000;

async function temporaryFile(name: string, content: string | Uint8Array): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "jam-keyring-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, name), content);
  return join(folder, name);
}

describe("N11: a signature that proves nothing", () => {
  test.for<{
    readonly fault: Parameters<typeof withSignatureFault>[2];
    readonly code: string;
    readonly reason: RegExp;
  }>([
    { fault: "unsigned", code: "JAM_METADATA_UNSIGNED", reason: /is not signed/ },
    {
      fault: "foreign-key",
      code: "JAM_METADATA_KEY_UNKNOWN",
      reason: /signed by key (?:[0-9A-F]{4} ){9}[0-9A-F]{4}; trusted here: (?:[0-9A-F]{4} ){9}[0-9A-F]{4}$/,
    },
    { fault: "altered", code: "JAM_METADATA_SIGNATURE_INVALID", reason: /digest did not match/ },
    { fault: "truncated", code: "JAM_UPSTREAM_TRUNCATED", reason: /ends in the middle/ },
    { fault: "text-before", code: "JAM_METADATA_SIGNATURE_INVALID", reason: /text before/ },
    { fault: "text-after", code: "JAM_METADATA_SIGNATURE_INVALID", reason: /text after/ },
    { fault: "two-blocks", code: "JAM_METADATA_SIGNATURE_INVALID", reason: /text after|another block/ },
    { fault: "empty-signature", code: "JAM_METADATA_SIGNATURE_INVALID", reason: /it is empty/ },
    { fault: "signed-in-future", code: "JAM_METADATA_FUTURE", reason: /the clock of this machine shows/ },
    {
      fault: "lone-cr",
      code: "JAM_METADATA_SIGNATURE_INVALID",
      reason: /line \d+ contains a carriage return that does not end it/,
    },
    {
      fault: "lone-cr-between",
      code: "JAM_METADATA_SIGNATURE_INVALID",
      reason: /line \d+ contains a carriage/,
    },
    {
      fault: "lone-cr-in-armor",
      code: "JAM_METADATA_SIGNATURE_INVALID",
      reason: /line \d+ contains a carriage/,
    },
    {
      fault: "good-then-bad",
      code: "JAM_METADATA_SIGNATURE_INVALID",
      reason: /there are several by key [0-9A-F]{4} [0-9A-F]{4} /,
    },
    { fault: "bad-then-good", code: "JAM_METADATA_SIGNATURE_INVALID", reason: /there are several by key/ },
    { fault: "twice", code: "JAM_METADATA_SIGNATURE_INVALID", reason: /there are several by key/ },
    { fault: "wrong-checksum", code: "JAM_METADATA_SIGNATURE_INVALID", reason: /its checksum is wrong/ },
    {
      fault: "marker-packet",
      code: "JAM_METADATA_SIGNATURE_INVALID",
      reason: /something other than signatures/,
    },
    {
      fault: "no-hash-header",
      code: "JAM_METADATA_SIGNATURE_INVALID",
      reason: /SHA512, which no Hash header names/,
    },
    { fault: "other-hash-header", code: "JAM_METADATA_SIGNATURE_INVALID", reason: /which no Hash header/ },
  ])("$fault is refused with its reason", async ({ fault, code, reason }) => {
    await using upstream = await startUpstream(ONE);
    upstream.publish(await withSignatureFault(upstream.tree, "streams/v1/index2.json", fault));
    await using opened = await openSource(upstream);

    const error = await failureOf(opened.source.readDocument(INDEX, undefined, NEVER));

    expect(error.code).toBe(code);
    expect(error.message).toMatch(reason);
    expect(error.message).toContain(`${upstream.url}${INDEX}`);
    expect(error.hint).toMatch(/\.$/);
  });

  test("next to a good one is passed over when its key is not known here", async () => {
    await using upstream = await startUpstream(ONE);
    upstream.publish(await withSignatureFault(upstream.tree, "streams/v1/index2.json", "co-signed"));
    await using opened = await openSource(upstream);

    const answer = await opened.source.readDocument(INDEX, undefined, NEVER);

    const fingerprint = upstream.tree.key.fingerprint;
    expect(answer).toMatchObject({ kind: "found", document: { signature: { fingerprint } } });
  });

  test("the Juju key does not vouch for somebody else's stream", async () => {
    await using upstream = await startUpstream(ONE);
    await using opened = await openSource(upstream, { keyring: "builtin" });

    const error = await failureOf(opened.source.readDocument(INDEX, undefined, NEVER));

    expect(error.code).toBe("JAM_METADATA_KEY_UNKNOWN");
    expect(error.message).toContain(formatFingerprint(JUJU_KEY_FINGERPRINT));
  });

  test("a changed body byte anywhere is noticed", async () => {
    await using upstream = await startUpstream(ONE);
    const text = upstream.tree.text(INDEX);
    const bodyStart = text.indexOf("\n\n") + 2;
    const bodyEnd = text.indexOf("-----BEGIN PGP SIGNATURE");
    const keyring = await parseKeyring(Buffer.from(upstream.tree.key.publicKeyArmored), "sample");
    for (let at = bodyStart; at < bodyEnd; at += Math.ceil((bodyEnd - bodyStart) / 40)) {
      if (/\s/.test(text.charAt(at))) continue;
      const document = `${text.slice(0, at)}~${text.slice(at + 1)}`;
      const outcome = verifyDocument({ document, name: "it", keyring, now: Date.now() });
      expect((await failureOf(outcome)).code).toBe("JAM_METADATA_SIGNATURE_INVALID");
    }
  });
});

describe("a clock that is off", () => {
  test.for([
    { name: "an hour behind", offMs: -3_600_000 },
    { name: "23 hours behind", offMs: -23 * 3_600_000 },
    { name: "400 days ahead", offMs: 400 * DAY_MS },
  ])("of $name refuses nothing", async ({ offMs }) => {
    await using upstream = await startUpstream(ONE);
    const timing = instantTiming([], () => Date.now() + offMs);
    await using opened = await openSource(upstream, { timing });

    expect(await opened.source.readDocument(INDEX, undefined, NEVER)).toMatchObject({ kind: "found" });
  });

  test("of two days behind is named as such, not as a forgery", async () => {
    await using upstream = await startUpstream(ONE);
    const timing = instantTiming([], () => Date.now() - 2 * DAY_MS);
    await using opened = await openSource(upstream, { timing });

    const error = await failureOf(opened.source.readDocument(INDEX, undefined, NEVER));

    expect(error.code).toBe("JAM_METADATA_FUTURE");
    expect(error.hint).toContain("clock");
  });
});

test("a large document is verified in a thread of its own, with the same outcome", async () => {
  const key = await generateSampleKey();
  const keyring = await parseKeyring(Buffer.from(key.publicKeyArmored), "sample");
  const text = `${JSON.stringify({ padding: "x".repeat(300) }, null, 1)}\n`.repeat(20);
  const document = await clearSign(text, key, new Date());
  const task = { name: "large", keyring, now: Date.now() };

  const verified = await verifyDocument({ ...task, document }, 100);
  const refused = await failureOf(verifyDocument({ ...task, document: document.replace("xxx", "xyx") }, 100));

  expect(verified.text.trimEnd()).toBe(text.trimEnd());
  expect(verified.signature.fingerprint).toBe(key.fingerprint);
  expect(refused.code).toBe("JAM_METADATA_SIGNATURE_INVALID");
});

describe("keyrings", () => {
  test("an upstream tells which keys it trusts now", async () => {
    await using upstream = await startUpstream(ONE);
    await using own = await openSource(upstream);
    await using builtin = await openSource(upstream, { keyring: "builtin" });
    await using none = await openSource(upstream, { keyring: "none" });
    await using broken = await openSource(upstream, { keyring: "/does/not/exist.asc" });

    expect(await own.source.trustedKeys()).toEqual([upstream.tree.key.fingerprint]);
    expect(await builtin.source.trustedKeys()).toEqual([JUJU_KEY_FINGERPRINT]);
    expect(await none.source.trustedKeys()).toEqual([]);
    expect((await failureOf(broken.source.trustedKeys())).code).toBe("JAM_KEYRING_INVALID");
  });

  test("the built-in key is the pinned one", async () => {
    expect((await loadKeyring("builtin")).fingerprints).toEqual([JUJU_KEY_FINGERPRINT]);
    expect((await readKey({ armoredKey: JUJU_KEY_ARMORED })).getUserIDs()[0]).toContain("Juju Tool");
  });

  test("a built-in key that was exchanged is refused", async () => {
    const { publicKeyArmored } = await generateSampleKey();

    expect((await failureOf(parseBuiltinKey(publicKeyArmored))).code).toBe("JAM_KEYRING_INVALID");
  });

  test("a file may be armoured or binary, with one key or several", async () => {
    const { publicKeyArmored, fingerprint } = await generateSampleKey();
    const both = [JUJU_KEY_FINGERPRINT, fingerprint];
    const juju = await readKey({ armoredKey: JUJU_KEY_ARMORED });
    const sample = await readKey({ armoredKey: publicKeyArmored });
    const armored = await temporaryFile("keys.asc", `${JUJU_KEY_ARMORED}\n${publicKeyArmored}`);
    const binary = await temporaryFile("keys.gpg", Buffer.concat([juju.write(), sample.write()]));

    expect((await loadKeyring(armored)).fingerprints).toEqual(both);
    expect((await loadKeyring(binary)).fingerprints).toEqual(both);
  });

  test("a secret key, garbage, an empty file and no file are refused", async () => {
    const { privateKey } = await generateKey({ userIDs: [{ name: "x" }], format: "armored" });
    const files = [
      await temporaryFile("secret.asc", privateKey),
      await temporaryFile("garbage", "not a key"),
      await temporaryFile("empty", ""),
      "/does/not/exist.asc",
    ];

    for (const file of files) {
      const error = await failureOf(loadKeyring(file));
      expect(error.code).toBe("JAM_KEYRING_INVALID");
      expect(error.message).toContain(file);
    }
  });
});

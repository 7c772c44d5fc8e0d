/** What gpg refuses is refused here too, but for what docs/decisions/0005-strict-signatures.md names. */
import { readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { type KeyFolder, openKeyFolder } from "../../../src/openpgp/key-folder.ts";
import { isJamError } from "../../../src/shared/errors.ts";
import { createDocumentTrust, type DocumentTrust } from "../../../src/upstream/document-trust.ts";
import { dearmor, mutate, mutateText, type MutantParts } from "../../helpers/clear-signed-mutants.ts";
import { type Gpg, stockGpg, startGpg } from "../../helpers/gpg.ts";
import { seededRandom, SEED } from "../../helpers/random.ts";
import { byTier } from "../../helpers/tier.ts";

/** gpg cuts longer lines. Source: gnupg g10/armor.c MAX_LINELEN, less what mutants add. */
const GPG_LINE = 19_000;

const TEXTS = [
  '{\n "format": "index:1.0",\n "updated": "Fri, 27 Nov 2026 12:00:00 +0000"\n}\n',
  "- a dash\n-\n--\n- - x\n-----BEGIN PGP SIGNATURE-----\n-----END PGP SIGNATURE-----\nend\n",
  "\n\n{}\n\n\n",
  '{\t"name": "d\u00e9j\u00e0 vu \u{1f600}\u2028",\n\n\n  "x": [ ]   \n}',
  "From here\n \n\t\n x  y\t z\n",
  `{"long": "${"x".repeat(15_000)}"}\n`,
];
const BYTES = Buffer.from("0000  jam-x.tar\n");

/** gpg dates by the second. */
const now = () => Date.now() + 1000;

let gpg: Gpg;
let parts: MutantParts;
let trust: DocumentTrust;
let keys: KeyFolder;
let detached: string;

/** Two trusted keys, the second with a subkey that signs, and one that nobody knows. */
beforeAll(async () => {
  if (stockGpg.isMissing) return;
  gpg = await startGpg();
  const one = await gpg.makeKey("one", "rsa2048");
  const two = await gpg.makeKey("two", "ed25519");
  await gpg.run("--passphrase", "", "--quick-add-key", two, "ed25519", "sign", "never");
  await gpg.makeKey("unknown", "ed25519");
  parts = { ...(await signTexts()), trusted: ["one", "two"], unknown: ["unknown"] };
  await writeFile(gpg.file("bytes"), BYTES);
  await gpg.run("--local-user", "one", "--armor", "--detach-sign", "bytes");
  detached = await readFile(gpg.file("bytes.asc"), "latin1");
  const exported = (await gpg.run("--armor", "--export", one, two)).stdout;
  await writeFile(gpg.file("keyring.asc"), exported);
  await gpg.run("--yes", "--delete-keys", "unknown");
  await gpg[Symbol.asyncDispose]();
  gpg = await startGpg();
  await writeFile(gpg.file("keyring.asc"), exported);
  await writeFile(gpg.file("bytes"), BYTES);
  await gpg.run("--import", "keyring.asc");
  keys = openKeyFolder(gpg.file("keys"), { now: () => new Date(now()) });
  await keys.trust(Buffer.from(exported), "keyring.asc");
  const keyring = gpg.file("keyring.asc");
  trust = createDocumentTrust({ keyring, timing: { now }, onWarning: () => undefined });
});
afterAll(() => gpg?.[Symbol.asyncDispose]());

async function signTexts(): Promise<Pick<MutantParts, "bodies" | "signatures">> {
  const bodies: string[] = [];
  const signatures: Record<string, Buffer>[] = [];
  for (const [index, text] of TEXTS.entries()) {
    await writeFile(gpg.file("text"), text);
    const own: Record<string, Buffer> = {};
    for (const signer of ["one", "two", "unknown"]) {
      const options = ["--yes", "--digest-algo", "SHA512", "--local-user", signer, "--output", "signed"];
      await gpg.run(...options, "--clearsign", "text");
      const signed = await readFile(gpg.file("signed"), "latin1");
      own[signer] = dearmor(signed);
      const end = signed.indexOf("\n-----BEGIN PGP SIGNATURE-----") + 1;
      bodies[index] = signed.slice(signed.indexOf("\n\n") + 2, end);
    }
    signatures.push(own);
  }
  return { bodies, signatures };
}

/** What came out, or undefined when it was refused; any other failure is a fault. */
async function accepted<T>(verified: Promise<T>): Promise<T | undefined> {
  return verified.catch((error: unknown) => {
    if (isJamError(error) && error.code !== "JAM_INTERNAL") return undefined;
    throw error;
  });
}

/** Line ends and blanks before them are not signed. */
const withoutLineEnds = (text: string) =>
  text
    .split("\n")
    .map((line) => line.replace(/[ \t\r]+$/, ""))
    .join("\n");

/** Where we may be laxer. */
type Excuse = "unknown co-signer" | "long line" | "no checksum";

function excuseFor(document: string, stderr: string): Excuse | undefined {
  if (document.split("\n").some((line) => line.length > GPG_LINE)) return "long line";
  if (/BADSIG|EXPSIG|EXPKEYSIG|REVKEYSIG/.test(stderr) || !/GOODSIG/.test(stderr)) return undefined;
  if (/NO_PUBKEY/.test(stderr)) return "unknown co-signer";
  const armor = document.slice(document.lastIndexOf("-----BEGIN"));
  return !/=\s*(?:\n|$)|\n=/.test(armor) ? "no checksum" : undefined;
}

describe.skipIf(stockGpg.isMissing)(`gpg and we${stockGpg.note}`, () => {
  test("judge changed documents alike, or we are stricter; and read the same text", async () => {
    const random = seededRandom(SEED);
    const faults: unknown[] = [];
    let both = 0;
    const count = byTier({ quick: 100, all: 2000 });
    for (let run = 0; run < count; run += 1) {
      const { document, what } = mutate(random, parts);
      const bytes = Buffer.from(document, "latin1");
      const arrived = { path: "streams/v1/x.sjson", url: "x", bytes, validators: {} };
      const ours = await accepted(trust.check(arrived));
      const receipt = await accepted(keys.verifyClearsigned(bytes.toString("utf8"), "x"));
      if (receipt !== undefined && receipt.text !== `${ours?.text}\n`) faults.push({ run, what, receipt });
      if (ours === undefined) continue;
      await writeFile(gpg.file("mutant"), bytes);
      const options = ["--trust-model", "always", "--status-fd", "2", "--output", "-"];
      const { status, stdout, stderr } = await gpg.run(...options, "--decrypt", "mutant");
      const excuse = excuseFor(document, stderr);
      if (status === 0) both += 1;
      else if (excuse === undefined || (excuse === "unknown co-signer" && receipt !== undefined))
        faults.push({ run, what, stderr });
      if (excuse !== "long line" && withoutLineEnds(stdout) !== `${ours.text}\n`)
        faults.push({ run, what, gpg: stdout, ours: ours.text });
    }
    expect(faults.slice(0, 5)).toEqual([]);
    expect(both).toBeGreaterThan(count / 10);
  });

  test("judge changed detached signatures alike, or we are stricter", async () => {
    const random = seededRandom(SEED);
    const faults: unknown[] = [];
    let both = 0;
    const count = byTier({ quick: 50, all: 500 });
    for (let run = 0; run < count; run += 1) {
      const { document, what } = mutateText(random, detached);
      if ((await accepted(keys.verifyDetached(BYTES, document, "x"))) === undefined) continue;
      await writeFile(gpg.file("mutant.asc"), Buffer.from(document, "latin1"));
      const { status, stderr } = await gpg.run("--status-fd", "2", "--verify", "mutant.asc", "bytes");
      if (status === 0) both += 1;
      else if (excuseFor(document, stderr) === undefined) faults.push({ run, what, stderr });
    }
    expect(faults.slice(0, 5)).toEqual([]);
    expect(both).toBeGreaterThan(count / 10);
  });
});

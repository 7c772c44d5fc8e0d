import { describe, expect, test } from "vitest";
import {
  formatReceipt,
  groupReceived,
  parseReceipt,
  receivedIds,
  shortId,
  type Receipt,
} from "../../../src/bundle/format/receipt.ts";
import { isSigned, readReceipt, tidySignedBlock } from "../../../src/bundle/site/read-receipts.ts";
import { readSiteInventory } from "../../../src/bundle/site/site-inventory.ts";
import { isJamError, type JamError } from "../../../src/shared/errors.ts";
import { parseSha256, type Sha256 } from "../../../src/shared/sha256.ts";
import {
  anyBundle,
  anyHash,
  anyInstant,
  anySite,
  bundleOf,
  hashOf,
  SNAPSHOT,
} from "../../helpers/contents.ts";
import { fc, test as property } from "../../helpers/property.ts";

const anyReceipt: fc.Arbitrary<Receipt> = fc
  .record({
    site: anySite,
    createdAt: anyInstant,
    snapshot: fc.constantFrom(SNAPSHOT, null),
    agents: fc.nat(),
    bytes: fc.maxSafeNat(),
    brought: fc.array(fc.tuple(anyHash, fc.option(anyBundle))),
  })
  .map(({ brought, ...rest }) => ({ format: "jam-receipt:1", ...rest, ...group(brought) }));

function group(brought: readonly (readonly [Sha256, string | null])[]): Pick<Receipt, "bundles" | "held"> {
  const bundleOf = new Map(
    brought.flatMap(([sha256, bundle]) => (bundle === null ? [] : [[sha256, bundle]])),
  );
  return groupReceived(
    brought.map(([sha256]) => sha256),
    bundleOf,
  );
}

const aReceipt: Receipt = {
  format: "jam-receipt:1",
  site: "plant-7",
  createdAt: "2026-11-27T20:15:00.000Z",
  snapshot: SNAPSHOT,
  ...group([1, 2, 3, 4].map((seed) => [hashOf(seed), seed === 4 ? null : bundleOf((seed % 2) + 1)])),
  agents: 4,
  bytes: 4096,
};

/** Stands for OpenPGP: what is in the block is vouched for. `test/integration/bundle` uses real keys. */
const verify = (text: string) =>
  Promise.resolve({
    text: `${text.split("\n").slice(3, text.split("\n").indexOf("-----BEGIN PGP SIGNATURE-----")).join("\n")}\n`,
    signature: { fingerprint: "AB".repeat(20) },
  });

const sign = (text: string) =>
  `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${text}-----BEGIN PGP SIGNATURE-----\n\nwnUEARYK\n=abcd\n-----END PGP SIGNATURE-----\n`;

async function failureOf(text: string, allowUnsigned = false): Promise<JamError> {
  const error: unknown = await readReceipt(
    { name: "plant-7.receipt", text },
    { verify, allowUnsigned },
  ).catch((e: unknown) => e);
  if (!isJamError(error)) throw new Error("was accepted", { cause: error });
  return error;
}

property.prop([anyReceipt])("a receipt is read as it was written, in lines for paper", (receipt) => {
  const text = formatReceipt(receipt);
  expect(parseReceipt({ name: "r", text })).toEqual(receipt);
  expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
});

property.prop([fc.array(fc.tuple(anyHash, fc.option(anyBundle)))])(
  "every content is found again, under the bundle that brought it",
  (brought) => {
    const ids = receivedIds({ ...aReceipt, ...group(brought) });
    const last = new Map(brought.filter(([, bundle]) => bundle !== null));
    for (const [sha256] of brought) {
      expect(ids.has(shortId(sha256))).toBe(true);
      expect(ids.get(shortId(sha256))).toBe(last.get(sha256) ?? undefined);
    }
    expect(ids.size).toBe(new Set(brought.map(([sha256]) => sha256)).size);
  },
);

test("the receipt of 60 tarballs and 10 documents leaves room for its signature in 1.5 kB", () => {
  const contents = Array.from({ length: 70 }, (_, index) => [hashOf(index), bundleOf(1)] as const);
  const text = formatReceipt({ ...aReceipt, ...group(contents), agents: 160, bytes: 3_500_000_000 });
  // Header, signature and its armour take less than 300 characters.
  expect(text.length).toBeLessThan(1_000);
});

test("a short id is the first 6 bytes of the hash as base64url", () => {
  const sha256 = parseSha256(`0010830c30cf${"7".repeat(52)}`) as Sha256;
  expect(shortId(sha256)).toBe("ABCDDDDP");
});

describe("a signed receipt is read", () => {
  const signed = sign(formatReceipt(aReceipt));
  test.for([
    ["as it was written", signed],
    ["with Windows' line ends", signed.replaceAll("\n", "\r\n")],
    ["with blank lines around", `\n\n  \n${signed}\n\n`],
    ["with a blank line behind every line, as some mail has it", signed.replaceAll("\n", "\n\n")],
    ["with blanks at line ends, as a terminal copies it", signed.replaceAll("\n", "   \n")],
    ["with a byte order mark", `\u{feff}${signed}`],
    ["inside a mail", `Hello,\nhere is our receipt:\n\n${signed}\nRegards\n`],
  ] as const)("%s", async ([, text]) => {
    expect(isSigned(text)).toBe(true);
    const read = await readReceipt({ name: "r", text }, { verify });
    expect(read).toEqual({ receipt: aReceipt, signedBy: "AB".repeat(20), text: signed });
  });

  test.for([
    ["in a line", signed.replace("plant", "pl\rant")],
    ["at the end of a line", signed.replace("{\n", "{\r\r\n")],
    ["in place of a line end", signed.replace("{\n", "{\r")],
    ["before the block", `Hello\r${signed}`],
  ] as const)("as it stands with a carriage return %s, for the check to refuse", async ([, text]) => {
    const seen: string[] = [];
    const refuse = (block: string) => {
      seen.push(block);
      return Promise.reject(new Error("refused"));
    };
    await expect(readReceipt({ name: "r", text: `${text}\n` }, { verify: refuse })).rejects.toThrow();
    expect(seen.every((block) => block.includes("\r"))).toBe(true);
  });

  property.prop([fc.string()])("and tidying twice is tidying once", (text) => {
    for (const one of [text, `${text}${signed}${text}`]) {
      expect(tidySignedBlock(tidySignedBlock(one))).toBe(tidySignedBlock(one));
    }
  });

  test("of what the far side has", async () => {
    const have = await readSiteInventory({ name: "r", text: signed }, { verify });
    expect(have).toMatchObject({ site: "plant-7", describe: "the receipt of plant-7 of 2026-11-27" });
    expect([1, 2, 4, 5].map((seed) => have.isHeld(hashOf(seed)))).toEqual([true, true, true, false]);
    expect([1, 2, 4, 5].map((seed) => have.bundleOf(hashOf(seed)))).toEqual([
      bundleOf(2),
      bundleOf(1),
      undefined,
      undefined,
    ]);
  });
});

describe("an unsigned receipt", () => {
  test("is refused", async () => {
    const failure = await failureOf(formatReceipt(aReceipt));
    expect(failure.code).toBe("JAM_SIGNATURE_MISSING");
    const have = readSiteInventory({ name: "r", text: formatReceipt(aReceipt) }, { verify });
    await expect(have).rejects.toMatchObject({ code: "JAM_SIGNATURE_MISSING" });
  });

  test("is read when that is allowed", async () => {
    const text = formatReceipt(aReceipt);
    const read = await readReceipt({ name: "r", text }, { verify, allowUnsigned: true });
    expect(read).toEqual({ receipt: aReceipt, signedBy: null, text });
  });
});

describe("what is wrong is said with file and place", () => {
  const edited = (changes: object) => JSON.stringify({ ...aReceipt, ...changes });

  test.for([
    ["nothing", "", "is not a receipt of jam: it is empty"],
    ["another text", "Dear all", 'it starts with "Dear all"'],
    ["another document", '{"format":"jam-inventory:1"}', "is not a receipt of jam: its format is"],
    ["a newer format", edited({ format: "jam-receipt:2" }), "this jam reads jam-receipt:1"],
    ["an unknown field", edited({ host: "x" }), "Unrecognized key"],
    ["a site with a path", edited({ site: "a/../b" }), "has a fault at site"],
    ["half an id", edited({ held: [{ bundle: null, contents: ["AAAAAAAAAAAA"] }] }), "held/0/contents/0"],
    [
      "nine ids on a line",
      edited({ held: [{ bundle: null, contents: ["A".repeat(72)] }] }),
      "held/0/contents/0",
    ],
    [
      "a bundle that is not there",
      edited({ held: [{ bundle: 2, contents: ["AAAAAAAA"] }] }),
      "held/0/bundle",
    ],
    ["less than nothing", edited({ bytes: -1 }), "has a fault at bytes"],
    ["a cut text", formatReceipt(aReceipt).slice(0, -20), "not valid JSON"],
  ] as const)("%s", async ([, text, message]) => {
    for (const failure of [
      await failureOf(text, true),
      text === "" ? undefined : await failureOf(sign(`${text}\n`)),
    ]) {
      if (failure === undefined) continue;
      expect(failure.code).toBe("JAM_RECEIPT_INVALID");
      expect(failure.message).toContain(message);
    }
  });

  property.prop([fc.json(), fc.boolean()])("whatever else is JSON", async (json, isSignedText) => {
    const failure = await failureOf(isSignedText ? sign(`${json}\n`) : json, true);
    expect(failure.code).toBe("JAM_RECEIPT_INVALID");
  });
});

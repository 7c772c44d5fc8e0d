import { readCleartextMessage, readKey, verify } from "openpgp";
import { beforeAll, describe, expect, test } from "vitest";
import {
  buildSampleTree,
  generateSampleKey,
  withSignatureFault,
  type SampleTree,
} from "../../../helpers/upstream.ts";

const INDEX = "streams/v1/index2.json";
const SIGNED = "streams/v1/index2.sjson";

let tree: SampleTree;
beforeAll(async () => {
  tree = await buildSampleTree({ releases: ["3.6.27"], arches: ["amd64"], oses: ["ubuntu"] });
});

/** The text of the signed index, where `armoredKey` (upstream's by default) signed it. */
async function verified(spoilt: SampleTree, armoredKey = tree.key.publicKeyArmored): Promise<string> {
  const message = await readCleartextMessage({ cleartextMessage: spoilt.text(SIGNED) });
  const verificationKeys = await readKey({ armoredKey });
  const { data } = await verify({ message, verificationKeys, expectSigned: true });
  return data;
}

describe("a spoilt signature", () => {
  test.for([
    "unsigned",
    "foreign-key",
    "altered",
    "truncated",
    "empty-signature",
    "signed-in-future",
  ] as const)("does not verify: %s", async (fault) => {
    const spoilt = await withSignatureFault(tree, INDEX, fault);

    expect(spoilt.text(SIGNED)).not.toBe(tree.text(SIGNED));
    await expect(verified(spoilt)).rejects.toThrow();
  });

  test("by a foreign key is a good one of that key", async () => {
    const { publicKeyArmored } = await generateSampleKey("foreign");
    const spoilt = await withSignatureFault(tree, INDEX, "foreign-key");
    expect(await verified(spoilt, publicKeyArmored)).toContain("index:1.0");
  });

  test("is missing while the unsigned document stays", async () => {
    const spoilt = await withSignatureFault(tree, INDEX, "missing");
    expect([spoilt.documents.has(SIGNED), spoilt.documents.has(INDEX)]).toEqual([false, true]);
  });

  test("has unsigned text around it, or comes twice", async () => {
    const good = tree.text(SIGNED);
    const texts = await Promise.all(
      (["text-before", "text-after", "two-blocks"] as const).map(async (fault) =>
        (await withSignatureFault(tree, INDEX, fault)).text(SIGNED).replaceAll(good, "GOOD "),
      ),
    );
    expect(texts).toEqual(['{"format": "index:1.0"}\nGOOD ', 'GOOD {"format": "index:1.0"}\n', "GOOD GOOD "]);
  });
});

describe("a tree", () => {
  test("says and signs the dates it is given", async () => {
    const now = new Date("2024-03-05T06:07:08Z");
    const dated = await buildSampleTree({
      releases: ["3.6.27"],
      arches: ["amd64"],
      now,
      updatedAt: new Date("2030-01-01T00:00:00Z"),
    });
    const message = await readCleartextMessage({ cleartextMessage: dated.text(SIGNED) });
    const verificationKeys = await readKey({ armoredKey: dated.key.publicKeyArmored });
    const { data, signatures } = await verify({ message, verificationKeys });

    expect(JSON.parse(data)).toMatchObject({ updated: "Tue, 01 Jan 2030 00:00:00 +0000" });
    expect((await signatures[0]?.signature)?.packets[0]?.created).toEqual(now);
  });

  test("edited is signed again, and the original is as it was", async () => {
    const edited = await tree.withEdited(INDEX, (index) => {
      index.updated = "Thu, 01 Jan 1970 00:00:00 +0000";
    });
    expect(JSON.parse(await verified(edited))).toMatchObject({ updated: "Thu, 01 Jan 1970 00:00:00 +0000" });
    expect(edited.text(INDEX)).not.toContain(".sjson");
    expect(tree.text(INDEX)).not.toContain("1970");
  });

  test("with another item keeps what metadata says of it", () => {
    const [path = ""] = tree.items.keys();
    const other = tree.withItem(path, Buffer.from("other"));
    expect(other.items.get(path)?.size).toBe(5);
    expect(other.listings).toEqual(tree.listings);
    expect(tree.withItem(path, undefined).items.has(path)).toBe(false);
  });

  test("is the same twice when key and dates are", async () => {
    const options = { releases: ["2.9.60", "3.6.27"], now: new Date("2026-01-01T00:00:00Z") };
    const [first, second] = [await buildSampleTree(options), await buildSampleTree(options)];
    expect(
      [...second.documents].map(([path]) => [path, second.text(path).split("-----BEGIN PGP SIGNATURE")[0]]),
    ).toEqual(
      [...first.documents].map(([path]) => [path, first.text(path).split("-----BEGIN PGP SIGNATURE")[0]]),
    );
  });

  test("can hold every known release", async () => {
    const { listings, items } = await buildSampleTree({
      releases: "all",
      arches: ["amd64"],
      tarballBytes: 600,
    });
    expect(items.size).toBeGreaterThan(900);
    expect(listings.length).toBeGreaterThan(3000);
  });
});

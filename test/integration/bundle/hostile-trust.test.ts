/** Bundles that are whole and that nobody who is trusted here stands behind, or that prove less than they say. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BundledDocument, BundleManifest } from "../../../src/bundle/format/manifest.ts";
import { sha256Of } from "../../../src/shared/sha256.ts";
import {
  sampleBundle,
  smallestVolumeSize,
  volumeArchives,
  writeSample,
} from "../../fuzz/bundle/sample-bundle.ts";
import { tarArchive, type TarPart } from "../../fuzz/bundle/tar-parts.ts";
import {
  hostileWorld,
  readShown,
  withPart,
  withTarball,
  type HostileWorld,
} from "../../helpers/hostile-bundle.ts";
import { buildSampleTree, withSignatureFault, type SampleTree } from "../../helpers/upstream.ts";

let world: HostileWorld;

beforeAll(async () => {
  world = await hostileWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const HOUR_MS = 3_600_000;
const INVALID = { code: "JAM_SIGNATURE_INVALID", status: 4 };
const [MANIFEST, SIGNATURE] = [1, 2];

const text = (part: TarPart | undefined) => Buffer.from(part?.body ?? []).toString("latin1");

describe("a signature that is not one of a trusted key over these bytes is refused", () => {
  test("without one", async () => {
    const parts = (await world.parts()).toSpliced(SIGNATURE, 1);
    expect(await world.attack([tarArchive(parts)])).toEqual({ code: "JAM_SIGNATURE_MISSING", status: 4 });
  });

  test("of an unknown key", async () => {
    const parts = await world.parts({}, world.stranger);
    expect(await world.attack([tarArchive(parts)])).toEqual({ code: "JAM_SIGNER_UNKNOWN", status: 4 });
  });

  test("of upstream's key, which vouches for documents and for no bundle", async () => {
    const { createMessage, sign } = await import("openpgp");
    const parts = await world.parts();
    const message = await createMessage({ binary: Buffer.from(parts[MANIFEST]?.body ?? []) });
    const body = Buffer.from(await sign({ message, detached: true, signingKeys: world.tree.key.privateKey }));
    const end = await world.attack([tarArchive(withPart(parts, SIGNATURE, { body }))]);
    expect(end).toEqual({ code: "JAM_SIGNER_UNKNOWN", status: 4 });
  });

  test.for<[string, (signature: string) => string]>([
    ["garbage", () => "garbage"],
    ["nothing but blanks", () => "   \n"],
    ["an empty armor", () => "-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----\n"],
    ["armor of garbage", (s) => s.replace(/\n\n[^-]*/, "\n\nAAAA\n")],
    ["a cut armor", (s) => s.slice(0, s.length / 2)],
    ["two of them", (s) => `${s}${s}`],
    ["text before it", (s) => `evil\n${s}`],
    ["a carriage return in its armour", (s) => s.replace(/(\n\n.{9})/, "$1\r")],
    ["a carriage return at the end of a header", (s) => s.replace("\n\n", "\r\r\n\n")],
    ["a wrong checksum", (s) => s.replace(/^=.{4}$/m, "=AAAA")],
    ["a public key", () => world.maker.publicKeyArmored],
    ["terminal escapes in its headers", () => "-----BEGIN PGP \u{1b}[2J-----\n\u{1b}]0;x\u{7}"],
  ])("%s", async ([, change]) => {
    const parts = await world.parts();
    const body = Buffer.from(change(text(parts[SIGNATURE])), "latin1");
    const end = await world.attack([tarArchive(withPart(parts, SIGNATURE, { body }))]);
    expect(end).toEqual(INVALID);
  });

  test("of other bytes", async () => {
    const [good, other] = [await world.parts(), await world.parts({ selection: "other" })];
    const parts = withPart(good, SIGNATURE, { body: other[SIGNATURE]?.body ?? Buffer.alloc(0) });
    expect(await world.attack([tarArchive(parts)])).toEqual(INVALID);
  });

  test("from the future", async () => {
    const parts = await world.parts();
    const signed = await world.maker.signDetached(
      parts[MANIFEST]?.body ?? Buffer.alloc(0),
      new Date(Date.now() + 72 * HOUR_MS),
    );
    const end = await world.attack([tarArchive(withPart(parts, SIGNATURE, { body: Buffer.from(signed) }))]);
    expect(end).toEqual(INVALID);
  });

  test("by a trusted key that is past its day, though it was not when it signed", async () => {
    const { createMessage, generateKey, sign } = await import("openpgp");
    const date = new Date("2026-01-01T00:00:00Z");
    const { privateKey } = await generateKey({
      userIDs: [{ name: "Expired" }],
      keyExpirationTime: 86_400,
      date,
      format: "object",
    });
    const name = `${privateKey.getFingerprint().toUpperCase()}.asc`;
    await writeFile(join(world.base.folder, "jam-keys/trusted", name), privateKey.toPublic().armor());
    const parts = await world.parts();
    const message = await createMessage({ binary: Buffer.from(parts[MANIFEST]?.body ?? []) });
    const signature = await sign({ message, detached: true, signingKeys: privateKey, date });
    const body = Buffer.from(signature);
    const archives = [tarArchive(withPart(parts, SIGNATURE, { body }))];
    expect(await world.attack(archives)).toEqual({ code: "JAM_SIGNER_EXPIRED", status: 4 });
    const allowed = { flags: ["--allow", "expired-key"], mayPublish: true };
    expect(await world.attack(archives, allowed)).toEqual({ code: undefined, status: 0 });
  });

  test("a stripped one does not keep the same bundle with its signature out", async () => {
    const whole = await world.parts();
    const archives = [tarArchive(whole.toSpliced(SIGNATURE, 1)), tarArchive(whole)];
    for (const order of [archives, archives.toReversed()]) {
      const end = await world.attack(order, { mayPublish: true });
      expect(end).toEqual({ code: "JAM_SIGNATURE_MISSING", status: 4 });
    }
  });

  test("a volume of a signed bundle that lost its signature is not taken in behind one that has it", async () => {
    const size = smallestVolumeSize(await writeSample(world.good, world.maker));
    const volumes = volumeArchives(await writeSample(world.good, world.maker, size));
    const unsigned = volumeArchives(await writeSample(world.good, undefined, size));
    expect(volumes.length).toBeGreaterThan(1);
    const end = await world.attack([volumes[0] as Buffer, ...unsigned.slice(1)]);
    expect(end).toEqual({ code: "JAM_SIGNATURE_MISSING", status: 4 });
  });
});

/** Brings a bundle of `tree` with the good date. */
async function attackWithTree(tree: SampleTree) {
  const sample = await sampleBundle(tree, new Date(Date.now() - HOUR_MS));
  return world.attack(volumeArchives(await writeSample(sample, world.maker)));
}

const INDEX = "streams/v1/index2.json";
const PRODUCTS = "streams/v1/com.ubuntu.juju-released-agents.json";

describe("upstream's documents are verified here again, whoever signed the bundle", () => {
  test.for<[string, Parameters<typeof withSignatureFault>[2], string]>([
    ["of an unknown key", "foreign-key", "JAM_METADATA_KEY_UNKNOWN"],
    ["unsigned", "unsigned", "JAM_METADATA_UNSIGNED"],
    ["altered", "altered", "JAM_METADATA_SIGNATURE_INVALID"],
    ["with text before it", "text-before", "JAM_METADATA_SIGNATURE_INVALID"],
    ["with two signed texts", "two-blocks", "JAM_METADATA_SIGNATURE_INVALID"],
    ["with an empty signature", "empty-signature", "JAM_METADATA_SIGNATURE_INVALID"],
    ["signed in the future", "signed-in-future", "JAM_METADATA_FUTURE"],
    ["cut off", "truncated", "JAM_BUNDLE_UNPROVEN"],
    ["with a carriage return in a text", "lone-cr", "JAM_METADATA_SIGNATURE_INVALID"],
    ["with a carriage return between values", "lone-cr-between", "JAM_METADATA_SIGNATURE_INVALID"],
    ["with a carriage return in the signature", "lone-cr-in-armor", "JAM_METADATA_SIGNATURE_INVALID"],
    ["with a bad signature behind the good one", "good-then-bad", "JAM_METADATA_SIGNATURE_INVALID"],
    ["with a bad signature before the good one", "bad-then-good", "JAM_METADATA_SIGNATURE_INVALID"],
  ])("%s", async ([, fault, code]) => {
    for (const path of [INDEX, PRODUCTS]) {
      const tree = await withSignatureFault(world.tree, path, fault);
      expect([path, await attackWithTree(tree)]).toEqual([path, { code, status: 4 }]);
    }
  });

  test("older than what was accepted before", async () => {
    const tree = await buildSampleTree({
      ...(await treeOptions()),
      releases: ["3.6.26", "3.6.27"],
      now: new Date(Date.now() - 20 * HOUR_MS),
    });
    expect(await attackWithTree(tree)).toEqual({ code: "JAM_METADATA_ROLLBACK", status: 4 });
  });

  test("dated in the future", async () => {
    const tree = await world.tree.withEdited(INDEX, (index) => {
      index.updated = new Date(Date.now() + 72 * HOUR_MS).toUTCString();
    });
    expect(await attackWithTree(tree)).toEqual({ code: "JAM_METADATA_FUTURE", status: 4 });
  });

  test("a maker that says it verified nothing", async () => {
    const [set] = world.good.manifest.proofs;
    const proofs = [{ ...(set as NonNullable<typeof set>), verified: false }];
    const end = await world.attack([tarArchive(await world.parts({ proofs }))]);
    expect(end).toEqual({ code: "JAM_METADATA_UNSIGNED", status: 4 });
  });

  test("a proof without its index, without its products, or with the wrong ones under their paths", async () => {
    const [set] = world.good.manifest.proofs as [BundleManifest["proofs"][number]];
    const [index, products] = set.documents as [BundledDocument, BundledDocument];
    const unproven = { code: "JAM_BUNDLE_UNPROVEN", status: 4 };
    for (const [documents, expected] of [
      [[index], unproven],
      [[products], unproven],
      [[{ ...index, path: products.path }], unproven],
      [
        [
          { ...index, path: products.path },
          { ...products, path: index.path },
        ],
        undefined,
      ],
      [[{ ...index, path: "streams/v1/index.sjson" }, products], undefined],
    ] as const) {
      const proofs = [{ ...set, documents }];
      const end = await world.attack([tarArchive(await world.parts({ proofs }))], {
        mayPublish: expected === undefined,
      });
      if (expected === undefined) expect(end.code).not.toBe("JAM_INTERNAL");
      else expect(end).toEqual(expected);
    }
  });
});

async function treeOptions() {
  const { key } = world.tree;
  return {
    key,
    arches: ["amd64"],
    oses: ["ubuntu"],
    families: ["agents"],
    streams: ["released"],
    tarballBytes: 600,
  } as const;
}

const rows = () => world.good.manifest.catalogue;

describe("the catalogue may only choose among what upstream signed", () => {
  const evil = Buffer.from("evil tarball");
  const unproven = { code: "JAM_BUNDLE_UNPROVEN", status: 4 };

  async function attackWithRows(catalogue: BundleManifest["catalogue"]) {
    const contents = new Map([...world.good.contents, [sha256Of(evil), evil]]);
    const sample = await sampleBundle(world.tree, new Date(Date.now() - HOUR_MS), { catalogue });
    return world.attack(volumeArchives(await writeSample({ ...sample, contents }, world.maker)));
  }

  test("an agent that upstream does not list", async () => {
    const agents = ["3.6.99-ubuntu-amd64"];
    const path = "agent/3.6.99/x.tgz";
    const row = { path, size: evil.length, sha256: sha256Of(evil), agents };
    expect(await attackWithRows([...rows(), row])).toEqual(unproven);
  });

  test("other bytes for an agent that upstream lists, at its path or at another one", async () => {
    const [first, ...others] = rows();
    const row = { ...(first as NonNullable<typeof first>), size: evil.length, sha256: sha256Of(evil) };
    expect(await attackWithRows([row, ...others])).toEqual(unproven);
    expect(await attackWithRows([{ ...row, path: "agent/x.tgz" }, ...others])).toEqual(unproven);
  });

  test("two agents that change names", async () => {
    const [one, two, ...others] = rows() as [
      BundleManifest["catalogue"][number],
      BundleManifest["catalogue"][number],
    ];
    const swapped = [{ ...one, agents: two.agents }, { ...two, agents: one.agents }, ...others];
    expect(await attackWithRows(swapped)).toEqual(unproven);
  });

  test("a mirror that lost all but one agent, or all", async () => {
    const tree = await buildSampleTree({
      ...(await treeOptions()),
      releases: ["4.0.15"],
      now: world.tree.now,
    });
    expect(await attackWithTree(tree)).toEqual({ code: "JAM_METADATA_MASS_REMOVAL", status: 4 });
    expect(await attackWithRows([])).toEqual({ code: "JAM_METADATA_MASS_REMOVAL", status: 4 });
  });

  test("other bytes under a path that is listed here are refused, and the old ones stay", async () => {
    const path = world.old.manifest.catalogue[0]?.path ?? "";
    const tree = await withTarball(world.tree, path, Buffer.from("other bytes under a known name"));
    const before = new Date(Date.parse(world.good.manifest.createdAt) - 60_000);
    const sample = await sampleBundle(tree, before);
    const end = await world.attack(volumeArchives(await writeSample(sample, world.maker)), {
      mayPublish: true,
      examine: async ({ far }) =>
        expect(await readShown(far, path)).toEqual(await readShown(world.base, path)),
    });
    expect(end).toEqual({ code: "JAM_METADATA_PATH_REUSED", status: 4 });
  });
});

describe("time does not run backwards", () => {
  test("a bundle that is older than what is shown is refused", async () => {
    const archives = volumeArchives(
      await writeSample(await sampleBundle(world.tree, new Date(Date.now() - 50 * HOUR_MS)), world.maker),
    );
    expect(await world.attack(archives)).toEqual({ code: "JAM_BUNDLE_OUTDATED", status: 4 });
  });

  test("a bundle from the future, which would make every later one outdated, is refused", async () => {
    const sample = await sampleBundle(world.tree, new Date(Date.now() + 72 * HOUR_MS));
    const written = await writeSample(sample, world.maker);
    const signature = await world.maker.signDetached(written.manifestBytes, new Date());
    const archives = volumeArchives({ ...written, signature });
    expect(await world.attack(archives)).toEqual({ code: "JAM_METADATA_FUTURE", status: 4 });
    const end = await world.attack(archives, { flags: ["--dry-run"] });
    expect(end).toEqual({ code: "JAM_METADATA_FUTURE", status: 4 });
  });
});

/** Labels are not signed: whoever carries a volume may say anything in them. Contents go over several volumes here. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CatalogueRow } from "../../../src/bundle/format/manifest.ts";
import { readParts } from "../../../src/bundle/import/pending-bundles.ts";
import { ContentReceiver } from "../../../src/bundle/import/content-receiver.ts";
import type { ArrivingSlice } from "../../../src/bundle/read/volume-reader.ts";
import { sha256Of } from "../../../src/shared/sha256.ts";
import { pinContents } from "../../../src/mirror/pins.ts";
import { bytesInput, type FarSide } from "../../fuzz/bundle/far-side.ts";
import {
  smallestVolumeSize,
  volumeParts,
  withChanges,
  writeSample,
  type WrittenBundle,
} from "../../fuzz/bundle/sample-bundle.ts";
import { tarArchive, type TarPart } from "../../fuzz/bundle/tar-parts.ts";
import {
  hostileWorld,
  readShown,
  withLabel,
  withLabelText,
  withPart,
  type HostileWorld,
} from "../../helpers/hostile-bundle.ts";
import { inChunks, listBlobs, putBlob, someBytes } from "../../helpers/store-content.ts";
import { temporaryStore } from "../../helpers/temporary-store.ts";

let world: HostileWorld;
let bundle: WrittenBundle;

beforeAll(async () => {
  world = await hostileWorld({ tarballBytes: 6000 });
  const whole = await writeSample(world.good, world.maker);
  bundle = { ...whole, volumeSize: smallestVolumeSize(whole) };
});
afterAll(() => world[Symbol.asyncDispose]());

const MALFORMED = { code: "JAM_BUNDLE_MALFORMED", status: 4 };
const DAMAGED = { code: "JAM_BUNDLE_DAMAGED", status: 4 };
const FINE = { code: undefined, status: 0 };

/** Volumes with empty blocks up to their size. */
function archives(volumes: readonly (readonly TarPart[])[], volumeSize = bundle.volumeSize ?? 0): Buffer[] {
  return volumes.map((parts, index) => {
    const archive = tarArchive(parts);
    const fill = index === volumes.length - 1 ? 0 : volumeSize - archive.length;
    return Buffer.concat([archive, Buffer.alloc(Math.max(0, fill))]);
  });
}

describe("a label that lies is refused", () => {
  test.for<[string, Readonly<Record<string, unknown>>]>([
    ["number 0", { number: 0 }],
    ["a negative number", { number: -1 }],
    ["half a number", { number: 1.5 }],
    ["a number above its count", { number: 99 }],
    ["number and count too large", { number: 9_999, count: 10_000 }],
    ["a count beyond the limit", { count: 10_001 }],
    ["a count that is text", { count: "3" }],
    ["no volume size", { volumeSize: null }],
    ["a volume size of 0", { volumeSize: 0 }],
    ["a negative volume size", { volumeSize: -512 }],
    ["a volume size of 512", { volumeSize: 512 }],
    ["a volume size of 1 TiB", { volumeSize: 2 ** 40 }],
    ["a volume size beyond numbers", { volumeSize: 2 ** 60 }],
    ["a volume size that is no multiple of 512", { volumeSize: 20_001 }],
    ["another volume size", { volumeSize: 2 ** 20 }],
    ["the number of another volume", { number: 2 }],
    ["another bundle", { bundle: "20261127T000000Z-000000000000" }],
    ["a bundle that is a path", { bundle: "../../x" }],
    ["no hash of the part", { lastPart: null }],
    ["a hash that is none", { lastPart: "../x" }],
    ["a hash in capitals", { lastPart: "A".repeat(64) }],
    ["an unknown key", { extra: 1 }],
    ["a terminal escape", { bundle: "\u{1b}[2J" }],
  ])("%s", async ([, changes]) => {
    const volumes = volumeParts(bundle);
    const [forged, ...others] = archives(volumes.with(0, withLabel(volumes[0] ?? [], changes)));
    expect(await world.attack([forged as Buffer])).toEqual(MALFORMED);
    expect(await world.attack([...others, forged as Buffer])).toEqual(MALFORMED);
  });

  test("a label of a newer jam is called that", async () => {
    const [first] = volumeParts(bundle) as [TarPart[]];
    const end = await world.attack(archives([withLabel(first, { format: "jam-volume:2" })]));
    expect(end).toEqual({ code: "JAM_BUNDLE_FORMAT", status: 2 });
  });

  test.for([
    ["nothing", ""],
    ["null", "null"],
    ["a list", "[]"],
    ["a key twice", '{"format":"jam-volume:1","format":"jam-volume:1"}'],
    ["__proto__", '{"__proto__":{}}'],
    ["depth", `{"a":${"[".repeat(500)}`],
    ["zeros", "\0\0\0"],
  ])("%s", async ([, text]) => {
    const [first] = volumeParts(bundle) as [TarPart[]];
    expect(await world.attack(archives([withLabelText(first, text as string)]))).toEqual(MALFORMED);
  });
});

describe("volumes may come in any order, and each bad one is told", () => {
  test("backwards, and all of them twice", async () => {
    const volumes = volumeParts(bundle);
    expect(volumes.length).toBeGreaterThan(2);
    const good = archives(volumes);
    expect(await world.attack(good.toReversed(), { mayPublish: true })).toEqual(FINE);
    expect(await world.attack([...good, ...good], { mayPublish: true })).toEqual(FINE);
  });

  test("a missing volume publishes nothing", async () => {
    const good = archives(volumeParts(bundle));
    for (const [index] of good.entries())
      expect(await world.attack(good.toSpliced(index, 1))).toEqual({ code: undefined, status: 3 });
  });

  test("one bad byte anywhere in a part is damage, and the good volume heals it", async () => {
    const volumes = volumeParts(bundle);
    for (const [number, parts] of volumes.entries()) {
      const index = parts.length - 1;
      const body = Buffer.from(parts[index]?.body ?? []);
      body[0] = (body[0] ?? 0) ^ 0x80;
      const bad = volumes.with(number, withPart(parts, index, { body }));
      expect(await world.attack(archives(bad))).toEqual(DAMAGED);
      const healed = await world.attack(archives(bad), {
        examine: async ({ far }) => {
          await far.import([bytesInput("good.tar", Buffer.concat(archives(volumes)))]);
          expect(await shownVersions(far)).toContain("4.0.15");
        },
      });
      expect(healed).toEqual(DAMAGED);
    }
  });

  test("volumes of two bundles may follow each other in one stream", async () => {
    const good = archives(volumeParts(bundle));
    const old = archives(volumeParts(await writeSample(world.old, world.maker)));
    const end = await world.attack([Buffer.concat([...good, ...old])], { mayPublish: true });
    expect(end).toEqual(FINE);
  });
});

async function shownVersions({ data }: FarSide): Promise<string[]> {
  return readdir(join(data, "tools/agent"));
}

describe("the label's hash of a part proves nothing", () => {
  test("parts that are what the label says and join to other bytes are damage", async () => {
    const volumes = volumeParts(bundle);
    const number = volumes.findIndex((parts) => /^tarballs\/[0-9a-f]{64}\.0$/.test(parts.at(-1)?.name ?? ""));
    const parts = volumes[number] as TarPart[];
    const body = Buffer.from(parts.at(-1)?.body ?? []).fill(7, 100, 200);
    const forged = withLabel(withPart(parts, parts.length - 1, { body }), { lastPart: sha256Of(body) });
    expect(await world.attack(archives(volumes.with(number, forged)))).toEqual(DAMAGED);
    expect(await world.attack(archives(volumes.with(number, forged)).toReversed())).toEqual(DAMAGED);
  });

  test("a part that bears the name of a held tarball does not take it along", async () => {
    const volumes = volumeParts(bundle);
    const [{ path, sha256, size }] = world.old.manifest.catalogue as [CatalogueRow];
    for (const [number, parts] of volumes.entries()) {
      const forged = withLabel(parts, { firstPart: sha256, lastPart: sha256 });
      expect(await world.attack(archives(volumes.with(number, forged)), { examine: isServed })).toEqual(
        DAMAGED,
      );
    }
    async function isServed({ far }: { far: FarSide }) {
      expect((await readShown(far, path))?.length).toBe(size);
    }
  });

  test("a part that is a held tarball, to the byte, leaves it where it is", async () => {
    const { row, volumes } = await partsThatAreTarballs();
    const end = await world.attack(volumes, {
      examine: async ({ far }) => expect((await readShown(far, row.path))?.length).toBe(row.size),
    });
    expect(end).toEqual(DAMAGED);
  });
});

test("what is missing is described for a manifest that is written in another way than jam's, too", async () => {
  const manifestBytes = Buffer.from(JSON.stringify(world.good.manifest));
  const signature = await world.maker.signDetached(manifestBytes, new Date());
  const written = { ...bundle, manifestBytes, signature };
  const volumeSize = smallestVolumeSize(written);
  const [first, ...others] = archives(volumeParts({ ...written, volumeSize }), volumeSize);
  expect(others.length).toBeGreaterThan(0);
  expect(await world.attack([first as Buffer])).toEqual({ code: undefined, status: 3 });
});

/** A split bundle without the tarball that the far side lists, and with its very bytes as one of the parts. */
async function partsThatAreTarballs() {
  const [row] = world.old.manifest.catalogue as [CatalogueRow];
  const held = world.old.contents.get(row.sha256) as Buffer;
  const catalogue = world.good.manifest.catalogue.filter(({ sha256 }) => sha256 !== row.sha256);
  const manifest = withChanges(world.good.manifest, { catalogue, scope: "selection" });
  const whole = await writeSample({ ...world.good, manifest }, world.maker);
  for (let volumeSize = smallestVolumeSize(whole); volumeSize < 2 ** 20; volumeSize += 512) {
    const volumes = volumeParts({ ...whole, volumeSize });
    const number = volumes.findIndex((parts) => isFirstPart(parts.at(-1), held.length));
    if (number === -1) continue;
    const parts = volumes[number] as TarPart[];
    const forged = withLabel(withPart(parts, parts.length - 1, { body: held }), { lastPart: row.sha256 });
    return { row, volumes: archives(volumes.with(number, forged), volumeSize) };
  }
  throw new Error("no volume size splits a tarball there");
}

function isFirstPart(part: TarPart | undefined, length: number): boolean {
  return part !== undefined && /^tarballs\/[0-9a-f]{64}\.0$/.test(part.name) && part.body?.length === length;
}

describe("parts that are here", () => {
  const bytes = someBytes(3000).bytes;
  const content = { kind: "tarball", sha256: sha256Of(bytes), size: bytes.length } as const;
  const named = new Set([content.sha256]);
  const id = "20261127T000000Z-000000000000";

  function arriving(offset: number, body: Buffer): ArrivingSlice {
    const slice = { content, offset, length: body.length };
    return { slice, sha256: sha256Of(body), bytes: inChunks(body) };
  }

  test("are joined when the bundle was split in another way in between", async () => {
    await using store = await temporaryStore();
    const contents = new ContentReceiver(store, id, named);
    const fates = [];
    for (const [start, end] of [
      [0, 512],
      [512, 1536],
      [0, 1024],
      [2048, 3000],
      [1024, 2048],
    ] as const)
      fates.push(await contents.receive(arriving(start, bytes.subarray(start, end))));
    expect(fates).toEqual(["kept-part", "kept-part", "kept-part", "kept-part", "stored"]);
    expect(await listBlobs(store.blobs)).toContain(`${content.sha256} 3000`);
    expect(await readParts(store.documents, id)).toEqual([]);
  });

  test("are kept when somebody else waits for what bears their name", async () => {
    await using store = await temporaryStore();
    const other = await putBlob(store.blobs, 1024, 9);
    await pinContents(store.documents, "bundle-of-somebody-else", [other.sha256]);
    const contents = new ContentReceiver(store, id, named);
    await contents.receive(arriving(0, other.bytes));
    expect(await contents.receive(arriving(1024, bytes.subarray(1024)))).toBe("damaged");
    expect(await listBlobs(store.blobs)).toEqual([`${other.sha256} 1024`]);
  });
});

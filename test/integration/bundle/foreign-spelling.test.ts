/** What docs/reference/bundle-format.md leaves to makers: a bundle that spells it otherwise is read like any other. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readPublished } from "../../helpers/published.ts";
import { bytesInput } from "../../fuzz/bundle/far-side.ts";
import { volumeArchives, volumeParts, withChanges, writeSample } from "../../fuzz/bundle/sample-bundle.ts";
import { TAR_END, tarPart, withChecksum, type TarPart } from "../../fuzz/bundle/tar-parts.ts";
import type { BundleManifest } from "../../../src/bundle/format/manifest.ts";
import { hostileWorld, type HostileWorld } from "../../helpers/hostile-bundle.ts";

let world: HostileWorld;

beforeAll(async () => {
  world = await hostileWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

/** What a copy of the far side shows after these bytes. */
async function shownAfter(archive: Uint8Array, name: string) {
  const far = await world.base.copy(join(world.folder, name));
  try {
    expect(await far.import([bytesInput(`${name}.tar`, archive)])).toMatchObject({ outcome: "updated" });
    return await readPublished(far.data);
  } finally {
    await far.remove();
  }
}

interface Spelling {
  readonly manifest?: (good: BundleManifest) => BundleManifest;
  readonly text?: (manifest: BundleManifest) => string;
  /** Changes the header of a file in place; its checksum is put right afterwards. */
  readonly header?: (block: Buffer) => void;
}

/** The good bundle, as a maker with other habits writes and signs it. */
async function spelled({ manifest = (good) => good, text, header }: Spelling): Promise<Buffer> {
  const bundle = { ...world.good, manifest: manifest(world.good.manifest) };
  const written = await writeSample(bundle, world.maker);
  const manifestBytes = text === undefined ? written.manifestBytes : Buffer.from(text(bundle.manifest));
  const signature = await world.maker.signDetached(manifestBytes, new Date(bundle.manifest.createdAt));
  const [parts] = volumeParts({ ...written, manifestBytes, signature }) as [TarPart[]];
  const files = parts.map((part) => {
    const bytes = tarPart(part);
    const block = bytes.subarray(0, 512);
    header?.(block);
    withChecksum(block);
    return bytes;
  });
  return Buffer.concat([...files, TAR_END]);
}

/** Keys in another order. */
function turned(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toReversed());
}

const SPELLINGS: readonly (readonly [string, Spelling])[] = [
  [
    "the rows of the catalogue and the documents of a proof in another order",
    {
      manifest: (good) =>
        withChanges(good, {
          catalogue: good.catalogue.toReversed(),
          proofs: good.proofs.map((proof) => ({ ...proof, documents: proof.documents.toReversed() })),
        }),
    },
  ],
  ["a manifest on one line", { text: (manifest) => JSON.stringify(manifest) }],
  [
    "a manifest with other keys first, wide indents, carriage returns and escapes",
    {
      text: (manifest) =>
        JSON.stringify(manifest, turned, 8)
          .replaceAll("\n", "\r\n")
          .replace('"jam-bundle:1"', '"\\u006aam-bundle:1"'),
    },
  ],
  [
    "another mode, owner, group and time in its headers",
    {
      header(block) {
        block.write("0000777\0", 100, "latin1");
        block.write("0001750\0", 108, "latin1");
        block.write("0001750\0", 116, "latin1");
        block.write("14000000000\0", 136, "latin1");
        block.write("somebody\0", 265, "latin1");
        block.write("some group\0", 297, "latin1");
      },
    },
  ],
  ["the magic of GNU tar", { header: (block) => void block.write("ustar  \0", 257, "latin1") }],
  [
    "something behind the names in its headers",
    { header: (block) => void block.fill("x", block.indexOf(0) + 1, 100) },
  ],
];

test.for(SPELLINGS)("%s: the same is published", async ([name, spelling]) => {
  const [archive] = volumeArchives(await writeSample(world.good, world.maker)) as [Buffer];
  const bytes = await spelled(spelling);
  expect(bytes.equals(archive)).toBe(false);
  const number = SPELLINGS.findIndex(([one]) => one === name);
  expect(await shownAfter(bytes, `foreign-${number}`)).toEqual(await shownAfter(archive, `good-${number}`));
});

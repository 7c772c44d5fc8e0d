/** Signatures that are good, of signers who are trusted, over something else than what they are put next to. */
import { copyFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openKeys } from "../../../src/compose/store.ts";
import { readFolderBytes } from "../../fuzz/bundle/folder-state.ts";
import { tarArchive } from "../../fuzz/bundle/tar-parts.ts";
import { volumeParts, writeSample } from "../../fuzz/bundle/sample-bundle.ts";
import { airGap } from "../../helpers/air-gap.ts";
import { hostileWorld, withPart, type HostileWorld } from "../../helpers/hostile-bundle.ts";
import { temporaryMirror } from "../../helpers/mirror.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

const SIGNATURE = 2;
const INVALID = { code: "JAM_SIGNATURE_INVALID", status: 4 };

describe("in a bundle, another signature of a trusted signer is refused", () => {
  let world: HostileWorld;
  beforeAll(async () => {
    world = await hostileWorld();
    // Here the stranger is a second maker that the far side trusts.
    const keys = await openKeys({ data: world.base.data, keys: join(world.base.folder, "jam-keys") });
    await keys.trust(Buffer.from(world.stranger.publicKeyArmored), "second.asc");
  });
  afterAll(() => world[Symbol.asyncDispose]());

  /** The good bundle, signed with what `signer` wrote under the older one. */
  async function withSignatureOfOld(signer: HostileWorld["maker"]) {
    const [other] = volumeParts(await writeSample(world.old, signer));
    return withPart(await world.parts(), SIGNATURE, { body: other?.[SIGNATURE]?.body ?? Buffer.alloc(0) });
  }

  test("of the same signer, under an older bundle", async () => {
    expect(await world.attack([tarArchive(await withSignatureOfOld(world.maker))])).toEqual(INVALID);
  });

  test("of another signer, under an older bundle", async () => {
    expect(await world.attack([tarArchive(await withSignatureOfOld(world.stranger))])).toEqual(INVALID);
  });

  test("of another signer, under a bundle that differs in one word", async () => {
    const other = await world.parts({ selection: "something else" }, world.stranger);
    const body = other[SIGNATURE]?.body ?? Buffer.alloc(0);
    expect(await world.attack([tarArchive(withPart(await world.parts(), SIGNATURE, { body }))])).toEqual(
      INVALID,
    );
  });
});

describe("next to a bundle and in receipts", () => {
  let upstream: TestUpstream;
  beforeAll(async () => {
    upstream = await startUpstream({ releases: ["3.6.26", "3.6.27"], arches: ["amd64"] });
  });
  afterAll(() => upstream[Symbol.asyncDispose]());

  test.for(["SHA256SUMS.asc", ".manifest.json.asc"])(
    "%s of another bundle of the same signer fails the check of the medium",
    async (ending) => {
      await using gap = await airGap(upstream);
      const folders = [join(gap.medium, "all"), join(gap.medium, "some")] as const;
      await gap.done("near", "bundle", "create", "--to", `${folders[0]}/`);
      await gap.done("near", "bundle", "create", "--versions", "3.6.26", "--to", `${folders[1]}/`);
      const [to, from] = await Promise.all(
        folders.map(async (folder) => {
          const name = (await readdir(folder)).find((one) => one.endsWith(ending)) ?? "";
          return join(folder, name);
        }),
      );
      await gap.done("far", "bundle", "verify", folders[0]);
      await copyFile(from as string, to as string);
      const verified = await gap.far.here("bundle", "verify", folders[0]);
      expect(verified).toMatchObject({ status: 4 });
    },
  );

  test("a receipt with the signature of another site is refused, and no site is known after it", async () => {
    await using near = await temporaryMirror(upstream);
    await near.sync();
    const texts = await Promise.all(["plant-7", "plant-8"].map((site) => receiptOf(site, near)));
    const marker = "-----BEGIN PGP SIGNATURE-----";
    const [[body7, signature7], [body8, signature8]] = texts.map((text) => text.split(marker)) as [
      [string, string],
      [string, string],
    ];
    const before = readFolderBytes(near.data);
    for (const [body, signature] of [
      [body7, signature8],
      [body8, signature7],
    ] as const) {
      await writeFile(join(near.folder, "swapped.receipt"), `${body}${marker}${signature}`);
      const { status, stderr } = await near.here("site", "update", "swapped.receipt");
      expect({ status, stderr }).toEqual({ status: 4, stderr: expect.stringContaining(INVALID.code) });
    }
    expect(readFolderBytes(near.data)).toEqual(before);
  });

  /** The receipt of a new site with a key of its own, which `near` trusts. */
  async function receiptOf(site: string, near: { readonly folder: string; readonly data: string }) {
    await using far = await temporaryMirror(upstream, { site });
    await far.sync();
    const own = await openKeys({ data: far.data, keys: join(far.folder, "jam-keys") });
    const { publicKeyArmored } = await own.generate({ userId: site, now: new Date() });
    const trusting = await openKeys({ data: near.data, keys: join(near.folder, "jam-keys") });
    await trusting.trust(Buffer.from(publicKeyArmored), `${site}.asc`);
    expect(await far.here("bundle", "receipt", "--to", "out.receipt")).toMatchObject({ status: 0 });
    return readFile(join(far.folder, "out.receipt"), "utf8");
  }
});

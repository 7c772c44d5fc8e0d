/** Bundles that cannot be accepted: what their manifest or their proofs show is seen before tarballs are read. */
import { readdirSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BundleManifest } from "../../../src/bundle/format/manifest.ts";
import type { FarSide } from "../../fuzz/bundle/far-side.ts";
import {
  sampleBundle,
  smallestVolumeSize,
  volumeArchives,
  writeSample,
} from "../../fuzz/bundle/sample-bundle.ts";
import { hostileWorld, type HostileWorld } from "../../helpers/hostile-bundle.ts";
import { runJam } from "../../helpers/jam-process.ts";
import { buildSampleTree, withSignatureFault, type SampleTree } from "../../helpers/upstream.ts";

let world: HostileWorld;

beforeAll(async () => {
  world = await hostileWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const HOUR_MS = 3_600_000;
const INDEX = "streams/v1/index2.json";

/** Names of the tarballs that a far side holds. */
function blobsOf({ data }: FarSide): string[] {
  const names = readdirSync(join(data, "blobs"), { recursive: true, encoding: "utf8" });
  return names.filter((name) => /[0-9a-f]{64}$/.test(name)).sort();
}

/** What waits, is pinned or half here because of a bundle. */
function leftOf({ data }: FarSide): string[] {
  const state = readdirSync(join(data, "state")).filter((name) => /^(?:pending|pins)-/.test(name));
  return [...state, ...readdirSync(join(data, "partial"))];
}

async function ofTree(tree: SampleTree): Promise<Buffer[]> {
  const sample = await sampleBundle(tree, new Date(Date.now() - HOUR_MS));
  return volumeArchives(await writeSample(sample, world.maker));
}

async function ofManifest(changes: (manifest: BundleManifest) => Partial<BundleManifest>): Promise<Buffer[]> {
  const { tarArchive } = await import("../../fuzz/bundle/tar-parts.ts");
  return [Buffer.from(tarArchive(await world.parts(changes(world.good.manifest))))];
}

const REFUSED: readonly [string, string, () => Promise<Buffer[]>][] = [
  [
    "its maker verified nothing",
    "JAM_METADATA_UNSIGNED",
    () => ofManifest(({ proofs }) => ({ proofs: proofs.map((set) => ({ ...set, verified: false })) })),
  ],
  [
    "one of its proofs was not verified",
    "JAM_METADATA_UNSIGNED",
    () =>
      ofManifest(({ proofs }) => ({
        proofs: [...proofs, ...proofs.map((set) => ({ ...set, verified: false }))],
      })),
  ],
  [
    "it lists an agent that no document proves",
    "JAM_BUNDLE_UNPROVEN",
    () =>
      ofManifest(({ catalogue: [first, ...rest] }) => ({
        catalogue: [{ ...first!, agents: [...first!.agents, "9.9.9-ubuntu-amd64"].sort() }, ...rest],
      })),
  ],
  [
    "it lists an agent with other bytes",
    "JAM_BUNDLE_UNPROVEN",
    () =>
      ofManifest(({ catalogue }) => ({
        catalogue: catalogue.map((row, at) => (at === 1 ? { ...row, size: row.size + 1 } : row)),
      })),
  ],
  [
    "it would remove nearly all that is listed here",
    "JAM_METADATA_MASS_REMOVAL",
    async () =>
      ofTree(
        await buildSampleTree({
          releases: ["4.0.15"],
          arches: ["amd64"],
          oses: ["ubuntu"],
          families: ["agents"],
          streams: ["released"],
          key: world.tree.key,
          now: new Date(Date.now() - 2 * HOUR_MS),
        }),
      ),
  ],
  [
    "upstream's signature is of an unknown key",
    "JAM_METADATA_KEY_UNKNOWN",
    async () => ofTree(await withSignatureFault(world.tree, INDEX, "foreign-key")),
  ],
  [
    "its documents are older than what was accepted",
    "JAM_METADATA_ROLLBACK",
    async () =>
      ofTree(
        await buildSampleTree({
          releases: ["3.6.26", "3.6.27"],
          arches: ["amd64"],
          oses: ["ubuntu"],
          families: ["agents"],
          streams: ["released"],
          key: world.tree.key,
          now: new Date(Date.now() - 20 * HOUR_MS),
        }),
      ),
  ],
  [
    "its documents are dated in the future",
    "JAM_METADATA_FUTURE",
    async () =>
      ofTree(
        await world.tree.withEdited(INDEX, (index) => {
          index.updated = new Date(Date.now() + 72 * HOUR_MS).toUTCString();
        }),
      ),
  ],
];

test.for(REFUSED)("no tarball is taken from a bundle when %s", async ([, code, archives]) => {
  const before = blobsOf(world.base);
  const end = await world.attack(await archives(), {
    examine: async ({ far }) => {
      expect(blobsOf(far)).toEqual(before);
      expect(leftOf(far)).toEqual([]);
    },
  });
  expect(end).toEqual({ code, status: 4 });
});

test("no tarball is taken when the settings here verify nothing of that upstream", async () => {
  const far = await world.base.copy(
    await mkdtemp(join(world.folder, "none-")).then((path) => join(path, "far")),
  );
  const settings = {
    version: 1,
    data: "./data",
    upstreams: [{ name: "sample", url: world.good.manifest.proofs[0]!.url, keyring: "none" }],
    select: [{ stream: "released" }],
  };
  writeFileSync(join(far.folder, "jam.yaml"), JSON.stringify(settings));
  await mkdir(join(far.folder, "medium"));
  const [archive] = volumeArchives(await writeSample(world.good, world.maker));
  writeFileSync(join(far.folder, "medium/all.tar"), archive!);
  const before = blobsOf(far);
  for (const flags of [["--dry-run"], []]) {
    const { status, stdout } = await runJam(["bundle", "import", "medium", ...flags, "-o", "json"], {
      cwd: far.folder,
    });
    expect({ flags, status, ...JSON.parse(stdout) }).toMatchObject({
      flags,
      status: 4,
      error: { code: "JAM_METADATA_KEY_UNKNOWN" },
    });
  }
  expect(blobsOf(far)).toEqual(before);
});

/** Volumes of a bundle that lists an agent which no document proves, the first one last. */
async function unprovenVolumes(): Promise<Buffer[]> {
  const [first, ...rest] = world.good.manifest.catalogue;
  const { withChanges } = await import("../../fuzz/bundle/sample-bundle.ts");
  const manifest = withChanges(world.good.manifest, {
    catalogue: [{ ...first!, agents: [...first!.agents, "9.9.9-ubuntu-amd64"].sort() }, ...rest],
  });
  const sample = { ...world.good, manifest };
  const size = smallestVolumeSize(await writeSample(sample, world.maker));
  return volumeArchives(await writeSample(sample, world.maker, size)).toReversed();
}

describe("what came before the documents did", () => {
  test("stays for the grace period and no longer", async () => {
    const before = blobsOf(world.base);
    const end = await world.attack(await unprovenVolumes(), {
      examine: async ({ far }) => {
        const came = blobsOf(far);
        expect(came.length).toBeGreaterThan(before.length);
        expect(leftOf(far)).toEqual([]);
        await runJam(["prune"], { cwd: far.folder });
        expect(blobsOf(far)).toEqual(came);
        const env = { JAM_RETENTION_GRACE: "PT0S" };
        expect(await runJam(["prune"], { cwd: far.folder, env })).toMatchObject({ status: 0 });
        expect(blobsOf(far)).toEqual(before);
      },
    });
    expect(end).toEqual({ code: "JAM_BUNDLE_UNPROVEN", status: 4 });
  });

  test("stays for good when a bundle that is as it should be lists it, too", async () => {
    await world.attack(await unprovenVolumes(), {
      mayPublish: true,
      examine: async ({ far }) => {
        const [archive] = volumeArchives(await writeSample(world.good, world.maker));
        writeFileSync(join(far.folder, "good.tar"), archive!);
        const env = { JAM_RETENTION_GRACE: "PT0S" };
        expect(await runJam(["bundle", "import", "good.tar"], { cwd: far.folder, env })).toMatchObject({
          status: 0,
        });
        expect(await runJam(["prune"], { cwd: far.folder, env })).toMatchObject({ status: 0 });
        const held = blobsOf(far).map((path) => path.slice(-64));
        expect(held).toEqual(
          expect.arrayContaining(world.good.manifest.catalogue.map(({ sha256 }) => sha256)),
        );
      },
    });
  });
});

/** What crosses the gap under keys that counted once: upstream's, and those of makers of bundles. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readSigningKey, type SigningKey } from "../../../src/openpgp/signing-key.ts";
import { openFsStore } from "../../../src/store/fs/open-fs-store.ts";
import { requireCurrentSnapshot } from "../../../src/mirror/read-snapshots.ts";
import type { Allowance } from "../../../src/metadata/freshness.ts";
import { bytesInput, FarSide, makeFarSide } from "../../fuzz/bundle/far-side.ts";
import {
  sampleBundle,
  smallestVolumeSize,
  volumeArchives,
  writeSample,
} from "../../fuzz/bundle/sample-bundle.ts";
import { daysAgo, makeAgingKey, type AgingKey } from "../../helpers/aging-key.ts";
import { runJam } from "../../helpers/jam-process.ts";
import { failureOf } from "../../helpers/key-folder.ts";
import { buildSampleTree, type SampleTree } from "../../helpers/upstream.ts";

let folder: string;
let upstreamKey: AgingKey;
let makerKey: AgingKey;
let maker: SigningKey;
let older: SampleTree;
let newer: SampleTree;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "jam-expired-"));
  upstreamKey = await makeAgingKey();
  makerKey = await makeAgingKey();
  maker = await readSigningKey(makerKey.privateKey.armor(), "maker");
  const shared = { key: upstreamKey, arches: ["amd64"], oses: ["ubuntu"], streams: ["released"] } as const;
  older = await buildSampleTree({ ...shared, releases: ["3.6.26"], now: daysAgo(5) });
  newer = await buildSampleTree({ ...shared, releases: ["3.6.26", "3.6.27"], now: daysAgo(4) });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const farSide = () => makeFarSide(folder, { upstream: upstreamKey, makers: [makerKey.publicKeyArmored] });

/** The settings and keys of a far side, read anew. */
const reread = (far: FarSide) => new FarSide(far.folder);

async function archivesOf(tree: SampleTree, createdAt: Date, selection = "everything"): Promise<Buffer[]> {
  return volumeArchives(await writeSample(await sampleBundle(tree, createdAt, { selection }), maker));
}

async function bring(far: FarSide, archives: readonly Buffer[], allow: readonly Allowance[] = []) {
  const inputs = archives.map((archive, index) => bytesInput(`volume-${index + 1}.tar`, archive));
  return reread(far).import(inputs, { allow });
}

const snapshotOf = async ({ data }: FarSide) => requireCurrentSnapshot(await openFsStore(data), data);
const trustMaker = (far: FarSide, armored: string) =>
  writeFile(join(far.folder, `jam-keys/trusted/${makerKey.fingerprint}.asc`), armored);

describe("upstream's key that has expired", () => {
  test("proves what was accepted before, whatever bundle brings it, and nothing new unless that is allowed", async () => {
    const far = await farSide();
    await bring(far, await archivesOf(older, daysAgo(3)));
    await writeFile(join(far.folder, "key.asc"), await upstreamKey.expired(daysAgo(1)));
    const again = await bring(far, await archivesOf(older, daysAgo(2.9), "again"));
    expect(again.bundles).toMatchObject([{ state: "published" }]);

    const archives = await archivesOf(newer, daysAgo(2));
    const error = await failureOf(bring(far, archives));
    expect([error?.code, error?.hint]).toEqual([
      "JAM_METADATA_KEY_EXPIRED",
      expect.stringMatching(/--allow expired-key$/),
    ]);
    expect((await snapshotOf(far)).agents).toHaveLength(1);

    const report = await bring(far, archives, ["expired-key"]);
    expect(report).toMatchObject({
      outcome: "updated",
      warnings: [expect.stringContaining("expired on"), expect.anything()],
    });
    const { upstream } = await snapshotOf(far);
    expect(upstream.documents.map(({ keyExpiredAt }) => typeof keyExpiredAt)).toEqual(["string", "string"]);
  });
});

describe("a maker's key that has expired", () => {
  test("does not stop the bundle that was under way", async () => {
    const far = await farSide();
    const sample = await sampleBundle(newer, daysAgo(3));
    const size = smallestVolumeSize(await writeSample(sample, maker));
    const volumes = volumeArchives(await writeSample(sample, maker, size));
    await bring(far, volumes.slice(0, 1));
    await trustMaker(far, await makerKey.expired(daysAgo(1)));

    const report = await bring(far, volumes.slice(1));

    expect(report.bundles).toMatchObject([{ state: "published", signedBy: makerKey.fingerprint }]);
    expect((await snapshotOf(far)).bundle).not.toHaveProperty("signerExpiredAt");
    const other = await failureOf(bring(far, await archivesOf(newer, daysAgo(2))));
    expect(other?.code).toBe("JAM_SIGNER_EXPIRED");
  });

  test("brings a new one only where that is allowed, and is on record then", async () => {
    const far = await farSide();
    await trustMaker(far, await makerKey.expired(daysAgo(1)));
    const [archive] = (await archivesOf(newer, daysAgo(2))) as [Buffer];
    await writeFile(join(far.folder, "bundle.tar"), archive);
    const jam = (...args: string[]) => runJam(args, { cwd: far.folder });

    const refused = await jam("bundle", "import", "bundle.tar");
    expect(refused.status).toBe(4);
    expect(refused.stderr.replaceAll(/\s+/g, " ")).toMatch(
      /which expired on .*jam key trust FILE.* --allow expired-key/,
    );
    expect((await jam("bundle", "inspect", "bundle.tar")).stdout).toContain("which expired on");
    expect((await jam("bundle", "import", "--dry-run", "bundle.tar")).status).toBe(4);

    const allowed = await jam("bundle", "import", "bundle.tar", "--allow", "expired-key");
    expect([allowed.status, allowed.stdout]).toEqual([
      0,
      expect.stringMatching(/EXPIRED on .* recorded in the snapshot/),
    ]);
    expect((await jam("status")).stdout).toMatch(/WHICH HAD EXPIRED on/);
    expect((await snapshotOf(far)).bundle?.signerExpiredAt).toMatch(/^20/);
  });

  test("and one that is revoked brings nothing at all", async () => {
    const far = await farSide();
    const archives = await archivesOf(newer, daysAgo(2));
    for (const reason of ["superseded", "compromised"] as const) {
      await trustMaker(far, await makerKey.revoked(daysAgo(1), reason));
      const error = await failureOf(bring(far, archives, ["expired-key"]));
      expect([error?.code, error?.message]).toEqual([
        "JAM_SIGNATURE_INVALID",
        expect.stringContaining("it is revoked"),
      ]);
    }
  });
});

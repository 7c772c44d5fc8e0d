import { generateSecretKey, readSigningKey, type SigningKey } from "../../../src/openpgp/signing-key.ts";
import type { SampleKey } from "../../peers/sample-upstream/sign.ts";
import { buildSampleTree } from "../../peers/sample-upstream/tree.ts";
import {
  sampleBundle,
  smallestVolumeSize,
  volumeArchives,
  withChanges,
  writeSample,
  type SampleBundle,
  type WrittenBundle,
} from "./sample-bundle.ts";

/** A valid bundle to make mutants of. */
export interface Seed {
  readonly name: string;
  readonly bundle: WrittenBundle;
  readonly archives: readonly Buffer[];
  /** Whether an import has to take bundles that nobody signed. */
  readonly isUnsigned: boolean;
}

/** Everything that a campaign starts from. */
export interface Corpus {
  readonly upstream: SampleKey;
  readonly maker: SigningKey;
  /** What the far side shows before. */
  readonly old: readonly Buffer[];
  /** The bundle that all seeds are forms of, in one piece. */
  readonly valid: readonly Buffer[];
  readonly seeds: readonly Seed[];
}

const HOUR_MS = 3_600_000;

/** Small bundles of every form: in one piece, in several, resting on an earlier one, unsigned. */
export async function makeCorpus(): Promise<Corpus> {
  const now = Date.now();
  const maker = await readSigningKey(
    await generateSecretKey("Maker", new Date("2020-01-01T00:00:00Z")),
    "maker",
  );
  const options = {
    arches: ["amd64"],
    oses: ["ubuntu"],
    families: ["agents"],
    streams: ["released"],
    tarballBytes: 3000,
  } as const;
  const oldTree = await buildSampleTree({
    ...options,
    releases: ["3.6.26"],
    now: new Date(now - 4 * HOUR_MS),
  });
  const tree = await buildSampleTree({
    ...options,
    releases: ["3.6.26", "3.6.27", "4.0.15"],
    now: new Date(now - 2 * HOUR_MS),
  });
  const old = await sampleBundle(oldTree, new Date(now - 3 * HOUR_MS));
  const good = await sampleBundle(tree, new Date(now - HOUR_MS));
  const whole = await writeSample(good, maker);
  const delta = await writeSample(deltaOf(good, old), maker);
  const seeds = [
    { name: "whole", bundle: whole },
    { name: "split", bundle: { ...whole, volumeSize: smallestVolumeSize(whole) } },
    { name: "delta", bundle: delta },
    { name: "unsigned", bundle: await writeSample(good, undefined) },
  ];
  return {
    upstream: tree.key,
    maker,
    old: volumeArchives(await writeSample(old, maker)),
    valid: volumeArchives(whole),
    seeds: seeds.map(({ name, bundle }) => ({
      name,
      bundle,
      archives: volumeArchives(bundle),
      isUnsigned: bundle.signature === undefined,
    })),
  };
}

/** The bundle without what the far side has from the old one. */
function deltaOf(good: SampleBundle, old: SampleBundle): SampleBundle {
  const contents = old.manifest.catalogue.map(({ sha256 }) => sha256).sort();
  const baseline = [{ bundle: old.manifest.id, contents }];
  return { ...good, manifest: withChanges(good.manifest, { baseline }) };
}

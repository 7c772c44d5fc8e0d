import type { BundleManifest } from "../../../src/bundle/format/manifest.ts";
import {
  formatLabel,
  LABEL_NAME,
  MANIFEST_NAME,
  SIGNATURE_NAME,
  type VolumeLabel,
} from "../../../src/bundle/format/volume-label.ts";
import { LABEL_BYTES } from "../../../src/bundle/format/volume-plan.ts";
import { formatStableJson } from "../../../src/simplestreams/json-text.ts";
import type { Random } from "../../helpers/random.ts";
import { mutateBytes } from "./mutate-bytes.ts";
import { mutateJson } from "./mutate-json.ts";
import { volumeParts, withChanges, type WrittenBundle } from "./sample-bundle.ts";
import type { Corpus, Seed } from "./seeds.ts";
import { TAR_END, tarArchive, tarPart, type TarPart } from "./tar-parts.ts";

/** Archives that are no longer what their maker wrote. */
export interface Mutant {
  /** How it was made. */
  readonly kind: string;
  readonly archives: readonly Buffer[];
  readonly isUnsigned: boolean;
  /** Whether the maker's key signed something else than the seed: then other agents may be chosen. */
  readonly isSignedAgain: boolean;
}

type Maker = (seed: Seed, random: Random, corpus: Corpus) => Promise<readonly Buffer[]> | readonly Buffer[];

/** Changes bytes of one volume, or of all of them as one stream. */
function ofBytes({ archives }: Seed, random: Random): readonly Buffer[] {
  if (random.chance(0.2)) return [mutateBytes(Buffer.concat(archives), random)];
  const at = random.below(archives.length);
  return archives.with(at, mutateBytes(archives[at] as Buffer, random));
}

function ofLabel({ bundle }: Seed, random: Random): readonly Buffer[] {
  return volumeParts(bundle).map((parts) => {
    const label = JSON.parse(Buffer.from(parts[0]?.body ?? []).toString()) as VolumeLabel;
    const body = formatLabel(mutateJson(label, random));
    return archiveOf(withBody(parts, LABEL_NAME, body), bundle);
  });
}

/** Changes the bytes or the fields of the files in a volume. */
function ofParts({ bundle }: Seed, random: Random): readonly Buffer[] {
  return volumeParts(bundle).map((parts) => {
    const at = random.below(parts.length);
    const part = parts[at] as TarPart;
    const other = random.pick(parts);
    const changed = random.pick<TarPart[]>([
      parts.with(at, { ...part, body: mutateBytes(part.body ?? Buffer.alloc(1), random) }),
      parts.with(at, { ...part, body: other.body ?? Buffer.alloc(0) }),
      parts.with(at, { ...part, name: other.name }),
      parts.with(at, {
        ...part,
        type: random.pick(["1", "2", "5", "7", "x", "g", "L"]),
        linkName: other.name,
      }),
      parts.toSpliced(at, 1),
      parts.toSpliced(at, 0, other),
      parts.toSpliced(at, 0, {
        name: "x",
        type: random.pick(["x", "g", "L", "K"]),
        body: mutateBytes(PAX, random),
      }),
      parts.with(at, other).with(parts.indexOf(other), part),
    ]);
    return archiveOf(changed, bundle);
  });
}

const PAX = Buffer.from("17 path=../../evil\n11 size=99\n");

/** Changes the manifest's values; the maker signs what comes of it, as a malicious or broken one would. */
async function ofManifest({ bundle }: Seed, random: Random, { maker }: Corpus): Promise<readonly Buffer[]> {
  const mutated = mutateJson(bundle.manifest, random);
  const manifest = random.chance(0.8) ? named(mutated) : mutated;
  const manifestBytes = Buffer.from(
    random.chance(0.9) ? formatStableJson(manifest) : JSON.stringify(manifest),
  );
  const signature =
    bundle.signature === undefined ? undefined : await maker.signDetached(manifestBytes, new Date());
  const written = { ...bundle, manifest, manifestBytes, signature };
  try {
    return volumeParts(written).map((parts) => archiveOf(parts, written));
  } catch {
    // There is no layout of what it says: it keeps the old one.
    return volumeParts(bundle).map((parts) => archiveOf(withHead(parts, written), bundle));
  }
}

function named(manifest: BundleManifest): BundleManifest {
  try {
    return withChanges(manifest, {});
  } catch {
    return manifest;
  }
}

function withHead(parts: readonly TarPart[], { manifestBytes, signature }: WrittenBundle): TarPart[] {
  const changed = withBody(parts, MANIFEST_NAME, manifestBytes);
  return signature === undefined ? changed : withBody(changed, SIGNATURE_NAME, Buffer.from(signature));
}

function withBody(parts: readonly TarPart[], name: string, body: Uint8Array): TarPart[] {
  return parts.map((part) => (part.name === name ? { ...part, body } : part));
}

/** Puts volumes, or files of volumes, of several bundles together. */
function ofSplices(seed: Seed, random: Random, { seeds, old }: Corpus): readonly Buffer[] {
  const other = random.pick(seeds);
  const [mine, theirs] = [random.pick(volumeParts(seed.bundle)), random.pick(volumeParts(other.bundle))];
  switch (random.below(5)) {
    case 0:
      return [...seed.archives, ...other.archives].filter(() => random.chance(0.7));
    case 1:
      return [Buffer.concat([random.pick(seed.archives), random.pick(other.archives)])];
    case 2:
      return [archiveOf([...mine.slice(0, random.below(5)), ...theirs.slice(random.below(5))], seed.bundle)];
    case 3:
      return [...seed.archives, ...old];
    default: {
      const [one, two] = [random.pick(seed.archives), random.pick(other.archives)];
      const at = random.below(one.length / 512) * 512;
      return [Buffer.concat([one.subarray(0, at), two.subarray(at)])];
    }
  }
}

function archiveOf(parts: readonly TarPart[], { volumeSize }: WrittenBundle): Buffer {
  const archive =
    volumeSize === undefined ? tarArchive(parts) : Buffer.concat([...parts.map(tarPart), TAR_END]);
  const isFull = volumeSize !== undefined && archive.length > volumeSize - LABEL_BYTES;
  return Buffer.concat([archive, Buffer.alloc(isFull ? Math.max(0, volumeSize - archive.length) : 0)]);
}

const KINDS: readonly (readonly [string, number, Maker])[] = [
  ["bytes", 55, ofBytes],
  ["label", 8, ofLabel],
  ["parts", 15, ofParts],
  ["manifest", 12, ofManifest],
  ["splice", 10, ofSplices],
];

/** One mutant of some bundle of the corpus. */
export async function makeMutant(corpus: Corpus, random: Random): Promise<Mutant> {
  const seed = random.pick(corpus.seeds);
  let ticket = random.below(KINDS.reduce((sum, [, weight]) => sum + weight, 0));
  const [name, , make] = KINDS.find(([, weight]) => (ticket -= weight) < 0) as (typeof KINDS)[number];
  const archives = await make(seed, random, corpus);
  // Who lets unsigned bundles in has let in whatever the manifest says.
  const isSignedAgain = name === "manifest" || seed.isUnsigned;
  return { kind: `${seed.name}/${name}`, archives, isUnsigned: seed.isUnsigned, isSignedAgain };
}

import type { SignatureJudgement } from "../inspect/judge-signature.ts";
import { volumeNumberOf } from "../write/bundle-files.ts";
import type { VolumeCheck } from "./check-inlet.ts";
import { editionOf, type Edition } from "./editions.ts";
import { guessEdition } from "./guess-volume-size.ts";
import type { Beside, BesideManifest } from "./read-beside.ts";

/** The edition that volumes are held to, and what its signature is worth. */
export interface ChosenEdition {
  readonly edition: Edition;
  readonly signature: SignatureJudgement;
}

/**
 * The bundle that was meant: the one with the most volumes or checksums. Of its editions one that is signed as it should
 * be, then the one with the most volumes; a manifest that lies beside counts as an edition without volumes.
 * Undefined when nothing says which bundle it is.
 */
export async function chooseEdition(
  checks: readonly VolumeCheck[],
  besides: readonly Beside[],
  judge: (edition: Edition) => Promise<SignatureJudgement>,
): Promise<ChosenEdition | undefined> {
  const id = chooseId(checks, besides);
  const known = checks.flatMap(({ edition }) =>
    edition?.id === id && edition !== undefined ? [edition] : [],
  );
  const [volumeSize] = byCount(known.map((edition) => edition.volumeSize));
  const editions = byCount(known.filter((edition) => edition.volumeSize === volumeSize));
  const beside = besides.flatMap(({ manifests }) => manifests).filter(({ manifest }) => manifest.id === id);
  const files = checks.flatMap(({ inlet }) =>
    inlet.place === undefined ? [] : [{ number: volumeNumberOf(inlet.place.file), size: inlet.size ?? 0 }],
  );
  const byBeside = beside.flatMap((source) => {
    if (editions.some((edition) => isSame(edition, source))) return [];
    // Where a volume tells the size, it need not be guessed.
    return (known.length > 0 ? editionOf({ ...source, volumeSize }) : guessEdition(source, files)) ?? [];
  });
  const candidates: ChosenEdition[] = [];
  for (const edition of [...editions, ...byBeside])
    candidates.push({ edition, signature: await judge(edition) });
  return candidates.find(({ signature }) => signature.state === "trusted") ?? candidates[0];
}

function isSame(edition: Edition, { manifestBytes, signature }: BesideManifest): boolean {
  return edition.signature === signature && Buffer.compare(edition.manifestBytes, manifestBytes) === 0;
}

function chooseId(checks: readonly VolumeCheck[], besides: readonly Beside[]): string | undefined {
  const votes = checks.flatMap(({ edition }) => (edition === undefined ? [] : [edition.id]));
  for (const { sums, manifests } of besides) {
    for (const { manifest, isSummed } of manifests) {
      const volumes = isSummed ? sums.keys().filter((name) => name.endsWith(".tar")) : [];
      votes.push(...[...volumes].map(() => manifest.id));
    }
  }
  const [first] = byCount(votes);
  return first ?? besides.flatMap(({ manifests }) => manifests)[0]?.manifest.id;
}

/** Distinct values, the most frequent first. */
function byCount<T>(values: readonly T[]): T[] {
  return [...Map.groupBy(values, (value) => value)]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([value]) => value);
}

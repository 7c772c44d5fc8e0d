import type { SignatureJudgement } from "../inspect/judge-signature.ts";
import { volumeNumberOf } from "../write/bundle-files.ts";
import type { VolumeCheck } from "./check-input.ts";
import type { Edition, SignedManifest } from "./editions.ts";
import { byCount, guessEdition, tryEdition } from "./guess-volume-size.ts";
import type { Beside } from "./read-beside.ts";

/** The edition that volumes are held to, and what its signature is worth. */
export interface ChosenEdition {
  readonly edition: Edition;
  readonly signature: SignatureJudgement;
}

/** What an edition is chosen from. */
export interface EditionEvidence {
  readonly checks: readonly VolumeCheck[];
  readonly besides: readonly Beside[];
  /** Manifests that are remembered here. */
  readonly remembered: readonly SignedManifest[];
}

/** From the best to the worst. */
const WORTH = ["trusted", "unknown", "unsigned", "invalid"] as const satisfies SignatureJudgement["state"][];

/**
 * The bundle that was meant: the one with the most volumes or checksums. Of its editions the one with the better
 * signature, then the one with the most volumes; a manifest that lies beside, or is remembered, counts as an edition
 * without volumes. Undefined when nothing says which bundle it is.
 */
export async function chooseEdition(
  { checks, besides, remembered }: EditionEvidence,
  judge: (edition: Edition) => Promise<SignatureJudgement>,
): Promise<ChosenEdition | undefined> {
  const id = chooseId(checks, besides) ?? remembered[0]?.manifest.id;
  const known = checks.flatMap(({ edition }) =>
    edition?.id === id && edition !== undefined ? [edition] : [],
  );
  const [volumeSize] = byCount(known.map((edition) => edition.volumeSize));
  const editions = byCount(known.filter((edition) => edition.volumeSize === volumeSize));
  const others = [...besides.flatMap(({ manifests }) => manifests), ...remembered].filter(
    ({ manifest }) => manifest.id === id,
  );
  const files = checks.flatMap(({ input }) =>
    input.place === undefined ? [] : [{ number: volumeNumberOf(input.place.file), size: input.size ?? 0 }],
  );
  const withoutVolumes = others.flatMap((source) => {
    if (editions.some((edition) => isSame(edition, source))) return [];
    // Where a volume tells the size, it need not be guessed.
    return (known.length > 0 ? tryEdition({ ...source, volumeSize }) : guessEdition(source, files)) ?? [];
  });
  const candidates: ChosenEdition[] = [];
  for (const edition of [...editions, ...withoutVolumes])
    candidates.push({ edition, signature: await judge(edition) });
  const worth = ({ signature }: ChosenEdition) => WORTH.indexOf(signature.state);
  return candidates.sort((a, b) => worth(a) - worth(b))[0];
}

function isSame(edition: Edition, { manifestBytes, signature }: SignedManifest): boolean {
  return edition.signature === signature && Buffer.compare(edition.manifestBytes, manifestBytes) === 0;
}

function chooseId(checks: readonly VolumeCheck[], besides: readonly Beside[]): string | undefined {
  const votes = checks.flatMap(({ edition }) => (edition === undefined ? [] : [edition.id]));
  for (const { sums, manifests } of besides) {
    for (const { manifest, isSummed } of manifests) {
      const volumes = isSummed ? sums.keys().filter((name) => name.endsWith(".tar")) : [];
      for (const _volume of volumes) votes.push(manifest.id);
    }
  }
  const [first] = byCount(votes);
  return first ?? besides.flatMap(({ manifests }) => manifests)[0]?.manifest.id;
}

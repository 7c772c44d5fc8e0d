import type { VolumeInput } from "../../medium/medium.ts";
import { JamError } from "../../shared/errors.ts";
import type { SyncObserver } from "../../mirror/run-events.ts";
import type { BundlePlace } from "../create/create-bundle.ts";
import { seal } from "../create/seal.ts";
import { takeOver } from "../create/take-over.ts";
import { affectedBy, describeAffected } from "../format/affected.ts";
import { damagedBundle } from "../format/bundle-fault.ts";
import { judgeSignature, type SignatureJudgement } from "../inspect/judge-signature.ts";
import type { BundleSigner, VerifyDetached } from "../signing.ts";
import { volumeContents } from "../read/volume-contents.ts";
import { editionOf, type Edition } from "../verify/editions.ts";
import { bundleFiles, volumeNumberOf } from "../write/bundle-files.ts";
import { DamagedContentError } from "../write/volume-bytes.ts";
import type { FinishedVolume } from "../write/write-progress.ts";
import { writeVolumes } from "../write/write-volumes.ts";
import { findWhole, type WholeBundle } from "./whole-volumes.ts";

export interface Division {
  /** Exact size of every volume but the last, in bytes; undefined is one piece. */
  readonly volumeSize: number | undefined;
  readonly place: BundlePlace;
  /** Gives up files of another bundle that are in the way. */
  readonly force: boolean;
}

/** What dividing works with. */
export interface DivideWork {
  readonly verifyDetached: VerifyDetached;
  /** Signs the checksums; undefined leaves them unsigned. */
  readonly signer: BundleSigner | undefined;
  readonly observe: SyncObserver;
  readonly signal: AbortSignal;
}

export interface DividedBundle {
  readonly edition: Edition;
  readonly volumes: readonly FinishedVolume[];
  /** Of the manifest: it stays as its maker signed it. */
  readonly signature: SignatureJudgement;
}

/**
 * Divides a bundle in another way: one piece into volumes, volumes into one piece, or into volumes of another size. Every
 * content is hashed on its way, nothing is kept beside; cut short and run again it goes on behind the last whole volume.
 * The files are those that making the bundle in this division gives.
 * @throws JamError JAM_BUNDLE_…, JAM_SIGNATURE_INVALID, JAM_MEDIUM_…, JAM_USAGE_INVALID, JAM_CANCELLED
 */
export async function divideBundle(
  inputs: readonly VolumeInput[],
  { volumeSize, place, force }: Division,
  work: DivideWork,
): Promise<DividedBundle> {
  const { medium } = place;
  refuseSameFolder(inputs, medium.folder);
  const source = await findWhole(inputs);
  const signature = await judge(source.edition, work);
  const edition = editionOf({ ...source.edition, volumeSize });
  const files = bundleFiles(place.base ?? baseOf(source), edition.volumes.length);
  const before = await takeOver(medium, files, { bundle: edition, force });
  const contents = volumeContents(source.volumes);
  const volumes = await blamingSource(source, () =>
    writeVolumes({ bundle: edition, files, medium, contents, before, ...work }),
  );
  await seal({ medium, files, bundle: edition, volumes, signer: work.signer, page: undefined });
  return { edition, volumes, signature };
}

/** A new seal takes the place of the old one, and new volumes may have the names of those that are read. */
function refuseSameFolder(inputs: readonly VolumeInput[], folder: string): void {
  const same = inputs.find(({ place }) => place?.folder === folder);
  if (same === undefined) return;
  throw new JamError("JAM_USAGE_INVALID", `--to: ${folder} holds ${same.name}, which is read.`, {
    hint: "Give another folder: each division of a bundle has SHA256SUMS of its own.",
    details: { flag: "--to", folder },
  });
}

async function judge(
  { id, manifestBytes, signature }: Edition,
  { verifyDetached }: DivideWork,
): Promise<SignatureJudgement> {
  const judgement = await judgeSignature(manifestBytes, signature, { name: `Bundle ${id}`, verifyDetached });
  if (judgement.state !== "invalid" || judgement.fault === undefined) return judgement;
  throw new JamError(judgement.fault.code, judgement.fault.message, {
    hint: "The manifest was altered or damaged: `jam bundle verify` shows whether another copy is whole.",
    details: { bundle: id },
  });
}

/** The name that the source's files have in common. */
function baseOf({ edition, volumes }: WholeBundle): string {
  const file = volumes[0]?.input.place?.file ?? `jam-${edition.id}.tar`;
  const isNumbered = edition.volumes.length > 1 && volumeNumberOf(file) !== undefined;
  return file.replace(isNumbered ? /\.\d+\.tar$/ : /\.tar$/, "");
}

/** What is damaged is no content of a store here, but a volume that was read. */
async function blamingSource<T>({ edition, volumes }: WholeBundle, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!(error instanceof DamagedContentError)) throw error;
    const { sha256 } = error;
    const affected = affectedBy(edition.manifest, new Set([sha256]));
    const holders = volumes.filter(({ plan }) =>
      plan.slices.some(({ content }) => content.sha256 === sha256),
    );
    const names = holders.map(({ input }) => input.name).join(" or ");
    throw damagedBundle(names, `${describeAffected(affected)}: its bytes are not what the manifest says`, {
      bundle: edition.id,
      volumes: holders.map(({ plan }) => plan.number),
      ...affected,
    });
  }
}

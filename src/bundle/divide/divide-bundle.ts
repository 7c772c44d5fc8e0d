import type { VolumeInput } from "../../medium/medium.ts";
import type { SyncObserver } from "../../mirror/run-events.ts";
import { JamError } from "../../shared/errors.ts";
import type { BundlePlace } from "../create/create-bundle.ts";
import { affectedBy, damagedBundle, describeAffected, malformedBundle } from "../format/bundle-faults.ts";
import { bundleFiles, volumeNumberOf } from "../format/bundle-files.ts";
import {
  BundleLayouts,
  layOutBundle,
  locateVolume,
  type BundleLayout,
  type LocatedVolume,
} from "../format/bundle-layout.ts";
import { readHead } from "../read/read-volumes.ts";
import { volumeContents } from "../read/volume-contents.ts";
import { checkSignature, type BundleSigner, type SignatureCheck, type VerifyDetached } from "../signing.ts";
import { adoptFolder } from "../write/adopt-folder.ts";
import type { FinishedVolume } from "../write/write-progress.ts";
import { seal } from "../write/write-sidecars.ts";
import { DamagedContentError } from "../write/write-volume.ts";
import { writeVolumes } from "../write/write-volumes.ts";

export interface Division {
  /** Exact size of every volume but the last, in bytes; undefined is one piece. */
  readonly volumeSize: number | undefined;
  readonly place: BundlePlace;
  /** Replaces files of another bundle. */
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
  readonly layout: BundleLayout;
  readonly volumes: readonly FinishedVolume[];
  /** Of the manifest, which does not change. */
  readonly signature: SignatureCheck;
}

/**
 * Divides a bundle into volumes of another size, or joins its volumes. Every content is verified while it is copied, and
 * no temporary copy is kept. An interrupted run resumes after the last complete volume. The volumes are identical to
 * those that making the bundle with this volume size gives.
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
  const signature = await requireValidSignature(source.layout, work);
  const layout = layOutBundle({ ...source.layout, volumeSize });
  const files = bundleFiles(place.base ?? baseOf(source), layout.volumes.length);
  const before = await adoptFolder(medium, files, { layout, force });
  const contents = volumeContents(source.volumes);
  const volumes = await blamingSource(source, () =>
    writeVolumes({ layout, files, medium, contents, before, ...work }),
  );
  await seal({ medium, files, layout, volumes, signer: work.signer, page: undefined });
  return { layout, volumes, signature };
}

/** New checksums would replace the old ones, and new volumes may have the names of those that are read. */
function refuseSameFolder(inputs: readonly VolumeInput[], folder: string): void {
  const same = inputs.find(({ place }) => place?.folder === folder);
  if (same === undefined) return;
  throw new JamError("JAM_USAGE_INVALID", `--to: ${folder} contains ${same.name}, which is an input.`, {
    hint: "Use another folder: each division of a bundle has its own SHA256SUMS.",
    details: { flag: "--to", folder },
  });
}

/** The state of the manifest's signature here; an invalid one is refused. */
async function requireValidSignature(
  { id, manifestBytes, signature }: BundleLayout,
  { verifyDetached }: DivideWork,
): Promise<SignatureCheck> {
  const check = await checkSignature(manifestBytes, signature, { name: `Bundle ${id}`, verifyDetached });
  if (check.state !== "invalid" || check.fault === undefined) return check;
  throw new JamError(check.fault.code, check.fault.message, {
    hint: "The manifest was altered or damaged: `jam bundle verify` shows whether another copy is whole.",
    details: { bundle: id },
  });
}

/** The common part of the names of the source's files. */
function baseOf({ layout, volumes }: WholeBundle): string {
  const file = volumes[0]?.input.place?.file ?? `jam-${layout.id}.tar`;
  const isNumbered = layout.volumes.length > 1 && volumeNumberOf(file) !== undefined;
  return file.replace(isNumbered ? /\.\d+\.tar$/ : /\.tar$/, "");
}

/** Here the damaged content is in a volume that was read, not in the store. */
async function blamingSource<T>({ layout, volumes }: WholeBundle, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!(error instanceof DamagedContentError)) throw error;
    const { sha256 } = error;
    const affected = affectedBy(layout.manifest, new Set([sha256]));
    const holders = volumes.filter(({ plan }) =>
      plan.slices.some(({ content }) => content.sha256 === sha256),
    );
    const names = holders.map(({ input }) => input.name).join(" or ");
    throw damagedBundle(names, `${describeAffected(affected)}: its bytes do not match the manifest`, {
      bundle: layout.id,
      volumes: holders.map(({ plan }) => plan.number),
      ...affected,
    });
  }
}

/** A bundle of which every volume is available in a plain file. */
export interface WholeBundle {
  readonly layout: BundleLayout;
  readonly volumes: readonly LocatedVolume[];
}

/**
 * Every volume of one bundle, recognised by head and size; their contents are not read.
 * @throws JamError JAM_USAGE_INVALID for a stream, JAM_BUNDLE_INCOMPLETE when volumes are missing,
 *   JAM_BUNDLE_MALFORMED for volumes of two bundles, JAM_BUNDLE_DAMAGED, JAM_MEDIUM_…
 */
export async function findWhole(inputs: readonly VolumeInput[]): Promise<WholeBundle> {
  const layouts = new BundleLayouts();
  const volumes = new Map<number, LocatedVolume>();
  let first: { readonly layout: BundleLayout; readonly name: string } | undefined;
  for (const input of inputs) {
    if (input.openAt === undefined) throw noStream(input.name);
    const head = await readHead(input);
    const layout = layouts.of({ ...head, volumeSize: head.label.volumeSize ?? undefined });
    first ??= { layout, name: input.name };
    if (layout !== first.layout) {
      throw malformedBundle(
        input.name,
        `it belongs to bundle ${layout.id}, but ${first.name} to ${first.layout.id}, or to one that was divided or signed differently`,
      );
    }
    const located = locateVolume(layout, head.label.number, input);
    if (located === undefined || input.size !== located.plan.bytes)
      throw damagedBundle(
        input.name,
        `it has ${input.size} bytes; volume ${head.label.number} has ${located?.plan.bytes}`,
      );
    volumes.set(head.label.number, located);
  }
  const layout = first?.layout as BundleLayout;
  refuseMissing(layout, volumes);
  return { layout, volumes: [...volumes.values()] };
}

function refuseMissing(
  { id, manifest, volumes: plans }: BundleLayout,
  volumes: ReadonlyMap<number, unknown>,
): void {
  const missing = plans.filter(({ number }) => !volumes.has(number));
  if (missing.length === 0) return;
  const numbers = missing.map(({ number }) => number);
  const hashes = missing.flatMap(({ slices }) => slices.map(({ content }) => content.sha256));
  const affected = affectedBy(manifest, new Set(hashes));
  throw new JamError(
    "JAM_BUNDLE_INCOMPLETE",
    `Volume ${numbers.join(", ")} of ${plans.length} of bundle ${id} is missing, with ${describeAffected(affected)}.`,
    {
      hint: "Give all volumes, or the folders that contain them. `jam bundle repair` recreates lost ones.",
      details: { bundle: id, volumes: numbers, ...affected },
    },
  );
}

function noStream(name: string): JamError {
  return new JamError("JAM_USAGE_INVALID", `${name} is a stream: only files can be divided.`, {
    hint: "Save the stream to a file first. `jam bundle create --volume-size` writes volumes directly; `jam bundle import -` reads a stream.",
    details: { from: name },
  });
}

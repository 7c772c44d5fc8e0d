import type { MediumWriter, VolumeInput } from "../../medium/medium.ts";
import { JamError } from "../../shared/errors.ts";
import { formatCount } from "../../shared/listed.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import type { DocumentStore } from "../../store/store.ts";
import type { ContentSource } from "../contents.ts";
import type { BundlePlace } from "../create/create-bundle.ts";
import { recallBundle } from "../create/created-bundles.ts";
import { bundleFiles, volumeName, type BundleFiles } from "../format/bundle-files.ts";
import { layOutBundle, locateVolume, type BundleLayout } from "../format/bundle-layout.ts";
import { volumeContents } from "../read/volume-contents.ts";
import type { BundleSigner } from "../signing.ts";
import {
  verifyBundle,
  type Verification,
  type VerifiedVolume,
  type VerifyWork,
} from "../verify/verify-bundle.ts";
import type { RepairOrder, VerifyReport } from "../verify/verify-report.ts";
import type { FinishedVolume } from "../write/write-progress.ts";
import { restoreSeal } from "../write/write-sidecars.ts";
import {
  readErrorsAsDamage,
  recreateVolumes,
  refuseMissing,
  RepairContents,
  type RecreatedVolumes,
} from "./recreate-volumes.ts";

/** What repairing works with. */
export interface RepairWork extends VerifyWork {
  readonly documents: DocumentStore;
  readonly contents: ContentSource;
  readonly signer: BundleSigner | undefined;
}

/** What was repaired. */
export interface Repaired {
  readonly id: string;
  /** Written or renamed; by number. */
  readonly volumes: readonly FinishedVolume[];
  readonly repaired: readonly number[];
  /** The result of verifying again; undefined when volumes were written to another place. */
  readonly after: VerifyReport | undefined;
}

/**
 * Repairs the bad volumes of a bundle in its folder, and verifies it again. `findAgain` lists the volumes after the
 * repair.
 * @throws JamError JAM_BUNDLE_INCOMPLETE, JAM_BUNDLE_NOT_FOUND, JAM_SIGNATURE_…, JAM_MEDIUM_…, JAM_CANCELLED
 */
export async function repairInPlace(
  inputs: readonly VolumeInput[],
  {
    folder,
    findAgain,
  }: { readonly folder: string; readonly findAgain: () => Promise<readonly VolumeInput[]> },
  work: RepairWork,
): Promise<Repaired> {
  const { verification, layout, base } = await examine(inputs, work);
  const medium = work.openFolder(folder);
  const files = bundleFiles(base, layout.volumes.length);
  await medium.clean();
  const moved = await renameSwapped(verification.volumes, { medium, files });
  const numbers = verification.report.repair.volumes.filter((number) => !moved.has(number));
  const volumesNow = await renamed(verification.volumes, moved, { medium, files });
  const contents = contentsFor(volumesNow, layout, work);
  const made = await recreateVolumes({ ...work, layout, numbers, files, medium, contents });
  const hashes = hashesOf(verification, made);
  const names = layout.volumes.map(({ number }) => volumeName(files, number));
  const [sidecars] = verification.sidecars;
  const volumes = names.every((_, index) => hashes.has(index + 1))
    ? new Map(names.map((name, index) => [name, hashes.get(index + 1) as Sha256]))
    : undefined;
  await restoreSeal({ medium, files, layout, sidecars, volumes, signer: work.signer });
  refuseMissing(made, layout);
  const after = (await verifyBundle(await findAgain(), work)).report;
  const placed = [...moved].map((number) => ({
    number,
    name: volumeName(files, number),
    size: layout.volumes[number - 1]?.bytes ?? 0,
    sha256: hashes.get(number) as Sha256,
  }));
  return { ...summary(layout, [...made.volumes, ...placed]), after };
}

/**
 * Recreates the bad volumes of a bundle in another folder, and writes nothing else.
 * @throws JamError as `repairInPlace`
 */
export async function repairElsewhere(
  inputs: readonly VolumeInput[],
  place: BundlePlace,
  work: RepairWork,
): Promise<Repaired> {
  const { verification, layout, base } = await examine(inputs, work);
  const files = bundleFiles(place.base ?? base, layout.volumes.length);
  const contents = contentsFor(verification.volumes, layout, work);
  const numbers = verification.report.repair.volumes;
  return write({ layout, numbers, files, contents }, place, work);
}

/**
 * Recreates the volumes that a report lists, of a bundle that was made here.
 * @throws JamError JAM_BUNDLE_NOT_FOUND for a bundle that is not remembered, JAM_USAGE_INVALID, JAM_BUNDLE_INCOMPLETE, JAM_MEDIUM_…
 */
export async function repairByReport(
  { bundle, volumeSize, volumes: numbers }: RepairOrder,
  place: BundlePlace,
  work: RepairWork,
): Promise<Repaired> {
  const created = bundle === null ? undefined : await recallBundle(work.documents, bundle);
  if (created === undefined) throw notRemembered(bundle);
  const layout = layOutBundle({ ...created, volumeSize: volumeSize ?? undefined });
  const count = layout.volumes.length;
  const beyond = numbers.find((number) => number > count);
  if (beyond !== undefined) {
    throw new JamError(
      "JAM_USAGE_INVALID",
      `Bundle ${layout.id} has ${formatCount(count, "volume")}, but the report lists volume ${beyond}.`,
      {
        hint: "Use the complete output of `jam bundle verify -o json`: it contains the volume size.",
        details: { bundle, count, number: beyond },
      },
    );
  }
  const files = bundleFiles(place.base ?? `jam-${layout.id}`, count);
  return write({ layout, numbers, files, contents: new RepairContents([work.contents]) }, place, work);
}

interface Writing {
  readonly layout: BundleLayout;
  readonly numbers: readonly number[];
  readonly files: BundleFiles;
  readonly contents: RepairContents;
}

async function write(writing: Writing, { medium }: BundlePlace, work: RepairWork): Promise<Repaired> {
  const made = await recreateVolumes({ ...work, ...writing, medium });
  refuseMissing(made, writing.layout);
  return { ...summary(writing.layout, made.volumes), after: undefined };
}

/** What is wrong, and the manifest to repair it by. */
async function examine(inputs: readonly VolumeInput[], work: RepairWork) {
  const recall = (id: string) => recallBundle(work.documents, id);
  const verification = await verifyBundle(inputs, { recall, ...work });
  const { chosen, base } = verification;
  if (chosen === undefined) throw nothingLegible(inputs);
  const { layout, signature } = chosen;
  const isBelieved = signature.state === "trusted" || (work.allowsUnsigned && signature.state !== "invalid");
  if (!isBelieved && signature.fault !== undefined) {
    const { code, message } = signature.fault;
    throw new JamError(code, message, {
      hint: "Only a bundle whose manifest is trusted here can be repaired: repair it on the mirror that made it, or trust its key (jam key trust).",
      details: { bundle: layout.id },
    });
  }
  return { verification, layout, base: base ?? `jam-${layout.id}` };
}

/** The volumes under their new names. */
async function renamed(
  volumes: Verification["volumes"],
  moved: ReadonlySet<number>,
  { medium, files }: { readonly medium: MediumWriter; readonly files: BundleFiles },
): Promise<Verification["volumes"]> {
  const now: VerifiedVolume[] = [];
  for (const volume of volumes) {
    const { number, state } = volume.finding;
    if (state !== "swapped") {
      now.push(volume);
      continue;
    }
    if (number === null || !moved.has(number)) continue;
    const input = await medium.input(volumeName(files, number));
    if (input !== undefined) now.push({ ...volume, check: { ...volume.check, input } });
  }
  return now;
}

/**
 * Contents from the store, then from complete volumes, then from what is readable of the others. Everything is verified
 * before a volume gets its name.
 */
function contentsFor(
  volumes: Verification["volumes"],
  layout: BundleLayout,
  { contents }: RepairWork,
): RepairContents {
  const locatedIn = (...states: readonly string[]) =>
    volumes.flatMap(({ check, finding }) =>
      states.includes(finding.state) && finding.number !== null && check.position === 0
        ? (locateVolume(layout, finding.number, check.input) ?? [])
        : [],
    );
  const [good, rest] = [locatedIn("whole", "swapped"), locatedIn("damaged")];
  return new RepairContents([
    contents,
    volumeContents(good),
    readErrorsAsDamage(volumeContents([...good, ...rest])),
  ]);
}

/** By number: of volumes that were whole, and of those that were recreated. */
function hashesOf({ volumes }: Verification, made: RecreatedVolumes): Map<number, Sha256> {
  const hashes = new Map<number, Sha256>();
  for (const { check, finding } of volumes) {
    if (finding.state !== "whole" && finding.state !== "swapped") continue;
    if (finding.number !== null && check.fileSha256 !== undefined)
      hashes.set(finding.number, check.fileSha256);
  }
  for (const { number, sha256 } of made.volumes) hashes.set(number, sha256);
  return hashes;
}

function summary(
  { id }: BundleLayout,
  volumes: RecreatedVolumes["volumes"],
): Pick<Repaired, "id" | "volumes" | "repaired"> {
  const sorted = volumes.toSorted((a, b) => a.number - b.number);
  return {
    id,
    volumes: sorted.map(({ name, size, sha256 }) => ({ name, size, sha256 })),
    repaired: sorted.map(({ number }) => number),
  };
}

function nothingLegible(inputs: readonly VolumeInput[]): JamError {
  const names = inputs.map(({ name }) => name);
  return new JamError(
    "JAM_BUNDLE_NOT_FOUND",
    `Nothing in ${names.slice(0, 3).join(", ")} tells which bundle it was: no manifest can be read.`,
    {
      hint: "Copy the bundle's manifest (NAME.manifest.json and its .asc) next to the volumes, or make the bundle again.",
      details: { files: names },
    },
  );
}

function notRemembered(bundle: string | null): JamError {
  const message =
    bundle === null
      ? "The report does not name a bundle: no manifest could be read."
      : `This mirror has no record of bundle ${bundle}.`;
  return new JamError("JAM_BUNDLE_NOT_FOUND", message, {
    hint: "Run this on the mirror that made the bundle (it keeps records of the last 50), or give the folder with the volumes instead of a report.",
    details: { bundle },
  });
}

/**
 * Renames complete volumes that have each other's names. Nothing is copied. Resolves to the numbers of the renamed
 * volumes.
 */
export async function renameSwapped(
  volumes: readonly VerifiedVolume[],
  { medium, files }: { readonly medium: MediumWriter; readonly files: BundleFiles },
): Promise<ReadonlySet<number>> {
  const placed = new Set(
    volumes.flatMap(({ finding }) => (finding.state === "whole" ? (finding.number ?? []) : [])),
  );
  const moves: { readonly from: string; readonly aside: string; readonly to: string }[] = [];
  const moved = new Set<number>();
  for (const { check, finding } of volumes) {
    const { number } = finding;
    const from = check.input.place?.file;
    const to = number === null ? undefined : files.volumes[number - 1];
    if (finding.state !== "swapped" || number === null || from === undefined || to === undefined) continue;
    if (placed.has(number) || moved.has(number)) continue;
    moved.add(number);
    moves.push({ from, aside: to.replace(/\.tar$/, ".moved.tar"), to });
  }
  // Each is first moved aside: if the run is interrupted, it is a complete volume under a name of its own.
  for (const { from, aside } of moves) await medium.move(from, aside);
  for (const { aside, to } of moves) await medium.move(aside, to);
  return moved;
}

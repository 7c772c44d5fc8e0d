import type { MediumWriter, VolumeInput } from "../../medium/medium.ts";
import type { SyncObserver } from "../../mirror/run-events.ts";
import { volumeNumberOf } from "../format/bundle-files.ts";
import { BundleLayouts, type BundleLayout, type SignedManifest } from "../format/bundle-layout.ts";
import { checkSignature, type SignatureCheck, type VerifyDetached } from "../signing.ts";
import { buildReport } from "./build-report.ts";
import { checkVolumeInput, PartsFollower, type VolumeCheck } from "./check-volumes.ts";
import { chooseLayout, type ChosenLayout } from "./choose-layout.ts";
import { findFault, type Expectation, type FoundVolume } from "./find-faults.ts";
import { readSidecars, type Sidecars } from "./read-sidecars.ts";
import type { VerifyReport } from "./verify-report.ts";

/** What verifying works with. */
export interface VerifyWork {
  readonly verifyDetached: VerifyDetached;
  /** Opens the folder of an input, for the sidecars in it. */
  readonly openFolder: (folder: string) => MediumWriter;
  readonly allowsUnsigned: boolean;
  /** Finds the record of a bundle that was made here; absent if there are none. */
  readonly recall?: (id: string) => Promise<SignedManifest | undefined>;
  readonly observe: SyncObserver;
  readonly signal: AbortSignal;
}

/** A volume and what was found of it. */
export interface VerifiedVolume extends FoundVolume {
  readonly check: VolumeCheck;
}

/** The report, and what it is based on. */
export interface Verification {
  readonly report: VerifyReport;
  readonly chosen: ChosenLayout | undefined;
  /** The common part of the volumes' names; undefined when it is not known. */
  readonly base: string | undefined;
  readonly volumes: readonly VerifiedVolume[];
  readonly sidecars: readonly Sidecars[];
}

/**
 * Reads every byte of every volume once, and reports what is wrong with each. Damage is a result here, not an error.
 * @throws JamError JAM_CANCELLED, JAM_BUNDLE_FORMAT, JAM_MEDIUM_… for a folder that cannot be listed
 */
export async function verifyBundle(inputs: readonly VolumeInput[], work: VerifyWork): Promise<Verification> {
  const parts = new PartsFollower();
  const checks = await checkAll(inputs, parts, work);
  const sidecars = await readAllSidecars(inputs, work);
  const { verifyDetached, allowsUnsigned } = work;
  const check = (layout: BundleLayout): Promise<SignatureCheck> =>
    checkSignature(layout.manifestBytes, layout.signature, {
      name: `Bundle ${layout.id}`,
      verifyDetached,
    });
  const remembered = await remember(checks, work);
  const chosen = await chooseLayout({ checks, sidecars, remembered }, check);
  const expected: Expectation = {
    chosen,
    base: chosen && baseOf(chosen.layout, checks, sidecars),
    sums: new Map(sidecars.map(({ folder, sums }) => [folder, sums])),
    wrongWholes: parts.wrong(),
  };
  const volumes = checks.map((check) => ({ check, ...findFault(check, expected) }));
  const report = buildReport({
    expected,
    volumes,
    sidecars,
    unfinished: parts.unfinished().size,
    allowsUnsigned,
  });
  return { report, chosen, base: expected.base, volumes, sidecars };
}

/** Records of the bundles that volumes name, or that files are named after. */
async function remember(
  checks: readonly VolumeCheck[],
  { recall }: VerifyWork,
): Promise<readonly SignedManifest[]> {
  if (recall === undefined) return [];
  const ids = checks.flatMap(({ layout, input }) => layout?.id ?? idIn(input) ?? []);
  const remembered: SignedManifest[] = [];
  for (const id of new Set(ids)) remembered.push(...[(await recall(id)) ?? []].flat());
  return remembered;
}

function idIn({ place }: VolumeInput): string | undefined {
  return /^jam-(\d{8}T\d{6}Z-[0-9a-f]{12})\./.exec(place?.file ?? "")?.[1];
}

/** In the order of their numbers, so that contents that span several volumes can be verified. */
async function checkAll(
  inputs: readonly VolumeInput[],
  parts: PartsFollower,
  work: VerifyWork,
): Promise<VolumeCheck[]> {
  const { observe } = work;
  const layouts = new BundleLayouts();
  const checks: VolumeCheck[] = [];
  observe({ kind: "phase", phase: "read" });
  const bytes = inputs.reduce((sum, { size }) => sum + (size ?? 0), 0);
  observe({ kind: "planned", items: inputs.length, bytes });
  for (const input of inputs.toSorted((a, b) => numberOf(a) - numberOf(b))) {
    const { name: path, size = 0 } = input;
    observe({ kind: "item-started", path, size, received: 0 });
    checks.push(...(await checkVolumeInput(input, { ...work, layouts, parts })));
    observe({ kind: "item-done", path, size });
  }
  return checks;
}

function numberOf({ place }: VolumeInput): number {
  return (place && volumeNumberOf(place.file)) ?? 0;
}

async function readAllSidecars(inputs: readonly VolumeInput[], work: VerifyWork): Promise<Sidecars[]> {
  const places = inputs.flatMap(({ place }) => place ?? []);
  const sidecars: Sidecars[] = [];
  for (const [folder, files] of Map.groupBy(places, (place) => place.folder)) {
    const names = new Set(files.map(({ file }) => file));
    sidecars.push(await readSidecars(work.openFolder(folder), names, work.verifyDetached));
  }
  return sidecars;
}

/** From the name of the manifest next to the volumes, otherwise from volumes whose names have the right number. */
function baseOf(
  layout: BundleLayout,
  checks: readonly VolumeCheck[],
  sidecars: readonly Sidecars[],
): string | undefined {
  const count = layout.volumes.length;
  const sidecar = sidecars
    .flatMap(({ manifests }) => manifests)
    .find(({ manifest }) => manifest.id === layout.id);
  if (sidecar !== undefined) return sidecar.base;
  const bases = checks.flatMap(({ input, layout: own, number }) => {
    const file = input.place?.file;
    if (file === undefined || own?.id !== layout.id) return [];
    if (count === 1) return [file.replace(/\.tar$/, "")];
    return volumeNumberOf(file) === number ? [file.replace(/\.\d+\.tar$/, "")] : [];
  });
  return bases[0];
}

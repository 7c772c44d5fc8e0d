import { formatCount } from "../../shared/listed.ts";
import type { Sha256 } from "../../shared/sha256.ts";
import { affectedBy, type Affected } from "../format/bundle-faults.ts";
import { formatVolumeName, volumeNumberOf } from "../format/bundle-files.ts";
import type { Slice } from "../format/volume-plan.ts";
import type { Fault } from "../signing.ts";
import type { VolumeCheck } from "./check-volumes.ts";
import type { ChosenLayout } from "./choose-layout.ts";
import type { VolumeFinding, VolumeState } from "./verify-report.ts";

/** What volumes are checked against. */
export interface Expectation {
  readonly chosen: ChosenLayout | undefined;
  /** The common part of the volumes' names; undefined when it is not known. */
  readonly base: string | undefined;
  /** SHA-256 by file name for each folder. */
  readonly sums: ReadonlyMap<string, ReadonlyMap<string, Sha256>>;
  /** Contents that do not match the manifest when their parts are joined. */
  readonly wrongWholes: ReadonlySet<Sha256>;
}

const NOTHING: Affected = { agents: [], documents: [] };

/** Names of agents that are listed for one volume. */
const MAX_NAMES = 100;

/** The state of a volume, and the slices that are lost with it. */
export interface FoundVolume {
  readonly finding: VolumeFinding;
  readonly lost: readonly Slice[];
}

/** The state of one volume that was read. Pure. */
export function findFault(check: VolumeCheck, expected: Expectation): FoundVolume {
  const { layout } = expected.chosen ?? {};
  const finding = (
    state: VolumeState,
    number: number | null,
    why?: Fault,
    lost: readonly Slice[] = [],
  ): FoundVolume => ({
    finding: {
      number,
      path: check.name,
      state,
      ...(why && { fault: why }),
      ...affectedOf(expected, lost, MAX_NAMES),
    },
    lost,
  });
  if (check.layout === undefined || check.number === undefined) {
    const number = numberByName(check, expected);
    const fault = check.fault && { code: check.fault.code, message: check.fault.message };
    const isOurs = number !== undefined && (layout === undefined || isExpected(check, expected, number));
    if (!isOurs && layout !== undefined) return finding("foreign", null, fault);
    return finding("damaged", number ?? null, fault, slicesOf(expected, number));
  }
  if (layout === undefined || !isSameDivision(check.layout, layout))
    return finding("foreign", null, foreignFault(check, check.layout, layout));
  const damage = damageOf(check, expected, layout);
  if (damage !== undefined) return finding("damaged", damage.number, damage.fault, damage.lost);
  const named = layout.volumes.length > 1 && check.position === 0 ? nameNumber(check) : undefined;
  if (named === undefined || named === check.number) return finding("whole", check.number);
  const message = `${check.name}: named as volume ${named}, but it is volume ${check.number}.`;
  return finding("swapped", check.number, { code: "JAM_BUNDLE_MALFORMED", message });
}

interface Damage {
  readonly number: number;
  readonly fault: Fault;
  readonly lost: readonly Slice[];
}

/** The most serious fault of a volume of the bundle; undefined when there is none. */
function damageOf(
  check: VolumeCheck,
  expected: Expectation,
  layout: ChosenLayout["layout"],
): Damage | undefined {
  const number = check.number as number;
  const slices = slicesOf(expected, number);
  if (check.fault !== undefined) {
    const { code, message } = check.fault;
    // The label itself may be damaged: its number counts if a slice matches, otherwise the file's name.
    const real = check.proven.size > 0 ? number : (numberByName(check, expected) ?? number);
    const lost = real === number ? unproven(check, slices) : slicesOf(expected, real);
    return { number: real, fault: { code, message }, lost };
  }
  const lost = unproven(check, slices);
  if (lost.length > 0) {
    const what = `${lost.length} of the ${formatCount(slices.length, "file")} in it`;
    return { number, fault: damaged(check, what), lost };
  }
  if (check.layout !== layout) {
    return { number, fault: signatureFault(check, expected), lost: slices };
  }
  const wrong = slices.filter(({ content }) => expected.wrongWholes.has(content.sha256));
  if (wrong.length > 0) {
    const what = "a file that spans several volumes";
    return { number, fault: damaged(check, what), lost: wrong };
  }
  const fault = sumFault(check, expected, number);
  return fault && { number, fault, lost: [] };
}

function damaged({ name }: VolumeCheck, what: string): Fault {
  return { code: "JAM_BUNDLE_DAMAGED", message: `${name}: ${what} does not match the manifest.` };
}

function signatureFault({ name }: VolumeCheck, { chosen }: Expectation): Fault {
  const other =
    chosen?.signature.state === "trusted" ? "the one that a trusted key made" : "that of the others";
  return {
    code: "JAM_SIGNATURE_INVALID",
    message: `${name}: its manifest or signature is not ${other}.`,
  };
}

/** A file whose hash differs from the checksums next to it. */
function sumFault(check: VolumeCheck, expected: Expectation, number: number): Fault | undefined {
  const { place } = check.input;
  const sums = place && expected.sums.get(place.folder);
  const wanted = sums?.get(nameOf(expected, number) ?? "") ?? sums?.get(place?.file ?? "");
  if (wanted === undefined || check.fileSha256 === undefined || check.fileSha256 === wanted) return undefined;
  return {
    code: "JAM_BUNDLE_DAMAGED",
    message: `${check.name}: its SHA-256 is ${check.fileSha256}; SHA256SUMS contains ${wanted}. No content is affected.`,
  };
}

function foreignFault(
  { name }: VolumeCheck,
  { id, volumeSize }: ChosenLayout["layout"],
  layout: ChosenLayout["layout"] | undefined,
): Fault {
  const what =
    id === layout?.id
      ? `it belongs to this bundle divided differently (${volumeSize === undefined ? "one volume" : `volumes of ${volumeSize} bytes`})`
      : `it belongs to bundle ${id}`;
  return { code: "JAM_BUNDLE_MALFORMED", message: `${name}: ${what}.` };
}

function isSameDivision(a: ChosenLayout["layout"], b: ChosenLayout["layout"]): boolean {
  return a.id === b.id && a.volumeSize === b.volumeSize && a.volumes.length === b.volumes.length;
}

/** True if a file that cannot be read should be this volume. */
function isExpected({ input }: VolumeCheck, expected: Expectation, number: number): boolean {
  const { place } = input;
  if (place === undefined || expected.base === undefined) return true;
  return place.file === nameOf(expected, number) || expected.sums.get(place.folder)?.has(place.file) === true;
}

/** The name of the volume of this number; undefined when the names are not known. */
export function nameOf({ chosen, base }: Pick<Expectation, "chosen" | "base">, number: number) {
  const count = chosen?.layout.volumes.length ?? 0;
  return base !== undefined && number >= 1 && number <= count
    ? formatVolumeName(base, number, count)
    : undefined;
}

function nameNumber({ input }: VolumeCheck): number | undefined {
  return input.place && volumeNumberOf(input.place.file);
}

/** The number in a file's name, if the bundle has such a volume. */
function numberByName(check: VolumeCheck, { chosen }: Expectation): number | undefined {
  const count = chosen?.layout.volumes.length;
  if (check.position > 0) return undefined;
  if (count === 1) return 1;
  const number = nameNumber(check);
  return number === undefined || number < 1 || number > (count ?? Infinity) ? undefined : number;
}

function slicesOf({ chosen }: Expectation, number: number | undefined): readonly Slice[] {
  return chosen?.layout.volumes[(number ?? 0) - 1]?.slices ?? [];
}

function unproven({ proven }: VolumeCheck, slices: readonly Slice[]): readonly Slice[] {
  return slices.filter((_, position) => !proven.has(position));
}

/** The finding for a missing volume. */
export function missingVolume(expected: Expectation, number: number): FoundVolume {
  const lost = slicesOf(expected, number);
  const affected = affectedOf(expected, lost, MAX_NAMES);
  return { finding: { number, path: null, state: "missing", ...affected }, lost };
}

/** What is lost without these slices. */
export function affectedOf(
  { chosen }: Pick<Expectation, "chosen">,
  slices: readonly Slice[],
  maxNames?: number,
): Affected {
  if (chosen === undefined || slices.length === 0) return NOTHING;
  const contents = new Set(slices.map(({ content }) => content.sha256));
  return affectedBy(chosen.layout.manifest, contents, maxNames);
}

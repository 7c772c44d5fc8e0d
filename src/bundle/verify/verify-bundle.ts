import type { VolumeInput, MediumWriter } from "../../medium/medium.ts";
import { cutLists, MAX_LISTED } from "../../shared/listed.ts";
import type { SyncObserver } from "../../mirror/run-events.ts";
import { checkSignature, type SignatureCheck, type VerifyDetached } from "../signing.ts";
import { volumeNumberOf } from "../format/bundle-files.ts";
import { checkVolumeInput, type VolumeCheck, PartsFollower } from "./check-volumes.ts";
import { chooseLayout, type ChosenLayout } from "./choose-layout.ts";
import { BundleLayouts, type BundleLayout, type SignedManifest } from "../format/bundle-layout.ts";
import { affectedOf, findFault, missingVolume, type Expectation, type FoundVolume } from "./find-faults.ts";
import { readSidecars, type Sidecars } from "./read-sidecars.ts";
import { VERIFY_LISTS, type VerifyReport, type VolumeFinding } from "./verify-report.ts";

/** What verifying works with. */
export interface VerifyWork {
  readonly verifyDetached: VerifyDetached;
  /** The folder in which an input lies, for what lies beside it. */
  readonly openFolder: (folder: string) => MediumWriter;
  readonly allowsUnsigned: boolean;
  /** What this side remembers of bundles that it made; absent, nothing. */
  readonly recall?: (id: string) => Promise<SignedManifest | undefined>;
  readonly observe: SyncObserver;
  readonly signal: AbortSignal;
}

/** A volume and what was found of it. */
export interface VerifiedVolume extends FoundVolume {
  readonly check: VolumeCheck;
}

/** The report, and what it rests on. */
export interface Verification {
  readonly report: VerifyReport;
  readonly chosen: ChosenLayout | undefined;
  /** What the names of the volumes have in common; undefined when nothing shows it. */
  readonly base: string | undefined;
  readonly volumes: readonly VerifiedVolume[];
  readonly sidecars: readonly Sidecars[];
}

/**
 * Reads every byte of every volume once, and says what is wrong with which. Damage is no error here: it is the answer.
 * @throws JamError JAM_CANCELLED, JAM_BUNDLE_FORMAT, JAM_MEDIUM_… for a folder that cannot be listed
 */
export async function verifyBundle(inputs: readonly VolumeInput[], work: VerifyWork): Promise<Verification> {
  const parts = new PartsFollower();
  const checks = await checkAll(inputs, parts, work);
  const sidecars = await readAllSidecars(inputs, work);
  const { verifyDetached } = work;
  const judge = (layout: BundleLayout): Promise<SignatureCheck> =>
    checkSignature(layout.manifestBytes, layout.signature, {
      name: `Bundle ${layout.id}`,
      verifyDetached,
    });
  const remembered = await remember(checks, work);
  const chosen = await chooseLayout({ checks, sidecars, remembered }, judge);
  const expected: Expectation = {
    chosen,
    base: chosen && baseOf(chosen.layout, checks, sidecars),
    sums: new Map(sidecars.map(({ folder, sums }) => [folder, sums])),
    wrongWholes: parts.wrong(),
  };
  const volumes = checks.map((check) => ({ check, ...findFault(check, expected) }));
  const report = buildReport({ expected, volumes, sidecars, unfinished: parts.unfinished().size, work });
  return { report, chosen, base: expected.base, volumes, sidecars };
}

/** Of the bundles that volumes say they belong to, or that files are named after. */
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

/** In the order of their numbers, so that what goes on from one to the next can be put together. */
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

/** The manifest beside tells how the volumes are called, else the volumes that are named as they should be. */
function baseOf(
  layout: BundleLayout,
  checks: readonly VolumeCheck[],
  sidecars: readonly Sidecars[],
): string | undefined {
  const count = layout.volumes.length;
  const beside = sidecars
    .flatMap(({ manifests }) => manifests)
    .find(({ manifest }) => manifest.id === layout.id);
  if (beside !== undefined) return beside.base;
  const bases = checks.flatMap(({ input, layout: own, number }) => {
    const file = input.place?.file;
    if (file === undefined || own?.id !== layout.id) return [];
    if (count === 1) return [file.replace(/\.tar$/, "")];
    return volumeNumberOf(file) === number ? [file.replace(/\.\d+\.tar$/, "")] : [];
  });
  return bases[0];
}

interface Findings {
  readonly expected: Expectation;
  readonly volumes: readonly VerifiedVolume[];
  readonly sidecars: readonly Sidecars[];
  readonly unfinished: number;
  readonly work: VerifyWork;
}

function buildReport({ expected, volumes, sidecars, unfinished, work }: Findings): VerifyReport {
  const { layout, signature } = expected.chosen ?? {};
  const found = volumes.map(({ finding }) => finding);
  const numbers = layout?.volumes.map(({ number }) => number) ?? [];
  const there = numbersOf(found, "whole", "damaged", "swapped");
  const missing = numbers
    .filter((number) => !there.has(number))
    .map((number) => missingVolume(expected, number));
  const all = [...found, ...missing.map(({ finding }) => finding)].sort(byNumber);
  const had = numbersOf(all, "whole", "swapped");
  const lost = [...volumes, ...missing].flatMap(({ finding: { number, state }, lost }) =>
    state !== "foreign" && !had.has(number ?? 0) ? lost : [],
  );
  const beside = sidecars.flatMap(({ findings }) => findings);
  const isBelieved =
    signature?.state === "trusted" ||
    (work.allowsUnsigned && signature !== undefined && signature.state !== "invalid");
  const isWhole =
    isBelieved && [...all, ...beside].every(({ state }) => state === "whole") && layout !== undefined;
  const inPlace = numbersOf(all, "whole");
  const report: VerifyReport = {
    bundle: layout?.id ?? null,
    outcome: isWhole ? "whole" : "damaged",
    signedBy: signature?.state === "trusted" ? signature.signedBy : null,
    signature: signature ?? null,
    count: layout?.volumes.length ?? null,
    volumes: all,
    beside,
    affected: [...new Set(affectedOf(expected, lost).agents)].sort(),
    baseline: (layout?.manifest.baseline ?? []).map(({ contents, ...from }) => ({
      ...from,
      contents: contents.length,
    })),
    repair: {
      bundle: layout?.id ?? null,
      volumeSize: layout?.volumeSize ?? null,
      volumes: numbers.filter((number) => !inPlace.has(number)),
    },
    notes: notesOf({ all, sidecars, unfinished: missing.length > 0 ? 0 : unfinished }),
  };
  return cutLists({ ...report, volumes: badFirst(all) }, VERIFY_LISTS);
}

/** Of more volumes than are listed, those that are not whole are. */
function badFirst(volumes: readonly VolumeFinding[]): readonly VolumeFinding[] {
  if (volumes.length <= MAX_LISTED) return volumes;
  return [
    ...volumes.filter(({ state }) => state !== "whole"),
    ...volumes.filter(({ state }) => state === "whole"),
  ];
}

function numbersOf(
  findings: readonly VolumeFinding[],
  ...states: readonly VolumeFinding["state"][]
): ReadonlySet<number> {
  return new Set(findings.flatMap(({ number, state }) => (states.includes(state) ? (number ?? []) : [])));
}

function byNumber(a: VolumeFinding, b: VolumeFinding): number {
  return (a.number ?? Infinity) - (b.number ?? Infinity) || ((a.path ?? "") < (b.path ?? "") ? -1 : 1);
}

function notesOf(run: {
  readonly all: readonly VolumeFinding[];
  readonly sidecars: readonly Sidecars[];
  readonly unfinished: number;
}): string[] {
  const notes: string[] = [];
  const whole = run.all.filter(({ state }) => state === "whole");
  for (const [number, copies] of Map.groupBy(whole, (one) => one.number)) {
    if (copies.length > 1)
      notes.push(
        `Volume ${number} is there ${copies.length} times: ${copies.map(({ path }) => path).join(", ")}.`,
      );
  }
  for (const { folder, sumsSignature, sums } of run.sidecars) {
    if (sumsSignature === undefined && sums.size === 0)
      notes.push(`No SHA256SUMS of this bundle in ${folder}: its volumes were held to the manifest alone.`);
    else if (sumsSignature?.state === "unsigned")
      notes.push(`SHA256SUMS in ${folder} carries no signature: it shows damage, not forgery.`);
    else if (sumsSignature?.state === "unknown")
      notes.push(
        `SHA256SUMS in ${folder} was signed by a key that is not trusted here (${sumsSignature.signedBy}).`,
      );
  }
  if (run.unfinished > 0)
    notes.push(
      `${run.unfinished} file(s) go on from volume to volume and came out of order: their parts were held to the labels only.`,
    );
  return notes;
}

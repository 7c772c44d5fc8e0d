import { cutLists, formatCount, MAX_LISTED } from "../../shared/listed.ts";
import { affectedOf, missingVolume, type Expectation, type FoundVolume } from "./find-faults.ts";
import type { Sidecars } from "./read-sidecars.ts";
import { VERIFY_LISTS, type VerifyReport, type VolumeFinding } from "./verify-report.ts";
import { formatFingerprint } from "../../shared/signature.ts";

/** What a report is built from. */
export interface Findings {
  readonly expected: Expectation;
  readonly volumes: readonly FoundVolume[];
  readonly sidecars: readonly Sidecars[];
  readonly unfinished: number;
  /** Counts a bundle as whole whose signer is not trusted here. */
  readonly allowsUnsigned: boolean;
}

/** The report of what verifying found. Pure. */
export function buildReport({
  expected,
  volumes,
  sidecars,
  unfinished,
  allowsUnsigned,
}: Findings): VerifyReport {
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
    (allowsUnsigned && signature !== undefined && signature.state !== "invalid");
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

/** Where not all volumes are listed, those that are not whole come first. */
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
        `Volume ${number} was found ${copies.length} times: ${copies.map(({ path }) => path).join(", ")}.`,
      );
  }
  for (const { folder, sumsSignature, sums } of run.sidecars) {
    if (sumsSignature === undefined && sums.size === 0)
      notes.push(
        `No SHA256SUMS of this bundle in ${folder}: its volumes were checked only against the manifest.`,
      );
    else if (sumsSignature?.state === "unsigned")
      notes.push(`SHA256SUMS in ${folder} is not signed: it detects damage, not forgery.`);
    else if (sumsSignature?.state === "unknown")
      notes.push(
        `SHA256SUMS in ${folder} was signed by a key that is not trusted here (${formatFingerprint(sumsSignature.signedBy ?? "unknown")}).`,
      );
  }
  if (run.unfinished > 0)
    notes.push(
      `The parts of ${formatCount(run.unfinished, "file")} in several volumes came out of order: they were checked only against the labels.`,
    );
  return notes;
}

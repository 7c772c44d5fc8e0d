import type { FindingId as UrlFindingId } from "../verify/finding.ts";
import { isTlsFault } from "../verify/url/check-documents.ts";
import type { VerifyUrlDocument } from "../verify/url/verify-url-document.ts";
import { CLOCK_TOLERANCE_MS } from "./clock-tolerance.ts";
import type { DoctorFinding } from "./doctor-document.ts";
import { findingOf } from "./finding.ts";
import type { CheckId } from "./finding-kinds.ts";

/** The check that a finding of `jam verify --url` belongs to; the others are about answers. */
const CHECK_OF: Readonly<Partial<Record<UrlFindingId, CheckId>>> = {
  "url-unreachable": "address",
  "url-path": "address",
  "url-other-channel": "address",
  "url-other-mirror": "address",
  "url-stale": "proxy",
  "url-altered": "proxy",
  "url-type": "type",
  "url-type-beta": "type",
  "url-json-type": "type",
  "url-lookup": "versions",
  "url-tarball-altered": "downloads",
};

const SEVERITY_OF = { damage: "problem", unknown: "unknown", note: "note" } as const;

/** What `jam verify --url` found at an address, as findings of the doctor. */
export function findingsFromOutside({ findings }: VerifyUrlDocument): DoctorFinding[] {
  return findings.map(({ kind, severity, where, found, means, next }) => {
    const isTls = isTlsFault({ kind, found });
    return {
      kind,
      check: isTls ? "tls" : (CHECK_OF[kind as UrlFindingId] ?? "answers"),
      severity: SEVERITY_OF[severity],
      where,
      found,
      means,
      next,
      count: 1,
      first: null,
      last: null,
      seen: [],
    };
  });
}

/** What the `Date` of a web server says about its clock; nothing where it has none. */
export function clockFinding(
  url: string,
  {
    date,
    sentAt,
    receivedAt,
  }: { readonly date: string | undefined; readonly sentAt: Date; readonly receivedAt: Date },
): DoctorFinding[] {
  const there = Date.parse(date ?? "");
  if (Number.isNaN(there)) return [];
  const offMs =
    there < sentAt.getTime() ? there - sentAt.getTime() : Math.max(0, there - receivedAt.getTime());
  if (Math.abs(offMs) <= CLOCK_TOLERANCE_MS) return [];
  const minutes = Math.round(Math.abs(offMs) / 60_000);
  const found = `the Date of its answers is ${minutes} min ${offMs < 0 ? "behind" : "ahead of"} this machine`;
  return [findingOf({ kind: "clock-server", where: url, found })];
}

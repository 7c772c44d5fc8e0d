import { defined } from "../shared/collections.ts";
import type { DoctorFinding, Sighting } from "./doctor-document.ts";
import { FINDING_KINDS, type FindingId, type Severity } from "./finding-kinds.ts";

/** What a check tells of one thing that it found. */
export interface FoundFact {
  readonly kind: FindingId;
  /** What was seen, in a sentence. */
  readonly found: string;
  readonly sighting?: Sighting | undefined;
  /** The place, where no line of a file was seen. */
  readonly where?: string;
  /** Where it is another than that of the kind. */
  readonly severity?: Severity;
  readonly means?: string | undefined;
  readonly next?: string | undefined;
  readonly version?: string | undefined;
  readonly arch?: string | undefined;
  readonly channel?: string | undefined;
  readonly controller?: string | undefined;
  /** Addresses from which it was asked. */
  readonly clients?: readonly string[] | undefined;
}

/** The finding as it is printed. */
export function findingOf(fact: FoundFact): DoctorFinding {
  const { kind, found, sighting, where, clients, ...more } = fact;
  const { check, severity, means, next } = FINDING_KINDS[kind];
  return {
    kind,
    check,
    severity: more.severity ?? severity,
    where: where ?? sighting?.seen[0]?.where ?? "",
    found,
    means: more.means ?? means,
    next: more.next ?? next,
    count: sighting?.count ?? 1,
    first: sighting?.first ?? null,
    last: sighting?.last ?? null,
    seen: sighting?.seen ?? [],
    ...defined({
      clients: clients?.length === 0 ? undefined : clients,
      version: more.version,
      arch: more.arch,
      channel: more.channel,
      controller: more.controller,
    }),
  };
}

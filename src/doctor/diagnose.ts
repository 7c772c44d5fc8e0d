import type { DoctorDocument, DoctorFinding, DoctorInput } from "./doctor-document.ts";
import { findingOf, type FoundFact } from "./finding.ts";
import { CHECKS, FINDING_KINDS, type CheckId, type Severity } from "./finding-kinds.ts";
import { FactBook } from "./fact-book.ts";
import type { ExaminedMirror } from "./examined-mirror.ts";
import { fleetFacts, type FleetView } from "./fleet-facts.ts";
import { WordsExamination } from "./juju/examine-words.ts";
import { presenceFacts } from "./presence-facts.ts";
import { readInput, type TextSource, type TimeSpan } from "./read-inputs.ts";
import { RequestsExamination } from "./requests/examine-requests.ts";
import { isoOf } from "./sightings.ts";

/** What was handed in. */
export interface Complaint {
  /** Logs and what Juju says, in the order in which they were named. */
  readonly sources: readonly TextSource[];
  readonly span: TimeSpan;
  readonly fleet: FleetView | undefined;
  /** Asks an address from outside; undefined where none was given. Called when all logs were read: its requests are in none. */
  readonly askAddress: (() => Promise<FromOutside>) | undefined;
}

/** What an address showed. */
export interface FromOutside {
  readonly findings: readonly DoctorFinding[];
  /** It showed an index, so that the rest could be looked at. */
  readonly hasAnswered: boolean;
  readonly isTls: boolean;
}

/** What diagnosing works with. */
export interface DoctorWork {
  /** What is here; undefined where it could not be read. */
  readonly mirror: ExaminedMirror | undefined;
  /** What was found while reading it. */
  readonly mirrorFacts: readonly FoundFact[];
  /** The server of these settings answers this machine only. */
  readonly listensOnLoopbackOnly: boolean;
  /** How to get what is not held, in a sentence. */
  readonly advise: (version: string, arch: string | undefined) => Promise<string | undefined>;
  readonly now: Date;
  readonly signal: AbortSignal;
}

/**
 * Reads everything that was handed in, and says what is wrong.
 * @throws JamError JAM_LOG_FOREIGN, JAM_CANCELLED, and what reading a source throws
 */
export async function diagnose(complaint: Complaint, work: DoctorWork): Promise<DoctorDocument> {
  const { mirror, now, signal } = work;
  const requests = new RequestsExamination({ mirror, now });
  const words = new WordsExamination(now);
  const unread = new FactBook();
  const readers = {
    requests,
    words,
    unread: unread.note.bind(unread),
    span: complaint.span,
    signal,
  };
  const inputs: DoctorInput[] = [];
  for (const source of complaint.sources) inputs.push(await readInput(source, readers));
  const outside = await complaint.askAddress?.();
  const logs = inputs.filter(({ format }) => format !== "juju");
  const given: Given = {
    log: logs.some(({ lines }) => lines > 0),
    requests: requests.traffic.total > 0,
    juju: words.lines > 0,
    fleet: complaint.fleet !== undefined,
    url: outside?.hasAnswered === true,
    isTls: outside?.hasAnswered === true && outside.isTls,
    channels: (mirror?.channels ?? []).length > 0,
    mirror: mirror !== undefined,
  };
  const facts: FoundFact[] = [
    ...work.mirrorFacts,
    ...unread.facts(),
    ...requests.facts(),
    ...words.facts(),
    ...presenceFacts({
      ...work,
      inputs,
      requests,
      fleet: complaint.fleet,
      isAddressAsked: outside !== undefined,
      isTimeNamed: complaint.span.since !== undefined || complaint.span.until !== undefined,
    }),
    ...fleetFacts(complaint.fleet, { requests, mirror, hasLog: given.requests }),
  ];
  const findings = sortFindings([
    ...(await withAdvice(facts, work)).map(findingOf),
    ...(outside?.findings ?? []),
  ]);
  const verdict = verdictOf(findings);
  return {
    verdict,
    outcome: verdict,
    findings,
    ...checksOf(findings, given),
    inputs,
    requests: logs.length === 0 ? null : summarize(requests),
  };
}

function summarize({
  traffic,
  lookUps,
  downloads,
  addresses,
}: RequestsExamination): DoctorDocument["requests"] {
  const { from, to, total, juju, jam, mirrors } = traffic;
  return {
    total,
    juju,
    jam,
    mirrors,
    lookups: lookUps.count,
    downloads: downloads.whole,
    clients: addresses.size,
    from: isoOf(from),
    to: isoOf(to),
  };
}

/** What is not held has an answer of its own: which rule takes it, or that upstream does not list it. */
async function withAdvice(facts: readonly FoundFact[], { advise }: DoctorWork): Promise<FoundFact[]> {
  const advised: FoundFact[] = [];
  for (const fact of facts) {
    const isAsked = fact.version !== undefined && FINDING_KINDS[fact.kind].check === "versions";
    const next = isAsked && fact.next === undefined ? await advise(fact.version ?? "", fact.arch) : undefined;
    advised.push(next === undefined ? fact : { ...fact, next });
  }
  return advised;
}

const ORDER: Readonly<Record<Severity, number>> = { problem: 0, unknown: 1, note: 2 };

/** Problems first; within them in the order of the checks, and what was seen most often first. */
function sortFindings(findings: readonly DoctorFinding[]): DoctorFinding[] {
  const checks = Object.keys(CHECKS);
  return findings.toSorted(
    (a, b) =>
      ORDER[a.severity] - ORDER[b.severity] ||
      checks.indexOf(a.check) - checks.indexOf(b.check) ||
      b.count - a.count,
  );
}

function verdictOf(findings: readonly DoctorFinding[]): DoctorDocument["verdict"] {
  if (findings.some(({ severity }) => severity === "problem")) return "problems";
  return findings.some(({ severity }) => severity === "unknown") ? "not-known" : "healthy";
}

/** What there was to look at. */
interface Given {
  readonly log: boolean;
  readonly requests: boolean;
  readonly juju: boolean;
  readonly fleet: boolean;
  readonly url: boolean;
  readonly isTls: boolean;
  readonly channels: boolean;
  readonly mirror: boolean;
}

/** Whether a check had something to look at, and what it needs if not. */
const NEEDS: Readonly<Record<CheckId, readonly [needs: string, has: (given: Given) => boolean]>> = {
  input: ["a log", ({ log, juju }) => log || juju],
  mirror: ["a data directory that can be read", ({ mirror }) => mirror],
  versions: ["a log, or what Juju says", ({ requests, juju }) => requests || juju],
  came: ["a log", ({ log }) => log],
  address: ["a log, what Juju says, or --url", ({ requests, juju, url }) => requests || juju || url],
  proxy: ["a log", ({ requests }) => requests],
  type: ["--url, or what Juju says", ({ juju, url }) => juju || url],
  age: ["a log, or --fleet", ({ requests, fleet }) => requests || fleet],
  clock: ["a log, what Juju says, or --url", ({ requests, juju, url }) => requests || juju || url],
  tls: ["what Juju says, or --url with https", ({ juju, isTls }) => juju || isTls],
  channels: ["a log, and a channel", ({ requests, channels }) => requests && channels],
  answers: ["a log, what Juju says, or --url", ({ requests, juju, url }) => requests || juju || url],
  downloads: ["a log, or what Juju says", ({ requests, juju }) => requests || juju],
  juju: ["what Juju says: juju debug-log, or the text of an error", ({ juju }) => juju],
};

function checksOf(
  findings: readonly DoctorFinding[],
  given: Given,
): Pick<DoctorDocument, "checks" | "notChecked"> {
  const checks: DoctorDocument["checks"][number][] = [];
  const notChecked: DoctorDocument["notChecked"][number][] = [];
  for (const [id, summary] of Object.entries(CHECKS)) {
    const own = findings.filter((finding) => finding.check === id);
    const [needs, has] = NEEDS[id as CheckId];
    if (own.length === 0 && !has(given)) {
      notChecked.push({ id, needs });
      continue;
    }
    const status = own.some(({ severity }) => severity === "problem")
      ? "fail"
      : own.some(({ severity }) => severity === "unknown")
        ? "unknown"
        : "ok";
    checks.push({ id, status, summary, findings: [...new Set(own.map(({ kind }) => kind))] });
  }
  return { checks, notChecked };
}

import { PRECHECKS } from "../../juju/prechecks/prechecks.ts";
import { CLOCK_TOLERANCE_MS } from "../clock-tolerance.ts";
import type { FoundFact } from "../finding.ts";
import { FINDING_KINDS, type FindingId } from "../finding-kinds.ts";
import { FactBook } from "../fact-book.ts";
import type { SeenLine } from "../sightings.ts";
import { readJujuLine } from "./juju-line.ts";
import { JUJU_MESSAGES, type JujuMessage } from "./messages.ts";

/** Levels at which a message is a complaint. */
const COMPLAINTS: ReadonlySet<string | undefined> = new Set(["WARNING", "ERROR", "CRITICAL"]);

/** What the message in hand is about, as far as lines before it tell. */
interface Topic {
  readonly version: string | undefined;
  readonly arch: string | undefined;
}

/** Reads what Juju says, line by line, in files of any length. */
export class WordsExamination {
  readonly #now: Date;
  readonly #book = new FactBook();
  #topic: Topic = NO_TOPIC;
  /** Where Juju looks, in its words; undefined before the first line that tells. */
  #source: string | undefined;
  #hasLevels = false;
  #lines = 0;

  constructor(now: Date) {
    this.#now = now;
  }

  /** Lines that were not empty. */
  get lines(): number {
    return this.#lines;
  }

  /** Called before each file. */
  begin(): void {
    this.#topic = NO_TOPIC;
    this.#source = undefined;
    this.#hasLevels = false;
  }

  /** Takes one line. */
  see(line: Omit<SeenLine, "at">): void {
    const { level, at, message } = readJujuLine(line.text);
    if (message === "") return;
    this.#lines += 1;
    const seen = { ...line, at };
    const { row, groups, words } = findMessage(message);
    if (row === undefined) {
      const precheck = PRECHECKS.find((one) => one.message !== undefined && message.includes(one.message));
      if (precheck !== undefined) {
        const { id, fact, remedy } = precheck;
        const found = `Juju refuses (${id}): ${message.slice(0, 200)}`;
        this.#book.note({ kind: "juju-refused", about: id, found, means: fact, next: remedy }, seen);
      } else if (COMPLAINTS.has(level) || (level === undefined && !this.#hasLevels)) {
        this.#book.note(
          { kind: "message-unknown", about: shapeOf(message), found: "a message that jam does not know" },
          seen,
        );
      }
      this.#hasLevels ||= level !== undefined;
      return;
    }
    this.#hasLevels ||= level !== undefined;
    this.#follow(groups);
    if (row.kind === "normal") return;
    this.#report(row, groups, { message, words, seen });
  }

  /** What was found in all that was seen. */
  facts(): FoundFact[] {
    return this.#book.facts();
  }

  #follow(groups: Groups): void {
    const { version, arch, source } = groups;
    if (source !== undefined) this.#source = source;
    if (version !== undefined) this.#topic = { version: version.replace(/[.,:;]+$/, ""), arch };
    else if (arch !== undefined) this.#topic = { ...this.#topic, arch };
  }

  #report(
    row: JujuMessage,
    groups: Groups,
    { message, words, seen }: { readonly message: string; readonly words: string; readonly seen: SeenLine },
  ): void {
    const kind = this.#kindOf(row, groups);
    const url = groups["url"];
    const { version, arch } = isAboutVersion(kind) ? (agentIn(message) ?? this.#topic) : NO_TOPIC;
    const about = [version, arch].filter((word) => word !== undefined).join(" ");
    const host = url === undefined ? "" : hostOf(url);
    // What Juju says has quotes of its own.
    const found = `Juju says${about === "" ? "" : `, for ${about}`}${host === "" ? "" : `, at ${host}`}: ${words}`;
    this.#book.note({ kind, about: [row.text, about, host].join(" "), found, version, arch }, seen);
  }

  #kindOf(row: JujuMessage, { now, side, limit }: Groups): FindingId {
    if (row.kind === "mirror-unreachable" && this.#source === DEFAULT_SOURCE) return "went-to-internet";
    if (row.kind !== "clock-client" || now === undefined || limit === undefined) return row.kind as FindingId;
    // The certificate is judged by the clock of this machine: what is wrong at both clocks is the certificate.
    const valid = Date.parse(limit);
    const isWrongHere = side === "after" ? this.#now.getTime() > valid : this.#now.getTime() < valid;
    const isClockOff = Math.abs(Date.parse(now) - this.#now.getTime()) > CLOCK_TOLERANCE_MS;
    return isWrongHere || !isClockOff ? "tls-expired" : "clock-client";
  }
}

/** How Juju calls streams.canonical.com, or what stands in for it. Source: juju environs/tools/urls.go GetMetadataSources */
const DEFAULT_SOURCE = "default simplestreams";

const NO_TOPIC: Topic = { version: undefined, arch: undefined };

type Groups = Readonly<Record<string, string | undefined>>;

function isAboutVersion(kind: FindingId): boolean {
  return FINDING_KINDS[kind].check === "versions";
}

/** Most lines of a log of Juju are about something else: one cheap test leaves them out. */
const ABOUT_AGENTS =
  /agent|tools|binar|mismatch|exact version|available|PGP|URL|x509|tls|HTTP|simplestream|metadata|index|upgrade|curl|openpgp|PGP|dial |datasource|bootstrap|charmhub|Attempt|Download failed|https?:/i;

/** A message of the table in a line, with the words that fit. */
interface FoundMessage {
  readonly row: JujuMessage | undefined;
  readonly groups: Groups;
  readonly words: string;
}

const NOTHING: FoundMessage = { row: undefined, groups: {}, words: "" };

/** A message is at the beginning of its line; what follows may be a whole document. */
const MAX_MATCHED = 4_096;

function findMessage(message: string): FoundMessage {
  const beginning = message.slice(0, MAX_MATCHED);
  if (!ABOUT_AGENTS.test(beginning)) return NOTHING;
  for (const row of JUJU_MESSAGES) {
    const found = row.pattern.exec(beginning);
    if (found !== null) return { row, groups: found.groups ?? {}, words: found[0].slice(0, 160) };
  }
  return NOTHING;
}

/** An agent that the line names: `3.6.12-ubuntu-arm64`, or in the path of a tarball. */
function agentIn(message: string): Topic | undefined {
  const [, version, arch] =
    /\b(\d{1,3}\.\d{1,3}(?:\.\d{1,4}|-[a-z]{1,10}\d{1,4})(?:\.\d{1,4})?)-(?:ubuntu|linux|windows|centos\d?|[a-z]{3,12})-(amd64|arm64|ppc64el|s390x|riscv64|i386|armhf)\b/.exec(
      message,
    ) ?? [];
  return version === undefined ? undefined : { version, arch };
}

function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return "";
  }
}

/** A message without what varies: numbers, quoted words, addresses. */
function shapeOf(message: string): string {
  return message
    .slice(0, 300)
    .replaceAll(/"[^"]*"/g, '"…"')
    .replaceAll(/[\da-f]{8}-[\da-f-]{27}/g, "…")
    .replaceAll(/\d+/g, "0");
}

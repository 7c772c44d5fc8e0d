import { isProbe } from "../../verify/url/probe.ts";
import { CLOCK_TOLERANCE_MS } from "../clock-tolerance.ts";
import type { ExaminedMirror } from "../examined-mirror.ts";
import { FactBook, type Sign } from "../fact-book.ts";
import type { FoundFact } from "../finding.ts";
import type { LogRecord } from "../log/log-record.ts";
import { readTarget, type RequestTarget } from "../log/request-target.ts";
import { OTHERS, type Sightings, type SeenLine } from "../sightings.ts";
import { clientOf, senderOf } from "./client.ts";
import { damageSign } from "./damage-sign.ts";
import { Downloads } from "./downloads.ts";
import { faceOf } from "./faces.ts";
import { LookUps } from "./look-ups.ts";
import { signsOfMirror } from "./mirror-signs.ts";
import { signsOf } from "./signs.ts";

const LONG_DOWNLOAD_MS = 60 * 60_000;

/** Addresses that are remembered to compare them with those of controllers. */
const MAX_ADDRESSES = 100_000;

/** What all logs together have. */
export interface Traffic {
  readonly total: number;
  readonly juju: number;
  /** Sent to look at the address: `jam verify --url`, `jam lookup`. They say nothing about clients. */
  readonly jam: number;
  /** Sent by another jam that has this one as its upstream. */
  readonly mirrors: number;
  readonly from: number | undefined;
  readonly to: number | undefined;
}

/** Reads the requests of logs, one after the other, in bounded memory. */
export class RequestsExamination {
  readonly #mirror: ExaminedMirror | undefined;
  readonly #now: number;
  readonly #book = new FactBook();
  readonly #channelsRead = new Set<string>();
  readonly #addresses = new Set<string>();
  readonly lookUps = new LookUps();
  readonly downloads: Downloads;
  #total = 0;
  #juju = 0;
  #jam = 0;
  #mirrors = 0;
  #from = Infinity;
  #to = -Infinity;
  /** Time of the line before, in this file. */
  #before: number | undefined;

  constructor({ mirror, now }: { readonly mirror: ExaminedMirror | undefined; readonly now: Date }) {
    this.#mirror = mirror;
    this.#now = now.getTime();
    this.downloads = new Downloads(mirror?.sizes ?? new Map());
  }

  get traffic(): Traffic {
    const has = this.#from <= this.#to;
    return {
      total: this.#total,
      juju: this.#juju,
      jam: this.#jam,
      mirrors: this.#mirrors,
      from: has ? this.#from : undefined,
      to: has ? this.#to : undefined,
    };
  }

  /** Channels that somebody got something from. */
  get channelsRead(): ReadonlySet<string> {
    return this.#channelsRead;
  }

  /** Addresses from which Juju asked. */
  get addresses(): ReadonlySet<string> {
    return this.#addresses;
  }

  /** Called after each file. */
  end(): void {
    this.lookUps.end();
    this.#before = undefined;
  }

  /** Takes one request. */
  see(record: LogRecord, line: SeenLine): void {
    this.#total += 1;
    const { at } = record;
    if (at !== undefined) {
      this.#from = Math.min(this.#from, at);
      this.#to = Math.max(this.#to, at);
    }
    const target = readTarget(record.target);
    const sender = senderOf(record, target);
    const client = clientOf(record);
    this.#seeClock(record, target, line);
    if (isProbe(record.userAgent ?? "")) {
      this.#jam += 1;
      return;
    }
    const signs =
      sender === "mirror" && target !== undefined
        ? signsOfMirror({ record, target }, this.#mirror)
        : signsOf({ record, target, sender }, this.#mirror);
    for (const sign of signs) this.#book.note(sign, line, client);
    if (target === undefined) return;
    const face = faceOf(target.base, this.#mirror?.channels);
    if (face.is === "channel" && record.status < 400) this.#channelsRead.add(face.name);
    if (sender === "mirror") this.#mirrors += 1;
    if (sender === "mirror" || sender === "other") return;
    this.#juju += 1;
    if (this.#addresses.size < MAX_ADDRESSES) this.#addresses.add(client);
    if (face.is !== "wrong" && face.is !== "doubled" && sender === "juju")
      this.lookUps.see(client, target, record, line);
    if (target.what === "tarball" && record.status === 200 && record.method === "GET")
      this.downloads.see({ client, sender, path: target.path }, record, line);
  }

  /** Takes a report of trouble that jam serve wrote into its log. */
  seeTrouble(text: string, line: SeenLine, isDamage = false): void {
    if (isDamage) this.#book.note(damageSign("", "jam serve found a damaged tarball", this.#mirror), line);
    else this.#book.note({ kind: "server-trouble", about: text, found: text }, line);
  }

  /** What was found in all that was seen. */
  facts(): FoundFact[] {
    return [...this.#book.facts(), ...this.#lookUpFacts(), ...this.#downloadFacts()];
  }

  /** Whether requests come through something that hides who asks. */
  get isBehindProxy(): boolean {
    return this.#book.has("proxy-forward") || this.#book.has("proxy-reverse");
  }

  #seeClock({ at, status, protocol }: LogRecord, target: RequestTarget | undefined, line: SeenLine): void {
    if (at === undefined) return;
    const before = this.#before;
    this.#before = at;
    if (at > this.#now + CLOCK_TOLERANCE_MS)
      this.#book.note(clockSign("clock-log", `${line.file} has times that have not come yet`), line);
    // Apache writes when a request began, and writes it when the answer has ended.
    const tolerance = protocol === undefined ? CLOCK_TOLERANCE_MS : LONG_DOWNLOAD_MS;
    if (before !== undefined && before - at > tolerance)
      this.#book.note(clockSign("clock-jump", `the times in ${line.file} go back`), line);
    const snapshot = target?.snapshot?.replace(/\..*$/s, "");
    const madeAt = snapshot === undefined ? undefined : this.#mirror?.snapshots.get(snapshot);
    if (madeAt !== undefined && status === 200 && madeAt - at > CLOCK_TOLERANCE_MS)
      this.#book.note(
        clockSign("clock-store", `snapshot ${snapshot ?? ""} was served before it was made`),
        line,
      );
  }

  #lookUpFacts(): FoundFact[] {
    const { unmatched, tooOld, old, mixed, matched } = this.lookUps;
    return [
      ...(this.downloads.whole > 0
        ? []
        : factsOf(matched, (base) => ({
            kind: "lookup-without-download",
            found: `clients read what ${addressOf(base)} lists, and nobody fetched a tarball`,
          }))),
      ...factsOf(unmatched, (base) => ({
        kind: "lookup-without-match",
        found: `clients read the index of ${addressOf(base)} and nothing after it`,
      })),
      ...factsOf(tooOld, (generation) => ({
        kind: "client-too-old",
        found: `${GENERATIONS[generation] ?? "old clients"} ask for what is not here`,
      })),
      ...factsOf(old, (generation) => ({
        kind: "client-old",
        found: `${GENERATIONS[generation] ?? "old clients"} read this mirror`,
      })),
      ...factsOf(mixed, (client) => ({
        kind: "many-behind-one",
        found: `clients before 2.9 and later ones come from ${client}`,
      })),
    ];
  }

  #downloadFacts(): FoundFact[] {
    const { broken, repeated } = this.downloads;
    return [
      ...factsOf(broken, (path, clients) => {
        const hasRecovered = clients.every((client) => this.downloads.hasRecovered(client, path));
        return hasRecovered
          ? { kind: "download-broken", found: `${path} broke off and arrived later`, severity: "note" }
          : { kind: "download-broken", found: `${path} broke off` };
      }),
      ...factsOf(repeated, (pair) => {
        const [client = "", path = ""] = pair.split(" ");
        return {
          kind: "download-repeated",
          found: `${client} fetched ${path} again and again, whole each time`,
        };
      }),
    ];
  }
}

const GENERATIONS: Readonly<Record<string, string>> = {
  "1.x": "clients of Juju up to 1.20",
  "2.8": "clients from Juju 1.21 to 2.8",
};

function clockSign(kind: "clock-log" | "clock-jump" | "clock-store", found: string): Sign {
  return { kind, about: found, found };
}

function factsOf(
  sightings: Sightings,
  describe: (key: string, clients: readonly string[]) => FoundFact,
): FoundFact[] {
  return [...sightings.all()].map(({ key, sighting, clients }) => ({
    ...describe(key, clients),
    sighting,
    clients,
  }));
}

function addressOf(base: string): string {
  return base === "" || base === OTHERS ? "the server" : base;
}

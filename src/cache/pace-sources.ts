import type { OfferReach, UpstreamAnswer } from "../mirror/offer.ts";
import { JamError } from "../shared/errors.ts";
import type { DocumentAnswer, Upstream, Validators } from "../upstream/source.ts";

/** How often an upstream is asked for its metadata. */
export interface Pace {
  readonly name: string;
  /** `refresh` of this upstream, in ms. */
  readonly refreshMs: number;
}

/** A timer may fire a little early. */
const EARLY_MS = 50;

/** Upstreams of which those rest whose time has not come. */
export interface PacedSources {
  readonly sources: readonly Upstream[];
  /** Names of those that were not asked: what is known of them is what they answered earlier. */
  readonly rested: () => ReadonlySet<string>;
}

/**
 * The same upstreams. One that was asked a shorter time ago than its `refresh` answers as it did then, without a request,
 * unless something is wanted of it that was not read before.
 */
export function paceSources(sources: readonly Upstream[], { paces, reach, now }: PaceMoment): PacedSources {
  const paced = sources.map((source) => {
    const answer = reach?.upstreams?.find(({ name }) => name === source.name);
    const pace = paces.find(({ name }) => name === source.name);
    if (answer === undefined || pace === undefined) return source;
    return dueInMs(answer, pace, now) > EARLY_MS ? new RestingUpstream(source, answer) : source;
  });
  return {
    sources: paced,
    rested: () =>
      new Set(
        paced.flatMap((source) =>
          source instanceof RestingUpstream && !source.isAsked ? [source.name] : [],
        ),
      ),
  };
}

interface PaceMoment {
  readonly paces: readonly Pace[];
  readonly reach: OfferReach | undefined;
  readonly now: Date;
}

/**
 * How long to wait until the next upstream's time has come. One that is overdue after a turn was not needed in it, and is
 * not waited for.
 */
export function nextTurnMs(reach: OfferReach | undefined, paces: readonly Pace[], now: Date): number {
  const waits = paces.flatMap((pace) => {
    const answer = reach?.upstreams?.find(({ name }) => name === pace.name);
    const waitMs = answer === undefined ? 0 : dueInMs(answer, pace, now);
    // A clock that was put back must not make it wait for longer.
    return waitMs > 0 ? [Math.min(waitMs, pace.refreshMs)] : [];
  });
  return Math.min(...(waits.length > 0 ? waits : paces.map(({ refreshMs }) => refreshMs)));
}

function dueInMs({ refreshedAt }: UpstreamAnswer, { refreshMs }: Pace, now: Date): number {
  const sinceMs = now.getTime() - Date.parse(refreshedAt);
  return sinceMs < 0 ? 0 : refreshMs - sinceMs;
}

/** An upstream that is not asked now. */
class RestingUpstream implements Upstream {
  /** Whether it had to be asked all the same. */
  isAsked = false;
  readonly fetchItem: Upstream["fetchItem"];
  readonly trustedKeys: Upstream["trustedKeys"];
  readonly checkDocument: Upstream["checkDocument"];
  readonly #source: Upstream;
  readonly #answer: UpstreamAnswer;

  constructor(source: Upstream, answer: UpstreamAnswer) {
    this.#source = source;
    this.#answer = answer;
    this.fetchItem = (item, staged, options) => source.fetchItem(item, staged, options);
    this.trustedKeys = () => source.trustedKeys();
    this.checkDocument = (arrived) => source.checkDocument(arrived);
  }

  get name(): string {
    return this.#source.name;
  }

  get url(): string {
    return this.#source.url;
  }

  get verifies(): boolean {
    return this.#source.verifies;
  }

  async readDocument(
    path: string,
    known: Validators | undefined,
    signal: AbortSignal,
  ): Promise<DocumentAnswer> {
    const trouble = this.#answer.away ?? this.#answer.fault;
    if (!this.isAsked && trouble !== undefined) throw new JamError(trouble.code, trouble.message);
    if (!this.isAsked && known !== undefined) return { kind: "not-modified" };
    this.isAsked = true;
    return this.#source.readDocument(path, known, signal);
  }
}

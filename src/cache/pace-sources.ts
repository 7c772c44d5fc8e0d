import { dueInMs, type Pace } from "../mirror/next-turn.ts";
import type { OfferReach, UpstreamAnswer } from "../mirror/offer.ts";
import { JamError } from "../shared/errors.ts";
import type { DocumentAnswer, Upstream, Validators } from "../upstream/source.ts";

/** A timer may fire a little early. */
const EARLY_MS = 50;

/** Upstreams; those that are not due yet are not asked. */
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

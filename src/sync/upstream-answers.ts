import type { OfferReach, UpstreamAnswer } from "../mirror/offer.ts";
import { reportError, toJamError, type ErrorReport } from "../shared/errors.ts";
import type { Upstream } from "../upstream/source.ts";
import type { SourceFailure } from "./choose-upstream.ts";

/** Upstreams that were asked. */
export interface AskedUpstreams {
  /** All that are configured: nothing is noted of others. */
  readonly sources: readonly Pick<Upstream, "name">[];
  readonly answered: readonly Pick<Upstream, "name">[];
  readonly failures: readonly SourceFailure[];
}

interface AnswerMoment {
  readonly now: Date;
  /** Those that were not asked in fact. */
  readonly rested: ReadonlySet<string>;
}

/** What to note of each upstream: how it answered now, else how it did earlier. */
export function answersOf(
  before: OfferReach | undefined,
  { sources, answered, failures }: AskedUpstreams,
  { now, rested }: AnswerMoment,
): readonly UpstreamAnswer[] {
  const answers = new Map((before?.upstreams ?? []).map((one) => [one.name, one]));
  const refreshedAt = now.toISOString();
  for (const { source, error } of failures)
    if (!rested.has(source.name))
      answers.set(source.name, {
        name: source.name,
        refreshedAt,
        ...troubleOf(error, { before: answers.get(source.name), since: refreshedAt }),
      });
  // One whose index could be read can be reached, whatever else was wrong.
  for (const { name } of answered) if (!rested.has(name)) answers.set(name, { name, refreshedAt });
  return sources.flatMap(({ name }) => answers.get(name) ?? []);
}

/**
 * Why nothing could be used: away, or refused. What upstream publishes at this moment may not fit together: then it can be
 * reached.
 */
export function troubleOf(
  error: unknown,
  {
    before,
    since,
  }: { readonly before: Pick<OfferReach, "away" | "fault"> | undefined; readonly since: string },
): Pick<OfferReach, "away" | "fault"> {
  const known = toJamError(error);
  const { code, message, hint }: ErrorReport = reportError(known);
  if (known.family === "upstream" && code !== "JAM_UPSTREAM_INCONSISTENT")
    return { away: { since: before?.away?.since ?? since, code, message } };
  const began = before?.fault?.code === code ? before.fault.since : since;
  return { fault: { since: began, code, message, ...(hint === undefined ? {} : { hint }) } };
}

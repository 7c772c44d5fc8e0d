import { ERROR_OUTCOMES, JamError, toJamError, type ErrorCode } from "../shared/errors.ts";
import type { DocumentAnswer, Upstream } from "./upstream.ts";

/** Starts a new round: whoever answers it is asked first for what it lists. */
const INDEX = /^streams\/v1\/index2?\.s?json$/;

const TRUST_EXIT = 4;

/**
 * Several upstreams as one, in order of preference. What one cannot give, or gives untrusted, the next is asked for;
 * documents of one round come from one source as far as it goes, so that an index and its product files fit.
 * The first one's conditional headers go to the first one alone.
 */
export function failover(upstreams: readonly Upstream[]): Upstream {
  const [first] = upstreams;
  if (first === undefined) throw new RangeError("failover needs an upstream");
  let preferred: Upstream = first;
  const inOrder = () => [preferred, ...upstreams.filter((each) => each !== preferred)];

  return {
    name: upstreams.map(({ name }) => name).join(", "),
    url: first.url,
    verifies: upstreams.every(({ verifies }) => verifies),
    async readDocument(path, known, signal) {
      if (INDEX.test(path)) preferred = first;
      const failures: Failure[] = [];
      let notFound: DocumentAnswer | undefined;
      for (const source of inOrder()) {
        try {
          const answer = await source.readDocument(path, source === first ? known : undefined, signal);
          if (answer.kind !== "not-found") {
            preferred = source;
            return answer;
          }
          notFound ??= answer;
        } catch (error) {
          failures.push({ source, error: requireSourceFailure(error) });
        }
      }
      if (notFound !== undefined && failures.length === 0) return notFound;
      throw allFailed(path, failures);
    },
    async fetchItem(item, sink, options) {
      const failures: Failure[] = [];
      for (const source of inOrder()) {
        try {
          await source.fetchItem(item, sink, options);
          return;
        } catch (error) {
          failures.push({ source, error: requireSourceFailure(error) });
        }
      }
      throw allFailed(item.path, failures);
    },
  };
}

interface Failure {
  readonly source: Upstream;
  readonly error: JamError;
}

/** The error if another source may do better; a cancelled run or a broken store is nobody's failure out there. */
function requireSourceFailure(thrown: unknown): JamError {
  const error = toJamError(thrown);
  if (/^JAM_(?:UPSTREAM|METADATA|ITEM|KEYRING)_/.test(error.code)) return error;
  throw error;
}

/** One reason as it is; several as one error that names each, of the gravest kind among them. */
function allFailed(path: string, failures: readonly Failure[]): JamError {
  const [first] = failures;
  if (first !== undefined && failures.length === 1) return first.error;
  const grave = failures.find(({ error }) => exitOf(error.code) === TRUST_EXIT) ?? first;
  const reasons = failures.map(({ source, error }) => `${source.name}: ${error.message}`);
  return new JamError(
    grave?.error.code ?? "JAM_UPSTREAM_NOT_FOUND",
    `${path}: no upstream could give it. ${reasons.join("; ")}`,
    {
      ...(grave?.error.hint === undefined ? {} : { hint: grave.error.hint }),
      details: {
        path,
        upstreams: failures.map(({ source, error }) => ({
          name: source.name,
          code: error.code,
          message: error.message,
        })),
      },
      cause: grave?.error,
    },
  );
}

function exitOf(code: ErrorCode): number {
  return ERROR_OUTCOMES[code].exit;
}

import type { Generation } from "../../juju/decisions/generation.ts";
import { newest, newestCompatible, newestReleased, type NewestResult } from "../../juju/decisions/newest.ts";
import { preferredStreams } from "../../juju/decisions/streams.ts";
import { formatVersion } from "../../juju/version.ts";
import type { TableAnswer } from "./which-answer.ts";
import type { NewestQuestion, StreamsQuestion } from "./which-question.ts";

/** Columns of the recorded answers, and a generation that shares the rules of each. */
const STREAM_COLUMNS = [
  ["1.25", "1.25"],
  ["2.0-2.2", "2.0-2.1"],
  ["2.3-2.7", "2.3"],
  ["2.8", "2.8.10-2.8.13"],
  ["2.9", "2.9.33+"],
  ["3.x", "3.6.23+"],
  ["4.0", "4.0"],
] as const satisfies readonly (readonly [column: string, generation: Generation])[];

/** The streams that each generation searches. */
export function answerStreamsQuestion(question: StreamsQuestion): TableAnswer {
  const { development, stream, version } = question;
  return {
    kind: "preferredStreams",
    id: question.id,
    juju: Object.fromEntries(
      STREAM_COLUMNS.map(([column, generation]) => [
        column,
        preferredStreams(generation, { version, development, stream }),
      ]),
    ),
  };
}

/** The version that may follow the base, by each of Juju's three searches. */
export function answerNewestQuestion(question: NewestQuestion): TableAnswer {
  const { base, list } = question;
  const max = newest(list);
  return {
    kind: "newestCompatible",
    id: question.id,
    juju: {
      max: max === undefined ? "0.0.0" : formatVersion(max),
      "1.25 NewestReleased": textOf(newestReleased(list, base)),
      "2.x NewestCompatible": textOf(newestCompatible(list, base)),
      "3.x+ NewestCompatible allowDev=false": textOf(newestCompatible(list, base, false)),
      "3.x+ NewestCompatible allowDev=true": textOf(newestCompatible(list, base, true)),
    },
  };
}

function textOf(result: NewestResult): { readonly newest: string; readonly found: boolean } {
  return { newest: formatVersion(result.newest), found: result.found };
}

import { isJamError } from "../../shared/errors.ts";
import { answerBootstrapQuestion } from "./answer-bootstrap.ts";
import { answerMigrateQuestion, migrateByGeneration } from "./answer-migrate.ts";
import { answerUpgradeQuestion } from "./answer-upgrade.ts";
import type { AnyAnswer, TableAnswer } from "./which-answer.ts";
import type { WhichQuestion, NewestQuestion, StreamsQuestion } from "./which-question.ts";
import type { WhichState } from "./which-state.ts";
import type { Generation } from "../../juju/decisions/generation.ts";
import { newest, newestCompatible, newestReleased, type NewestResult } from "../../juju/decisions/newest.ts";
import { preferredStreams } from "../../juju/decisions/streams.ts";
import { formatVersion } from "../../juju/version.ts";

/**
 * The answer to one question, its trace complete. The candidates of a trace are gone through when they are read.
 * @throws JamError JAM_VERSION_INVALID for a version that the rules at hand cannot read
 */
export function answerQuestion(state: WhichState, question: WhichQuestion): AnyAnswer {
  try {
    return withNotes(answer(state, question), question);
  } catch (error) {
    if (!isJamError(error, "JAM_VERSION_INVALID") || question.place === "") throw error;
    throw error.with({ prefix: `${question.place}: `, details: { question: question.place } });
  }
}

function withNotes(answered: AnyAnswer, { notes }: WhichQuestion): AnyAnswer {
  if (notes.length === 0 || !("warnings" in answered)) return answered;
  const taken = notes.map((message) => ({
    code: "taken-as" as const,
    severity: "info" as const,
    message,
    remedy: "Write the version itself to be sure of it; `snap info juju` shows what a channel has now.",
  }));
  return { ...answered, warnings: [...answered.warnings, ...taken] };
}

/**
 * The answers of a batch, in the order of the questions. The steps of a trace name rule and source only, because the candidates
 * of a thousand questions are many megabytes; with `hasCandidates` they are all there.
 * @throws JamError JAM_VERSION_INVALID
 */
export function answerBatch(
  state: WhichState,
  questions: readonly WhichQuestion[],
  hasCandidates = false,
): { readonly answers: readonly AnyAnswer[] } {
  const answers = questions.map((question) => {
    const answer = answerQuestion(state, question);
    const whole =
      question.kind === "migrate" ? { ...answer, byGeneration: migrateByGeneration(question) } : answer;
    if (hasCandidates || !("trace" in whole)) return whole;
    return { ...whole, trace: whole.trace.map(({ rule, source }) => ({ rule, source })) };
  });
  return { answers };
}

function answer(state: WhichState, question: WhichQuestion): AnyAnswer {
  switch (question.kind) {
    case "upgrade":
      return answerUpgradeQuestion(state, question);
    case "bootstrap":
      return answerBootstrapQuestion(state, question);
    case "migrate":
      return answerMigrateQuestion(state, question);
    case "preferredStreams":
      return answerStreamsQuestion(question);
    case "newestCompatible":
      return answerNewestQuestion(question);
    default:
      return question satisfies never;
  }
}

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

import { isJamError } from "../../shared/errors.ts";
import { answerBootstrapQuestion } from "./answer-bootstrap.ts";
import { answerMigrateQuestion, migrateByGeneration } from "./answer-migrate.ts";
import { answerNewestQuestion, answerStreamsQuestion } from "./answer-tables.ts";
import { answerUpgradeQuestion } from "./answer-upgrade.ts";
import type { AnyAnswer } from "./which-answer.ts";
import type { WhichQuestion } from "./which-question.ts";
import type { WhichState } from "./which-state.ts";

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
 * The answers of a batch, in the order asked. The steps of a trace name rule and source only, because the candidates
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

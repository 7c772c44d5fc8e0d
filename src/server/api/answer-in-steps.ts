import { JamError } from "../../shared/errors.ts";
import type { WhichQuestion } from "../../upgrade/which/which-question.ts";
import { answerBatch } from "../../upgrade/which/which.ts";
import type { WhichState } from "../../upgrade/which/which-state.ts";

const PIECE_CHARACTERS = 64 * 1024;

export interface AnswerOptions {
  /** Whether the steps of a trace name every candidate. */
  readonly hasCandidates: boolean;
  /** Of all answers together. */
  readonly maxBytes: number;
}

/**
 * The document of answers in pieces, one question at each step, so that nobody has to wait for the whole.
 * @throws JamError JAM_VERSION_INVALID, JAM_REQUEST_TOO_LARGE
 */
export function* answerInSteps(
  state: WhichState,
  questions: readonly WhichQuestion[],
  { hasCandidates, maxBytes }: AnswerOptions,
): Generator<void, Buffer[]> {
  const pieces: Buffer[] = [];
  let text = '{"answers":[';
  let bytes = 0;
  for (const [index, question] of questions.entries()) {
    const { answers } = answerBatch(state, [question], hasCandidates);
    text += `${index === 0 ? "" : ","}${JSON.stringify(answers[0])}`;
    if (text.length >= PIECE_CHARACTERS) {
      const piece = Buffer.from(text);
      bytes += piece.length;
      if (bytes > maxBytes) throw answersTooLarge(maxBytes);
      pieces.push(piece);
      text = "";
    }
    yield;
  }
  return [...pieces, Buffer.from(`${text}]}\n`)];
}

function answersTooLarge(maxBytes: number): JamError {
  return new JamError("JAM_REQUEST_TOO_LARGE", `The answers are larger than ${maxBytes} bytes.`, {
    hint: "Use several requests, or no trace.",
    details: { maxBytes },
  });
}

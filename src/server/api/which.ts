import type { RequestHandler, Request } from "express";
import { readParameters, WHICH_PARAMETERS, type ParameterValues } from "../../upgrade/which/parameters.ts";
import { parseQuestionsInSteps } from "../../upgrade/which/question-document.ts";
import { answerQuestion } from "../../upgrade/which/which.ts";
import type { WhichState } from "../../upgrade/which/which-state.ts";
import { sendJson, sendJsonPieces } from "../problem.ts";
import type { Turns } from "../turns.ts";
import { answerInSteps } from "./answer-in-steps.ts";
import { textOfBody } from "./question-body.ts";
import type { ApiContext } from "./context.ts";
import { switchOf, unknownParameter, wrongParameter } from "./query-parameters.ts";

/** Questions of one request; reading this many takes some tenths of a second. */
const MAX_QUESTIONS = 10_000;
/** The answers of one request: ten thousand plain ones take a sixth of it. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

const NAMES = WHICH_PARAMETERS.map(({ name }) => name);

/** `GET /api/v1/which?current=3.6.5`: one question, by the names of the command's flags. */
export function answerQuery(readState: () => Promise<WhichState>): RequestHandler {
  return async (request, response) => {
    const state = await readState();
    const answer = answerQuestion(state, readParameters(valuesOf(request), state));
    sendJson(response, 200, Buffer.from(`${JSON.stringify(answer)}\n`));
  };
}

/** `POST /api/v1/which`: many questions, the document of `jam which --input`. */
export function answerBody({ readState, ...rules }: ApiContext, turns: Turns): RequestHandler {
  return async (request, response) => {
    const text = textOfBody(request);
    const questions = await turns.run(parseQuestionsInSteps(text, "The request's body", MAX_QUESTIONS));
    const state = await readState();
    const hasCandidates = switchOf(
      "trace",
      new URL(request.originalUrl, "http://host").searchParams.get("trace"),
    );
    const pieces = await turns.run(
      answerInSteps(state, questions, { hasCandidates: hasCandidates === true, maxBytes: MAX_ANSWER_BYTES }),
    );
    await sendJsonPieces(response, pieces, rules);
  };
}

function valuesOf(request: Request): ParameterValues {
  const { searchParams } = new URL(request.originalUrl, "http://host");
  const values: Record<string, string | readonly string[] | boolean | undefined> = {};
  for (const name of new Set(searchParams.keys())) {
    const given = searchParams.getAll(name);
    const parameter = WHICH_PARAMETERS.find((one) => one.name === name);
    if (parameter === undefined) throw unknownParameter(name, NAMES);
    if (parameter.takes === "words") values[name] = given.flatMap((text) => text.split(","));
    else if (given.length > 1) throw wrongParameter(name, "is set more than once");
    else values[name] = parameter.takes === "switch" ? switchOf(name, given[0]) : given[0];
  }
  return values;
}

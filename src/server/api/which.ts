import type { RequestHandler, Request } from "express";
import { readParameters, WHICH_PARAMETERS, type ParameterValues } from "../../upgrade/which/parameters.ts";
import { parseQuestionsInSteps } from "../../upgrade/which/question-document.ts";
import { answerQuestion } from "../../upgrade/which/which.ts";
import { sendJson, sendJsonPieces } from "../problem.ts";
import type { Turns } from "../turns.ts";
import { answerInSteps } from "./answer-in-steps.ts";
import { textOfBody } from "./question-body.ts";
import type { ApiContext, ReadState } from "./context.ts";
import {
  readQuery,
  switchOf,
  unknownParameter,
  wrongParameter,
  type QueryParameter,
} from "./query-parameters.ts";
import { CHANNEL_PARAMETER } from "./query-resource.ts";

/** Questions of one request; reading this many takes some tenths of a second. */
const MAX_QUESTIONS = 10_000;
/** The answers of one request: ten thousand plain ones take a sixth of it. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** The parameters of a request with many questions. */
export const BODY_PARAMETERS: readonly QueryParameter[] = [
  { name: "trace", takes: "switch", meaning: "every candidate of every rule" },
  CHANNEL_PARAMETER,
];

const CHANNEL = { name: CHANNEL_PARAMETER.name, takes: "word" } as const;
const PARAMETERS = [...WHICH_PARAMETERS, CHANNEL];
const NAMES = PARAMETERS.map(({ name }) => name);

/** `GET /api/v1/which?current=3.6.5`: one question, by the names of the command's flags. */
export function answerQuery(readState: ReadState): RequestHandler {
  return async (request, response) => {
    const { channel, ...values } = valuesOf(request);
    const state = await readState(channel as string | undefined);
    const answer = answerQuestion(state, readParameters(values, state));
    sendJson(response, 200, Buffer.from(`${JSON.stringify(answer)}\n`));
  };
}

/** `POST /api/v1/which`: many questions, the document of `jam which --input`. */
export function answerBody({ readState, ...rules }: ApiContext, turns: Turns): RequestHandler {
  return async (request, response) => {
    const query = readQuery(request, BODY_PARAMETERS);
    const text = textOfBody(request);
    const questions = await turns.run(parseQuestionsInSteps(text, "The request's body", MAX_QUESTIONS));
    const state = await readState(query.text("channel"));
    const hasCandidates = query.isSet("trace");
    const pieces = await turns.run(
      answerInSteps(state, questions, { hasCandidates, maxBytes: MAX_ANSWER_BYTES }),
    );
    await sendJsonPieces(response, pieces, rules);
  };
}

function valuesOf(request: Request): ParameterValues {
  const { searchParams } = new URL(request.originalUrl, "http://host");
  const values: Record<string, string | readonly string[] | boolean | undefined> = {};
  for (const name of new Set(searchParams.keys())) {
    const given = searchParams.getAll(name);
    const parameter = PARAMETERS.find((one) => one.name === name);
    if (parameter === undefined) throw unknownParameter(name, NAMES);
    if (given[0] === "" && parameter === CHANNEL) throw wrongParameter(name, "is empty");
    if (parameter.takes === "words") values[name] = given.flatMap((text) => text.split(","));
    else if (given.length > 1) throw wrongParameter(name, "is set more than once");
    else values[name] = parameter.takes === "switch" ? switchOf(name, given[0]) : given[0];
  }
  return values;
}

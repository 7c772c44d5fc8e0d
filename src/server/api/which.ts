import { setImmediate as nextTurn } from "node:timers/promises";
import express, { type RequestHandler, type Request } from "express";
import { JamError } from "../../shared/errors.ts";
import { nearest } from "../../shared/nearest.ts";
import type { AnyAnswer } from "../../upgrade/which/answer.ts";
import { readParameters, WHICH_PARAMETERS, type ParameterValues } from "../../upgrade/which/parameters.ts";
import { parseQuestions } from "../../upgrade/which/read-questions.ts";
import { answerBatch, answerQuestion } from "../../upgrade/which/which.ts";
import type { WhichWorld } from "../../upgrade/which/world.ts";
import { sendJson } from "../problem.ts";

/** Room for some thousand questions that bring their own lists. */
export const MAX_QUESTION_BYTES = 8 * 1024 * 1024;
/** Questions of one request; reading this many takes some tenths of a second. */
const MAX_QUESTIONS = 10_000;
/** Questions answered before others get a turn: some milliseconds of work. */
const QUESTIONS_A_TURN = 100;

/** `GET /api/v1/which?current=3.6.5`: one question, by the names of the command's flags. */
export function answerQuery(readWorld: () => Promise<WhichWorld>): RequestHandler {
  return async (request, response) => {
    const world = await readWorld();
    const answer = answerQuestion(world, readParameters(valuesOf(request), world));
    sendJson(response, 200, Buffer.from(`${JSON.stringify(answer)}\n`));
  };
}

/** The body of `POST /api/v1/which` as text; whatever it calls itself, it has to be JSON. */
export const readQuestionBody: RequestHandler = (request, response, next) => {
  readText(request, response, (error?: unknown) => {
    // What is left of the body is not read.
    if (error !== undefined) response.shouldKeepAlive = false;
    next(isTooLarge(error) ? tooLarge(error) : error);
  });
};

const readText = express.text({ type: () => true, limit: MAX_QUESTION_BYTES });

/** `POST /api/v1/which`: many questions, the document of `jam which --input`. */
export function answerBody(readWorld: () => Promise<WhichWorld>): RequestHandler {
  return async (request, response) => {
    const body: unknown = request.body;
    const questions = parseQuestions(
      typeof body === "string" ? body : "",
      "The request's body",
      MAX_QUESTIONS,
    );
    const world = await readWorld();
    const hasCandidates = switchOf(
      "trace",
      new URL(request.originalUrl, "http://host").searchParams.get("trace"),
    );
    const answers: AnyAnswer[] = [];
    for (let start = 0; start < questions.length; start += QUESTIONS_A_TURN) {
      const turn = questions.slice(start, start + QUESTIONS_A_TURN);
      answers.push(...answerBatch(world, turn, hasCandidates === true).answers);
      await nextTurn();
    }
    sendJson(response, 200, Buffer.from(`${JSON.stringify({ answers })}\n`));
  };
}

function valuesOf(request: Request): ParameterValues {
  const { searchParams } = new URL(request.originalUrl, "http://host");
  const values: Record<string, string | readonly string[] | boolean | undefined> = {};
  for (const name of new Set(searchParams.keys())) {
    const given = searchParams.getAll(name);
    const parameter = WHICH_PARAMETERS.find((one) => one.name === name);
    if (parameter === undefined) throw unknown(name);
    if (parameter.takes === "words") values[name] = given.flatMap((text) => text.split(","));
    else if (given.length > 1) throw wrong(name, "is given more than once");
    else values[name] = parameter.takes === "switch" ? switchOf(name, given[0]) : given[0];
  }
  return values;
}

function switchOf(name: string, text: string | null | undefined): boolean | undefined {
  if (text === null || text === undefined) return undefined;
  if (text === "" || text === "true" || text === "1") return true;
  if (text === "false" || text === "0") return undefined;
  throw wrong(name, `expected true or false, got "${text}"`);
}

function unknown(name: string): JamError {
  const names = WHICH_PARAMETERS.map((one) => one.name);
  const near = nearest(name, names);
  return new JamError("JAM_USAGE_INVALID", `${name}: is unknown.`, {
    hint: near === undefined ? `Known are ${names.join(", ")}.` : `Did you mean ${near}?`,
    details: { field: name },
  });
}

function wrong(name: string, what: string): JamError {
  return new JamError("JAM_USAGE_INVALID", `${name}: ${what}.`, {
    hint: "/api/v1/openapi.json describes every parameter.",
    details: { field: name },
  });
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && "type" in error && error.type === "entity.too.large";
}

function tooLarge(cause: unknown): JamError {
  return new JamError("JAM_REQUEST_TOO_LARGE", `The body is larger than ${MAX_QUESTION_BYTES} bytes.`, {
    cause,
    hint: "Ask in several requests.",
    details: { maxBytes: MAX_QUESTION_BYTES },
  });
}

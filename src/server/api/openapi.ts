import { ARCHES } from "../../juju/arch.ts";
import { DECISIONS, WARNING_CODES } from "../../upgrade/which/answer.ts";
import { WHICH_PARAMETERS, type WhichParameter } from "../../upgrade/which/parameters.ts";
import { QUESTION_KINDS } from "../../upgrade/which/question.ts";
import { questionJsonSchema } from "../../upgrade/which/question-schema.ts";

/** The description of the API. Source: OpenAPI Specification 3.1.1. */
export function describeApi(): object {
  return {
    openapi: "3.1.1",
    info: {
      title: "Juju agent mirror",
      version: "1",
      description: "Questions about Juju versions, answered with what this mirror lists.",
    },
    paths: {
      "/api/v1/which": {
        get: {
          operationId: "which",
          summary: "Which version a model or controller gets",
          parameters: WHICH_PARAMETERS.map(describeParameter),
          responses: responses("Answer"),
        },
        post: {
          operationId: "whichMany",
          summary: "Many questions at once",
          parameters: [
            {
              name: "trace",
              in: "query",
              schema: { type: "boolean" },
              description: "every candidate of every rule",
            },
          ],
          requestBody: {
            required: true,
            content: { "application/json": { schema: { $ref: "#/components/schemas/Questions" } } },
          },
          responses: responses("Answers"),
        },
      },
    },
    components: { schemas: schemas() },
  };
}

function describeParameter({ name, takes, meaning }: WhichParameter): object {
  const types = {
    version: { type: "string" },
    word: { type: "string" },
    switch: { type: "boolean" },
    words: { type: "array", items: { enum: ARCHES } },
  };
  return { name, in: "query", description: meaning, schema: types[takes] };
}

function responses(schema: string): object {
  const answer = (description: string, name: string) => ({
    description,
    content: { "application/json": { schema: { $ref: `#/components/schemas/${name}` } } },
  });
  return {
    "200": answer("Answered, whatever is decided.", schema),
    "400": answer("The question is wrong.", "Problem"),
    "413": answer("The body is too large.", "Problem"),
    "503": answer("The store cannot be read right now.", "Problem"),
  };
}

function schemas(): object {
  const nullable = (type: string) => ({ type: [type, "null"] });
  const question = { anyOf: QUESTION_KINDS.map((kind) => questionSchema(kind)) };
  const list = { type: "array", items: question };
  return {
    Questions: {
      anyOf: [
        list,
        { type: "object", required: ["questions"], properties: { questions: list } },
        {
          type: "object",
          properties: Object.fromEntries(
            QUESTION_KINDS.map((kind) => [kind, { type: "array", items: questionSchema(kind) }]),
          ),
        },
      ],
    },
    Answer: {
      type: "object",
      required: ["decision", "version", "code", "message", "warnings", "trace", "juju"],
      properties: {
        kind: { enum: QUESTION_KINDS },
        id: { type: ["string", "number"] },
        decision: { enum: DECISIONS },
        version: nullable("string"),
        code: nullable("string"),
        message: { type: "string", description: "Juju's own words where Juju gives some." },
        hint: { type: "string" },
        warnings: { type: "array", items: { $ref: "#/components/schemas/Warning" } },
        trace: { type: "array", items: { $ref: "#/components/schemas/Step" } },
        generation: { type: "string" },
        juju: { type: "object", description: "What Juju does." },
        mirror: nullable("object"),
        upstream: nullable("object"),
      },
    },
    Answers: {
      type: "object",
      required: ["answers"],
      properties: { answers: { type: "array", items: { $ref: "#/components/schemas/Answer" } } },
    },
    Warning: {
      type: "object",
      required: ["code", "severity", "message", "remedy"],
      properties: {
        code: { enum: WARNING_CODES },
        severity: { enum: ["info", "warn", "block"] },
        message: { type: "string" },
        remedy: { type: "string" },
        link: { type: "string" },
      },
    },
    Step: {
      type: "object",
      required: ["rule", "source"],
      properties: {
        rule: { type: "string" },
        source: { type: "string" },
        kept: { type: "array", items: { type: "string" } },
        dropped: {
          type: "array",
          items: {
            type: "object",
            properties: { version: { type: "string" }, reason: { type: "string" } },
          },
        },
      },
    },
    Problem: {
      type: "object",
      required: ["code", "message", "details"],
      properties: {
        code: { type: "string" },
        message: { type: "string" },
        hint: { type: "string" },
        details: { type: "object" },
      },
    },
  };
}

/** A schema inside another document carries no dialect of its own. */
function questionSchema(kind: (typeof QUESTION_KINDS)[number]): object {
  const { $schema: _dialect, ...schema } = questionJsonSchema(kind) as { readonly $schema?: string };
  return schema;
}

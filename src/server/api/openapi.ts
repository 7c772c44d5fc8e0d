import { ARCHES } from "../../juju/platform.ts";
import { DECISIONS, WARNING_CODES } from "../../upgrade/which/which-answer.ts";
import { WHICH_PARAMETERS, type WhichParameter } from "../../upgrade/which/parameters.ts";
import { QUESTION_KINDS } from "../../upgrade/which/which-question.ts";
import { questionJsonSchema } from "../../upgrade/which/question-schema.ts";
import type { QueryName } from "../queries.ts";
import { jsonSchemaOf } from "./json-schema.ts";
import { describeQueryParameter } from "./query-parameters.ts";
import { CHANNEL_PARAMETER } from "./query-resource.ts";
import { BODY_PARAMETERS } from "./which.ts";
import { RESOURCE_NAMES, RESOURCES } from "./resources.ts";

/** The description of the API. Source: OpenAPI Specification 3.1.1. */
export function describeApi(): object {
  return {
    openapi: "3.1.1",
    info: {
      title: "Juju agent mirror",
      version: "1",
      description:
        "What this mirror holds and did, upgrade plans, and questions about Juju versions. Nothing is written.",
    },
    paths: {
      ...Object.fromEntries(RESOURCE_NAMES.map((name) => [`/api/v1/${name}`, describeResource(name)])),
      "/api/v1/openapi.json": {
        get: {
          operationId: "openapi",
          summary: "This description",
          responses: { "200": { description: "Answered.", content: { "application/json": {} } } },
        },
      },
      "/api/v1/which": {
        get: {
          operationId: "which",
          summary: "Which version a model or controller gets",
          parameters: [...WHICH_PARAMETERS.map(describeParameter), describeQueryParameter(CHANNEL_PARAMETER)],
          responses: { ...responses("Answer"), "404": NOT_FOUND },
        },
        post: {
          operationId: "whichMany",
          summary: "Many questions at once",
          parameters: BODY_PARAMETERS.map(describeQueryParameter),
          requestBody: {
            required: true,
            content: { "application/json": { schema: { $ref: "#/components/schemas/Questions" } } },
          },
          responses: { ...responses("Answers"), "404": NOT_FOUND },
        },
      },
    },
    components: { schemas: schemas() },
  };
}

/** A resource that answers a query; its answer is the document that the command prints. */
function describeResource(name: QueryName): object {
  const { summary, command, parameters, body } = RESOURCES[name];
  const operation = {
    summary,
    description: `The document of \`${command} -o json\`.`,
    parameters: parameters.map(describeQueryParameter),
    responses: {
      ...responses(schemaNameOf(name)),
      "404": NOT_FOUND,
    },
  };
  const get = { operationId: name, ...operation };
  if (body === undefined) return { get };
  const text = { schema: { type: "string" } };
  const requestBody = {
    required: true,
    description: body,
    content: { "application/json": {}, "application/yaml": text, "text/plain": text },
  };
  return { get, post: { operationId: `${name}FromBody`, ...operation, requestBody } };
}

function schemaNameOf(name: QueryName): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

function documentSchemas(): object {
  return Object.fromEntries(
    RESOURCE_NAMES.map((name) => [schemaNameOf(name), jsonSchemaOf(RESOURCES[name].document)]),
  );
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
  return {
    "200": response("The answer, whatever the decision is.", schema),
    "400": response("The question is wrong.", "Problem"),
    "413": response("The body, or its answer, is too large.", "Problem"),
    "503": response("The store cannot be read right now, or there are too many large bodies.", "Problem"),
  };
}

function response(description: string, schema: string): object {
  return {
    description,
    content: { "application/json": { schema: { $ref: `#/components/schemas/${schema}` } } },
  };
}

const NOT_FOUND = response("Nothing is published yet, or nothing of that name is known.", "Problem");

function schemas(): object {
  const list = { type: "array", items: { anyOf: QUESTION_KINDS.map((kind) => questionSchema(kind)) } };
  const byKind = Object.fromEntries(
    QUESTION_KINDS.map((kind) => [kind, { type: "array", items: questionSchema(kind) }]),
  );
  const forms = [
    list,
    { type: "object", required: ["questions"], properties: { questions: list } },
    { type: "object", properties: byKind },
  ];
  return { Questions: { anyOf: forms }, ...ANSWER_SCHEMAS, ...documentSchemas() };
}

const TEXT = { type: "string" };
const TEXTS = { type: "array", items: TEXT };
const TEXT_OR_NULL = { type: ["string", "null"] };
const OBJECT_OR_NULL = { type: ["object", "null"] };

const ANSWER_SCHEMAS = {
  Answer: {
    type: "object",
    required: ["juju"],
    properties: {
      kind: { enum: QUESTION_KINDS },
      id: { type: ["string", "number"] },
      decision: { enum: DECISIONS },
      version: TEXT_OR_NULL,
      code: TEXT_OR_NULL,
      message: { ...TEXT, description: "Juju's own words where Juju gives some." },
      hint: TEXT,
      warnings: { type: "array", items: { $ref: "#/components/schemas/Warning" } },
      trace: { type: "array", items: { $ref: "#/components/schemas/Step" } },
      generation: TEXT,
      juju: { type: "object", description: "What Juju does." },
      mirror: OBJECT_OR_NULL,
      upstream: OBJECT_OR_NULL,
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
      message: TEXT,
      remedy: TEXT,
      link: TEXT,
    },
  },
  Step: {
    type: "object",
    required: ["rule", "source"],
    properties: {
      rule: TEXT,
      source: TEXT,
      kept: TEXTS,
      dropped: { type: "array", items: { type: "object", properties: { version: TEXT, reason: TEXT } } },
    },
  },
  Problem: {
    type: "object",
    required: ["code", "message", "details"],
    properties: { code: TEXT, message: TEXT, hint: TEXT, details: { type: "object" } },
  },
} as const;

/** A schema inside another document carries no dialect of its own. */
function questionSchema(kind: (typeof QUESTION_KINDS)[number]): object {
  const { $schema: _dialect, ...schema } = questionJsonSchema(kind) as { readonly $schema?: string };
  return schema;
}

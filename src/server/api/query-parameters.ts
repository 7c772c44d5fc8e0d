import type { Request } from "express";
import { JamError } from "../../shared/errors.ts";
import { nearest } from "../../shared/nearest.ts";

/** One parameter of a query, named like the flag of the command. */
export type QueryParameter = {
  readonly name: string;
  /** A few words, for the description of the API. */
  readonly meaning: string;
} & (
  | { readonly takes: "text"; readonly isRequired?: true }
  /** Repeated, or with commas. */
  | { readonly takes: "words" }
  | { readonly takes: "switch" }
  | { readonly takes: "choice"; readonly of: readonly string[] }
  | { readonly takes: "count"; readonly min: number; readonly max: number; readonly default: number }
);

/** The values of one request. */
export interface QueryValues {
  readonly text: (name: string) => string | undefined;
  readonly words: (name: string) => readonly string[] | undefined;
  readonly isSet: (name: string) => boolean;
  readonly count: (name: string) => number;
}

/**
 * The parameters of a request.
 * @throws JamError JAM_USAGE_INVALID naming the parameter
 */
export function readQuery(request: Request, parameters: readonly QueryParameter[]): QueryValues {
  const { searchParams } = new URL(request.originalUrl, "http://host");
  const names = parameters.map(({ name }) => name);
  for (const name of searchParams.keys()) if (!names.includes(name)) throw unknownParameter(name, names);
  const values = new Map(parameters.map((one) => [one.name, valueOf(one, searchParams.getAll(one.name))]));
  return {
    text: (name) => values.get(name) as string | undefined,
    words: (name) => values.get(name) as readonly string[] | undefined,
    isSet: (name) => values.get(name) === true,
    count: (name) => values.get(name) as number,
  };
}

function valueOf(
  parameter: QueryParameter,
  given: readonly string[],
): string | readonly string[] | number | boolean | undefined {
  const { name, takes } = parameter;
  if (takes === "words") {
    return given.length === 0 ? undefined : given.flatMap((text) => text.split(","));
  }
  const [text] = given;
  if (given.length > 1) throw wrongParameter(name, "is set more than once");
  if (takes === "switch") return switchOf(name, text);
  if (text === undefined) {
    if (takes === "count") return parameter.default;
    if (takes === "text" && parameter.isRequired === true) throw wrongParameter(name, "is missing");
    return undefined;
  }
  if (text === "") throw wrongParameter(name, "is empty");
  if (takes === "count") return countOf(parameter, text);
  if (takes === "choice" && !parameter.of.includes(text)) {
    throw wrongParameter(name, `expected ${parameter.of.join(" or ")}, got "${text}"`);
  }
  return text;
}

function countOf({ name, min, max }: Extract<QueryParameter, { takes: "count" }>, text: string): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw wrongParameter(name, `expected a whole number from ${min} to ${max}, got "${text}"`);
}

/**
 * The value of a switch: a name without a value is true.
 * @throws JamError JAM_USAGE_INVALID
 */
export function switchOf(name: string, text: string | null | undefined): boolean | undefined {
  if (text === null || text === undefined) return undefined;
  if (text === "" || text === "true" || text === "1") return true;
  if (text === "false" || text === "0") return undefined;
  throw wrongParameter(name, `expected true or false, got "${text}"`);
}

/** The error for a parameter that does not exist. */
export function unknownParameter(name: string, names: readonly string[]): JamError {
  const near = nearest(name, names);
  const known = names.length === 0 ? "No parameters are known here." : `Known are ${names.join(", ")}.`;
  return new JamError("JAM_USAGE_INVALID", `${name}: is unknown.`, {
    hint: near === undefined ? known : `Did you mean ${near}?`,
    details: { field: name },
  });
}

/** The error for a value that is not accepted. */
export function wrongParameter(name: string, what: string): JamError {
  return new JamError("JAM_USAGE_INVALID", `${name}: ${what}.`, {
    hint: "/api/v1/openapi.json describes every parameter.",
    details: { field: name },
  });
}

/** The OpenAPI description of a parameter. */
export function describeQueryParameter(parameter: QueryParameter): object {
  const { name, meaning } = parameter;
  const isRequired = parameter.takes === "text" && parameter.isRequired === true;
  return {
    name,
    in: "query",
    description: meaning,
    ...(isRequired ? { required: true } : {}),
    schema: schemaOf(parameter),
  };
}

function schemaOf(parameter: QueryParameter): object {
  switch (parameter.takes) {
    case "text":
      return { type: "string" };
    case "words":
      return { type: "array", items: { type: "string" } };
    case "switch":
      return { type: "boolean" };
    case "choice":
      return { enum: parameter.of };
    case "count":
      return { type: "integer", minimum: parameter.min, maximum: parameter.max, default: parameter.default };
    default:
      return parameter satisfies never;
  }
}

import type { z } from "zod";
import { NameJudge } from "../shared/nearest.ts";
import { printable } from "../shared/printable.ts";
import { configJsonSchema } from "./schema.ts";

/** One thing wrong with the settings, and where: in the file or in a variable of the environment. */
export type ConfigProblem = { readonly path: string; readonly message: string } & (
  { readonly line: number; readonly column: number } | { readonly variable: string }
);

/** What zod found, in our words. `key` is the unknown key, where that is the problem. */
export interface DescribedIssue {
  readonly path: readonly PropertyKey[];
  readonly key?: string;
  readonly message: string;
}

/** Problems that are described and listed; further ones are counted. */
export const MAX_PROBLEMS = 100;

/** Problems in words, and how many more there are. */
export interface DescribedIssues {
  readonly listed: readonly DescribedIssue[];
  readonly omitted: number;
}

/** The first problems of a value in words. */
export function describeIssues(issues: readonly z.core.$ZodIssue[], value: unknown): DescribedIssues {
  const judge = new NameJudge(MAX_PROBLEMS);
  const listed: DescribedIssue[] = [];
  let count = 0;
  for (const issue of issues) {
    // An unknown key is a problem of its own.
    const size = issue.code === "unrecognized_keys" ? issue.keys.length : 1;
    const room = MAX_PROBLEMS - listed.length;
    const described = room > 0 ? describeIssue(issue, value, judge, room) : [];
    listed.push(...described.slice(0, room));
    count += Math.max(size, described.length);
  }
  return { listed, omitted: count - listed.length };
}

/** The first `room` problems of one issue: an unknown key is listed with the nearest valid name. */
function describeIssue(
  issue: z.core.$ZodIssue,
  value: unknown,
  judge: NameJudge,
  room: number,
): DescribedIssue[] {
  if (issue.code === "unrecognized_keys") {
    const names = namesAt(issue.path);
    const place = issue.path.join(".");
    return issue.keys.slice(0, room).map((key) => {
      const near = judge.near(key, place, names);
      return { path: issue.path, key, message: describeUnknown(key, near, names) };
    });
  }
  if (issue.code === "invalid_key") {
    const message = issue.issues[0]?.message ?? issue.message;
    return [{ path: issue.path, key: String(issue.path.at(-1)), message }];
  }
  if (issue.code === "invalid_union") {
    // The branch that got furthest knows best: `[amd64, amd46]` is a wrong element, not a wrong kind of value.
    const inner = issue.errors.flat().filter((each) => each.path.length > 0 || each.code === "custom");
    if (inner.length > 0) {
      return inner
        .slice(0, room)
        .flatMap((each) =>
          describeIssue({ ...each, path: [...issue.path, ...each.path] }, value, judge, room),
        );
    }
  }
  const found = valueAt(value, issue.path);
  if (found === undefined) return [{ path: issue.path, message: `is missing; ${issue.message}` }];
  const got = issue.message.startsWith("expected") ? `, got ${describeValue(found)}` : "";
  return [{ path: issue.path, message: `${issue.message}${got}` }];
}

/** The message of the whole error and its lines, one for each problem that is listed, in the order of the file. */
export function formatProblems(
  file: string | undefined,
  problems: readonly ConfigProblem[],
  omitted: number,
): { readonly message: string; readonly lines: readonly string[] } {
  const lines = [...problems].sort(byPlace).map((problem) => {
    const place =
      "variable" in problem ? problem.variable : `${file ?? "-"}:${problem.line}:${problem.column}`;
    return `  ${place}: ${problem.path === "" ? "" : `${problem.path}: `}${problem.message}`;
  });
  if (omitted > 0) lines.push(`  and ${omitted} more`);
  const subject = file === undefined ? "The environment" : file;
  const total = problems.length + omitted;
  const count = total === 1 ? "a problem" : `${total} problems`;
  return { message: `${subject} has ${count}:`, lines };
}

function byPlace(a: ConfigProblem, b: ConfigProblem): number {
  if ("variable" in a || "variable" in b) return Number("variable" in a) - Number("variable" in b);
  return a.line - b.line || a.column - b.column;
}

/** Settings of the format that no part of this version acts on: accepted, they would promise what does not happen. */
const NOT_BUILT: Readonly<Record<string, string>> = {
  schedule: "use cron or systemd; `jam init --cron` or `--systemd` writes the files",
};

function describeUnknown(key: string, near: string | undefined, names: readonly string[]): string {
  const instead = Object.hasOwn(NOT_BUILT, key) && names.includes("upstreams") ? NOT_BUILT[key] : undefined;
  if (instead !== undefined) return `"${key}" is not built yet, so delete it here: ${instead}`;
  const shown = `unknown key "${printable(key, 60)}"`;
  return near === undefined
    ? `${shown}; known here: ${names.join(", ")}`
    : `${shown}; did you mean "${near}"?`;
}

function describeValue(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (value === null) return "nothing";
  return typeof value === "object" ? "a mapping" : printable(JSON.stringify(value), 60);
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      inner === null || inner === undefined ? undefined : (inner as Record<PropertyKey, unknown>)[key],
    value,
  );
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  /** The forms of a mapping that its `kind` tells apart. */
  readonly oneOf?: readonly JsonSchema[];
  readonly additionalProperties?: JsonSchema | boolean;
}

let wholeSchema: JsonSchema | undefined;

/** The keys that are valid at a place in the file. */
function namesAt(path: readonly PropertyKey[]): string[] {
  let schema: JsonSchema | undefined = (wholeSchema ??= configJsonSchema());
  for (const key of path) {
    const other: JsonSchema | boolean | undefined = schema?.additionalProperties;
    schema =
      typeof key === "number"
        ? schema?.items
        : (schema?.properties?.[String(key)] ?? (typeof other === "object" ? other : undefined));
  }
  const forms = schema?.oneOf ?? (schema === undefined ? [] : [schema]);
  return [...new Set(forms.flatMap(({ properties }) => Object.keys(properties ?? {})))];
}

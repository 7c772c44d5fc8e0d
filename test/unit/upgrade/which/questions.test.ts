import { describe, expect, test } from "vitest";
import { readParameters, type ParameterValues } from "../../../../src/upgrade/which/parameters.ts";
import { readQuestions } from "../../../../src/upgrade/which/question-document.ts";
import { parseVersion } from "../../../../src/juju/version.ts";
import { aState } from "./state.ts";
import { isJamError } from "../../../../src/shared/errors.ts";

function complaint(document: unknown): string {
  return complaintOf(() => readQuestions(document));
}

function complaintOf(read: () => unknown): string {
  try {
    read();
    return "none";
  } catch (error) {
    if (!isJamError(error)) throw error;
    return `${error.code} ${error.message}`;
  }
}

test.for([
  ["a list", [{ current: "3.6.5" }, { client: "3.6.9" }], ["upgrade", "bootstrap"]],
  ["questions under their name", { questions: [{ base: "3.6.5", list: [] }] }, ["newestCompatible"]],
  [
    "lists by kind, in the order of the document",
    {
      meta: { about: "anything" },
      migrate: [{ sourceController: "2.9.51", targetController: "3.6.9" }],
      upgrade: [{ current: "3.6.5", expected: {} }],
      preferredStreams: [{ runningVersion: "3.6.5" }],
    },
    ["migrate", "upgrade", "preferredStreams"],
  ],
  ["a kind that says itself", [{ kind: "bootstrap", client: "3.6.9", current: "3.6.5" }], ["bootstrap"]],
] as const)("questions come as %s", ([, document, kinds]) => {
  expect(readQuestions(document).map(({ kind }) => kind)).toEqual(kinds);
});

test("what is left out follows from what is said", () => {
  expect(
    readQuestions([{ current: "3.6.5" }, { current: "2.9.42", controllerVersion: "2.9.51", id: "a" }]),
  ).toMatchObject([
    {
      kind: "upgrade",
      place: "[0]",
      current: parseVersion("3.6.5"),
      client: parseVersion("3.6.5"),
      controller: parseVersion("3.6.5"),
      generation: "3.3.4-3.6.21",
      modelType: "iaas",
      isController: true,
    },
    {
      kind: "upgrade",
      place: "[1]",
      id: "a",
      current: parseVersion("2.9.42"),
      client: parseVersion("2.9.51"),
      controller: parseVersion("2.9.51"),
      generation: "2.9.33+",
      modelType: "iaas",
      isController: false,
    },
  ]);
});

test.for([
  ["2.9", "2.9.51", "2.9.33+"],
  ["2.9", "2.9.12", "2.9.0-2.9.31"],
  ["2.9", "3.6.5", "2.9.33+"],
  ["3.6", "3.6.5", "3.3.4-3.6.21"],
  ["3.6", "4.0.15", "3.6.23+"],
  ["2.9.32", "3.6.5", "2.9.32"],
  ["2.4-2.5", "3.6.5", "2.4-2.5"],
])("generation %s on a controller of %s is %s", ([generation, current, expected]) => {
  expect(readQuestions([{ current, generation }])[0]).toMatchObject({ generation: expected });
});

describe("says place, field and accepted form of", () => {
  test.for([
    [
      "no document",
      null,
      "JAM_USAGE_INVALID expected a list of questions, { questions: […] }, or { upgrade: […], bootstrap: […], … }, got null",
    ],
    [
      "a mapping without lists",
      { a: 1 },
      "JAM_USAGE_INVALID expected a list of questions, { questions: […] }, or { upgrade: […], bootstrap: […], … }; found none of the keys questions, upgrade, bootstrap, preferredStreams, newestCompatible, migrate",
    ],
    [
      "a list that is none",
      { upgrade: {} },
      "JAM_USAGE_INVALID upgrade: expected a list of questions, got a mapping",
    ],
    [
      "a question that is none",
      { upgrade: [{ current: "3.6.5" }, "3.6.5"] },
      'JAM_USAGE_INVALID upgrade[1]: expected a question, got "3.6.5"',
    ],
    [
      "a missing field",
      [{}],
      "JAM_USAGE_INVALID [0].current: is missing; expected a version such as 3.6.5, 3.6-beta2 or 2.9.42.1",
    ],
    [
      "a slip in a field's name",
      [{ current: "3.6.5", controlerVersion: "3.6.5" }],
      'JAM_USAGE_INVALID [0].controlerVersion: unknown field; did you mean "controllerVersion"?',
    ],
    [
      "an unknown kind",
      [{ kind: "downgrade" }],
      'JAM_USAGE_INVALID [0].kind: "downgrade" is none of upgrade, bootstrap, preferredStreams, newestCompatible, migrate',
    ],
    [
      "a version that is none",
      [{ current: "3.6.x" }],
      'JAM_VERSION_INVALID [0].current: "3.6.x" is not a Juju version.',
    ],
    [
      "a version in a list",
      { questions: [{ current: "3.6.5", available: ["3.6.6", "v1"] }] },
      'JAM_VERSION_INVALID questions[0].available[1]: "v1" is not a Juju version.',
    ],
    [
      "a version in a stream",
      [{ current: "3.6.5", streams: { devel: ["3.6.6@arm64", "x@arm64"] } }],
      'JAM_VERSION_INVALID [0].streams.devel[1]: "x@arm64" is not a Juju version.',
    ],
    [
      "another model's version",
      [{ current: "3.6.5", otherModels: [{ name: "a", version: "x" }] }],
      'JAM_VERSION_INVALID [0].otherModels[0].version: "x" is not a Juju version.',
    ],
    [
      "an arch",
      [{ current: "3.6.5", arches: ["x86"] }],
      'JAM_USAGE_INVALID [0].arches[0]: "x86" is not an architecture.',
    ],
    [
      "a generation",
      [{ current: "3.6.5", generation: "new" }],
      'JAM_USAGE_INVALID [0].generation: "new" is not a Juju generation.',
    ],
    [
      "a kind of model",
      [{ current: "3.6.5", modelType: "lxd" }],
      'JAM_USAGE_INVALID [0].modelType: expected iaas (machines) or caas (Kubernetes), got "lxd"',
    ],
    [
      "several at once",
      [{ current: 1 }, {}],
      "JAM_USAGE_INVALID The questions have 2 problems:\n  [0].current: expected a version such as 3.6.5, 3.6-beta2 or 2.9.42.1, got 1\n  [1].current: is missing; expected a version such as 3.6.5, 3.6-beta2 or 2.9.42.1",
    ],
  ] as const)("%s", ([, document, message]) => {
    expect(complaint(document)).toBe(message);
  });
});

describe("names the parameter that was given when it complains of", () => {
  test.for<[what: string, values: ParameterValues, message: string]>([
    [
      "the model's version, which a migration also takes for its source controller",
      { migrate: true, current: "3.6.x", "to-controller": "3.6.9" },
      'JAM_VERSION_INVALID current: "3.6.x" is not a Juju version.',
    ],
    [
      "the source controller",
      { migrate: true, current: "2.9.51", "from-controller": "2.x", "to-controller": "3.6.9" },
      'JAM_VERSION_INVALID from-controller: "2.x" is not a Juju version.',
    ],
    [
      "the version of a controller",
      { current: "3.6.5", controller: "3" },
      'JAM_VERSION_INVALID controller: "3" is not a Juju version.',
    ],
    [
      "a requested version",
      { current: "3.6.5", to: "newest" },
      'JAM_VERSION_INVALID to: "newest" is not a Juju version.',
    ],
    [
      "a version longer than any",
      { current: `3.6.${"5".repeat(200)}` },
      "JAM_USAGE_INVALID current: is longer than 200 characters.",
    ],
    [
      "a generation longer than any",
      { bootstrap: true, client: "3.6.5", juju: "9".repeat(201) },
      "JAM_USAGE_INVALID juju: is longer than 200 characters.",
    ],
    [
      "the rules",
      { bootstrap: true, client: "3.6.5", juju: "9.x" },
      'JAM_USAGE_INVALID juju: "9.x" is not a Juju generation.',
    ],
  ])("%s", ([, values, message]) => {
    expect(complaintOf(() => readParameters(values, aState(["3.6.5"])))).toBe(message);
  });
});

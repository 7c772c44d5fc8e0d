import { expect, test } from "vitest";
import { WARNING_CODES, type WhichAnswer } from "../../../../src/upgrade/which/which-answer.ts";
import { readParameters } from "../../../../src/upgrade/which/parameters.ts";
import { answerQuestion } from "../../../../src/upgrade/which/which.ts";
import { answerIn, aState, inShort, type StateOptions } from "./state.ts";

type Row = readonly [
  trap: string,
  held: readonly string[],
  question: object,
  answer: string,
  options?: StateOptions,
];

const ROWS: readonly Row[] = [
  [
    "an arch of the model is missing",
    ["3.6.5", "3.6.9"],
    { current: "3.6.5", arches: ["amd64", "arm64"] },
    "upgrade 3.6.9: arch-missing",
  ],
  [
    "every arch is there",
    ["3.6.9", "3.6.9@arm64"],
    { current: "3.6.5", arches: ["amd64", "arm64"] },
    "upgrade 3.6.9",
  ],
  [
    "4.0 finds its newest for another arch only",
    ["4.0.14", "4.0.15@arm64"],
    { current: "4.0.13", arches: ["amd64"] },
    "not-found: arch-missing",
  ],
  [
    "a model follows to what is not held",
    ["3.6.9"],
    { current: "3.6.5", controllerVersion: "3.6.8", isController: false },
    "upgrade 3.6.8: not-held",
  ],
  [
    "a 4.0 model follows to what is not held",
    ["4.0.14"],
    { current: "4.0.13", controllerVersion: "4.0.15", isController: false },
    "upgrade 4.0.15: not-held",
  ],
  ["nothing of the minor is held", ["2.9.51"], { current: "3.6.5" }, "up-to-date 3.6.5: falls-through"],
  [
    "what runs is not held for an arch",
    ["3.6.11"],
    { current: "3.6.11", arches: ["amd64", "arm64"] },
    "up-to-date 3.6.11: agents-of-model",
  ],
  ["what runs is not held at all", ["3.6.9"], { current: "3.6.11" }, "up-to-date 3.6.11: agents-of-model"],
  ["what runs is held", ["3.6.11"], { current: "3.6.11", arches: ["amd64"] }, "up-to-date 3.6.11"],
  [
    "what is asked for is not held",
    ["3.6.9"],
    { current: "3.6.5", requested: "3.6.8" },
    "not-found: falls-through",
  ],
  [
    "a preferred stream has no match",
    ["3.6.9"],
    { current: "3.6.5", configStream: "proposed" },
    "upgrade 3.6.9: stream-falls-through other-stream",
  ],
  [
    "every preferred stream has one",
    ["3.6.8", "3.6.9 proposed"],
    { current: "3.6.5", stream: "proposed" },
    "upgrade 3.6.9",
  ],
  [
    "an agent comes from another stream",
    ["3.6.9", "3.6.8 proposed"],
    { current: "3.6.5", stream: "proposed" },
    "upgrade 3.6.9: other-stream",
  ],
  [
    "2.8 reads the lists by series alone",
    ["2.9.51", "2.8.13@amd64 released tools"],
    { current: "2.8.13" },
    "up-to-date 2.8.13: other-lists",
  ],
  ["2.8 finds 2.9 in its lists", ["2.9.51@amd64 released tools"], { current: "2.8.13" }, "upgrade 2.9.51"],
  [
    "a lone pre-release of the next minor is taken",
    ["2.9.51@amd64 released tools", "2.9-rc1", "2.10-beta1"],
    { current: "2.9.51" },
    "upgrade 2.10-beta1: pre-release",
  ],
  [
    "a 2.9 beta looks at released only",
    ["2.9-beta1", "2.9-beta2 devel"],
    { current: "2.9-beta1", client: "2.9.51", controllerVersion: "2.9.51", isController: true },
    "up-to-date 2.9-beta1: stays-on-pre-release",
  ],
  [
    "upstream has a newer one",
    ["3.6.9"],
    { current: "3.6.5" },
    "upgrade 3.6.9: upstream-newer",
    { upstream: ["3.6.9", "3.6.10"] },
  ],
  ["upstream has nothing newer", ["3.6.9"], { current: "3.6.5" }, "upgrade 3.6.9", { upstream: ["3.6.9"] }],
  ["a later minor is held", ["3.6.9", "4.0.15"], { current: "3.6.9" }, "up-to-date 3.6.9: newer-minor"],
  ["Kubernetes runs images", ["3.6.9"], { current: "3.6.5", modelType: "caas" }, "upgrade 3.6.9: images"],
  [
    "a client prefers its own jujud",
    ["2.2.5@amd64 released tools"],
    { current: "2.2.1", client: "2.2.5", localAgent: "custom" },
    "upgrade 2.2.5.1: local-upload",
  ],
  [
    "an old client lets a controller pass into 3.x",
    ["3.6.9"],
    { current: "2.9.12", requested: "3.6.9" },
    "upgrade 3.6.9: unsupported-move",
  ],
  [
    "a 2.9 model runs ahead of its controller",
    ["2.9.51"],
    { current: "2.9.42", controllerVersion: "2.9.42", isController: false },
    "blocked",
  ],
  [
    "advice warns",
    ["3.6.9"],
    { current: "3.6.5" },
    "upgrade 3.6.9: advice",
    { advice: [{ from: "<3.6.8", to: "3.6.9", severity: "warn", reason: "Slow." }] },
  ],
  [
    "advice on another move stays silent",
    ["3.6.9"],
    { current: "3.6.8" },
    "upgrade 3.6.9",
    { advice: [{ from: "<3.6.8", to: "3.6.9", severity: "warn", reason: "Slow." }] },
  ],
  [
    "advice blocks",
    ["3.6.9"],
    { current: "3.6.5" },
    "blocked: advice",
    { advice: [{ from: "*", to: "3.6.9", severity: "block", reason: "Never." }] },
  ],
  [
    "advice blocks a bootstrap too",
    ["3.6.9"],
    { client: "3.6.9" },
    "blocked: advice",
    { advice: [{ from: "*", to: "3.6.9", severity: "block", reason: "Never." }] },
  ],
  [
    "advice closes a migration",
    ["3.6.9"],
    { current: "2.9.51", requested: "3.6.9" },
    "blocked",
    { advice: [{ from: "2.9", to: "3.6", severity: "block", reason: "Never." }] },
  ],
  [
    "a migrated model needs its own agents",
    ["3.6.9"],
    { sourceController: "2.9.51", targetController: "3.6.9" },
    "migrate 3.6.9: agents-of-model",
  ],
  [
    "a migrated model has its own agents",
    ["3.6.9", "2.9.51"],
    { sourceController: "2.9.51", targetController: "3.6.9" },
    "migrate 3.6.9",
  ],
  [
    "4.0 takes no model of 2.9",
    ["4.0.15", "2.9.51"],
    { sourceController: "2.9.51", targetController: "4.0.15" },
    "blocked",
  ],
  [
    "a bootstrap for a missing arch",
    ["3.6.9"],
    { client: "3.6.9", arches: ["arm64"] },
    "bootstrap 3.6.9: arch-missing companions",
  ],
  ["a bootstrap of what is not held", ["3.6.8"], { client: "3.6.9" }, "not-found"],
  [
    "a bootstrap on Kubernetes",
    [],
    { client: "3.6.9", modelType: "caas" },
    "bootstrap 3.6.9: images companions",
  ],
  ["a bootstrap of 4.0", ["4.0.15"], { client: "4.0.15" }, "bootstrap 4.0.15: companions"],
];

test.for(ROWS)("%s", ([, held, question, answer, options]) => {
  expect(inShort(answerIn(aState(held, options), question))).toBe(answer);
});

test("every warning is met here", () => {
  const met = new Set(ROWS.flatMap(([, , , answer]) => answer.split(": ")[1]?.split(" ") ?? []));
  const state = aState(["3.6.9"]);
  const ofChannel = answerQuestion(state, readParameters({ current: "3.6/stable" }, state)) as WhichAnswer;
  for (const { code } of ofChannel.warnings) met.add(code);
  expect(WARNING_CODES.filter((code) => !met.has(code))).toEqual([]);
});

test("every warning has a remedy that is a sentence", () => {
  for (const [, held, question, , options] of ROWS) {
    for (const { message, remedy } of answerIn(aState(held, options), question).warnings) {
      expect(message).toMatch(/[.…]$/);
      expect(remedy).toMatch(/[.)]$/);
    }
  }
});

test.for([
  [
    "a lower one where the newest is incomplete",
    ["3.6.8", "3.6.8@arm64", "3.6.9"],
    { current: "3.6.5" },
    "upgrade 3.6.8",
  ],
  ["what Juju takes where that is complete", ["3.6.9", "3.6.9@arm64"], { current: "3.6.5" }, "upgrade 3.6.9"],
  [
    "nothing where none is complete",
    ["3.6.5", "3.6.5@arm64", "3.6.9"],
    { current: "3.6.5" },
    "up-to-date 3.6.5",
  ],
  [
    "one that 4.0 itself would not find",
    ["4.0.14", "4.0.14@arm64", "4.0.15@arm64"],
    { current: "4.0.13" },
    "upgrade 4.0.14",
  ],
  [
    "none where a model follows to what is incomplete",
    ["3.6.9"],
    { current: "3.6.5", controllerVersion: "3.6.9", isController: false },
    "not-found",
  ],
] as const)("the safe choice is %s", ([, held, question, answer]) => {
  const { decision, version, juju } = answerIn(aState(held), {
    ...question,
    arches: ["amd64", "arm64"],
    safe: true,
  });
  expect([decision, version].filter((word) => word !== null).join(" ")).toBe(answer);
  // What Juju itself does is told all the same.
  expect(juju).toEqual(answerIn(aState(held), { ...question, arches: ["amd64", "arm64"] }).juju);
});

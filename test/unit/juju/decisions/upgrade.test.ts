import { fc, test as property } from "../../../helpers/property.ts";
import { describe, expect, test } from "vitest";
import { GENERATIONS, type Generation } from "../../../../src/juju/decisions/generation.ts";
import { upgradeOutcome, type UpgradeFields } from "../../../helpers/questions.ts";
import type { Trace } from "../../../../src/juju/decisions/trace.ts";
import { compareVersionTexts, parseVersion } from "../../../../src/juju/version.ts";
import { runs } from "../../../helpers/tier.ts";

const MAJORS: Readonly<Partial<Record<Generation, number>>> = { "1.25": 1, "4.0": 4 };

function majorOf(generation: Generation): number {
  return MAJORS[generation] ?? Number(generation[0]);
}

/** A question in which client, controller and agents are of one version. */
function aQuestion(generation: Generation, changes: Partial<UpgradeFields> = {}): UpgradeFields {
  const current = changes.current ?? `${majorOf(generation)}.0.1`;
  return {
    generation,
    client: current,
    current,
    controllerVersion: current,
    modelType: "iaas",
    isController: true,
    available: [],
    ...changes,
  };
}

const anyGeneration = fc.constantFrom(...GENERATIONS);
const suffix = fc.oneof(
  { weight: 4, arbitrary: fc.nat(12).map((patch) => `.${patch}`) },
  fc.tuple(fc.constantFrom("alpha", "beta", "rc"), fc.nat(9)).map(([tag, patch]) => `-${tag}${patch}`),
  fc.tuple(fc.nat(12), fc.integer({ min: 1, max: 3 })).map(([patch, build]) => `.${patch}.${build}`),
);

const anyVersion = fc
  .tuple(fc.constantFrom(1, 2, 3, 4), fc.nat(9), suffix)
  .map(([major, minor, rest]) => `${major}.${minor}${rest}`);

const anyQuestion = anyGeneration.chain((generation) =>
  fc.record({
    generation: fc.constant(generation),
    client: anyVersion,
    current: anyVersion,
    controllerVersion: anyVersion,
    modelType: fc.constant("iaas" as const),
    isController: fc.boolean(),
    requested: fc.option(anyVersion),
    available: fc.array(anyVersion, { maxLength: 30 }),
    stored: fc.array(anyVersion, { maxLength: 2 }),
  }),
);

describe("whatever is asked", () => {
  property.prop([anyQuestion], runs(2_000))(
    "a chosen version is published, stored, or the controller's own; only 4.0 takes a model's request on trust",
    (question) => {
      const answer = upgradeOutcome(question);
      if (answer.outcome !== "upgrade") return;
      if (question.generation === "4.0" && !question.isController) return;
      const known = [...question.available, ...question.stored, question.controllerVersion];
      expect(known).toContain(answer.chosen);
    },
  );

  property.prop([anyQuestion], runs(2_000))(
    "a choice without a request never leaves the major nor goes back",
    (question) => {
      const answer = upgradeOutcome({ ...question, requested: null });
      if (answer.outcome !== "upgrade" || !question.isController) return;
      const base = question.generation === "4.0" ? question.controllerVersion : question.current;
      expect(parseVersion(answer.chosen).major).toBe(parseVersion(base).major);
      expect(compareVersionTexts(answer.chosen, base)).toBeGreaterThanOrEqual(0);
    },
  );

  property.prop([anyQuestion], runs(2_000))(
    "a request is answered with exactly that version or not at all",
    (question) => {
      const answer = upgradeOutcome(question);
      if (answer.outcome === "upgrade" && question.requested !== null) {
        expect(answer.chosen).toBe(question.requested);
      }
    },
  );

  property.prop([anyQuestion, fc.func(fc.nat())], runs(500))(
    "the order in which versions are listed does not matter",
    (question, weight) => {
      const available = question.available.toSorted((a, b) => weight(a) - weight(b));
      expect(upgradeOutcome({ ...question, available })).toEqual(upgradeOutcome(question));
    },
  );

  property.prop([anyQuestion, anyVersion], runs(1_000))(
    "one more published version never makes a 3.x controller choose an older one",
    (question, more) => {
      const generation = "3.6.23+";
      const current = `3.6.${question.available.length}`;
      const asked = aQuestion(generation, { current, available: question.available });
      const before = upgradeOutcome(asked);
      const after = upgradeOutcome({ ...asked, available: [...question.available, more] });
      if (before.outcome !== "upgrade") return;
      expect(after.outcome).toBe("upgrade");
      if (after.outcome === "upgrade") {
        expect(compareVersionTexts(after.chosen, before.chosen)).toBeGreaterThanOrEqual(0);
      }
    },
  );
});

describe("boundaries between generations", () => {
  test("2.9.32 falls back to a jujud of its own where 2.9.31 does not", () => {
    const question = { current: "2.9.5", client: "2.9.20", available: ["2.9.5"] };
    expect(upgradeOutcome(aQuestion("2.9.0-2.9.31", question))).toMatchObject({ outcome: "up-to-date" });
    expect(upgradeOutcome(aQuestion("2.9.32", question))).toEqual({ outcome: "needs-local-agent" });
    expect(upgradeOutcome(aQuestion("2.9.33+", question))).toMatchObject({ outcome: "up-to-date" });
  });

  test("a hosted model of 3.3.3 needs the agent in a stream, one of 3.3.4 does not", () => {
    const question = { current: "3.3.0", controllerVersion: "3.3.4", isController: false };
    expect(upgradeOutcome(aQuestion("3.1-3.2", question))).toMatchObject({ outcome: "up-to-date" });
    expect(upgradeOutcome(aQuestion("3.3.4-3.6.21", question))).toEqual({
      outcome: "upgrade",
      chosen: "3.3.4",
      changed: true,
    });
  });

  test("3.6.23 refuses a downgrade that 3.6.21 silently ignores", () => {
    const question = { current: "3.6.9", requested: "3.6.8", available: ["3.6.8"] };
    expect(upgradeOutcome(aQuestion("3.3.4-3.6.21", question))).toMatchObject({ outcome: "up-to-date" });
    expect(upgradeOutcome(aQuestion("3.6.23+", question))).toEqual({
      outcome: "error",
      error: "downgrade not supported",
    });
  });
});

describe("the generation", () => {
  test("is derived from client and controller when the question names none", () => {
    const { generation: _, ...question } = aQuestion("3.6.23+", {
      current: "3.6.25",
      available: ["3.6.26", "3.6.27", "4.0.1"],
    });
    expect(upgradeOutcome(question)).toEqual({ outcome: "upgrade", chosen: "3.6.27", changed: true });
  });
});

describe("a 4.0 controller", () => {
  const current = "4.0.5";

  test("does not mind an indexed stream with nothing for it when its store has something", () => {
    const question = aQuestion("4.0", { current, stored: ["4.0.6"], available: ["3.6.1"] });
    expect(upgradeOutcome(question)).toEqual({ outcome: "upgrade", chosen: "4.0.6", changed: true });
  });

  test("says so when neither stream nor store has anything of its minor", () => {
    expect(upgradeOutcome(aQuestion("4.0", { current }))).toEqual({
      outcome: "error",
      error:
        "getting desired controller version to upgrade to: unable to find highest patch version for controller",
    });
  });

  test("names the stream when a requested version cannot be looked up in it", () => {
    const question = aQuestion("4.0", { current, requested: "4.0.6", streams: { released: ["4.0.6"] } });
    expect(upgradeOutcome({ ...question, stream: "testing" })).toMatchObject({
      outcome: "error",
      error: expect.stringContaining('for stream "testing"') as string,
    });
  });
});

describe("a controller of 3.x with other models", () => {
  const otherModels = [{ name: "web", version: "3.5.1" }];

  test("gives up on a target major without a minimum up to 3.6.21", () => {
    const question = { current: "3.5.1", requested: "4.0.1", available: ["4.0.1"], otherModels };
    expect(upgradeOutcome(aQuestion("3.3.4-3.6.21", question))).toEqual({
      outcome: "error",
      error:
        'validating model "web" for controller upgrade: upgrading controller to "4.0.1" is not supported from "3.5.1"',
    });
  });
});

describe("a trace", () => {
  test("tells which rule dropped which candidate and where Juju's code says so", () => {
    const trace: Trace = [];
    upgradeOutcome(aQuestion("3.6.23+", { current: "3.6.4", available: ["3.6.4", "3.6.5", "3.6.6"] }), trace);
    expect(trace.at(-1)).toEqual({
      rule: "The newest patch of the current minor.",
      source: "apiserver/facades/client/modelupgrader/findagents.go:decideVersion @3.6 branch 1c91c54faf",
      kept: ["3.6.6"],
      dropped: [
        { version: "3.6.4", reason: "not the newest" },
        { version: "3.6.5", reason: "not the newest" },
      ],
    });
  });
});

describe("bad input", () => {
  test("an invalid requested version gets Juju's own words", () => {
    expect(upgradeOutcome(aQuestion("3.6.23+", { requested: "3.6" }))).toEqual({
      outcome: "error",
      error: 'invalid version "3.6"',
    });
  });

  test("an invalid published version is refused", () => {
    expect(() => upgradeOutcome(aQuestion("3.6.23+", { available: ["3.0.x"] }))).toThrow(
      '[0].available[0]: "3.0.x" is not a Juju version.',
    );
  });

  test("image tags that are no versions are passed over", () => {
    const question = aQuestion("3.6.23+", {
      current: "3.6.4",
      modelType: "caas",
      available: ["3.6.5"],
      registryTags: ["latest", "3.6", "3.6.5"],
    });
    expect(upgradeOutcome(question)).toEqual({ outcome: "upgrade", chosen: "3.6.5", changed: true });
  });
});

test.for(["2.8.10-2.8.13", "2.9.0-2.9.31", "2.9.32"] as const)(
  "for the minimum of a major Juju %s counts 2.8-rc11 as 2.8.11",
  (generation) => {
    const question = aQuestion(generation, { current: "2.8-rc11", requested: "3.0.1", available: ["3.0.1"] });
    expect(upgradeOutcome(question)).toMatchObject({ outcome: "upgrade", chosen: "3.0.1" });
    const otherModels = [
      { name: "fine", version: "2.8-rc9" },
      { name: "old", version: "2.8-rc8" },
    ];
    expect(upgradeOutcome({ ...question, otherModels })).toEqual({
      outcome: "error",
      error:
        "these models must first be upgraded to at least 2.8.9 before upgrading the controller:\n -admin/old",
    });
  },
);

test.for([
  ["3.0.4", "downgrade is not allowed"],
  ["1.25.13", 'upgrade to "2.9.60" is not supported from "1.25.13"'],
] as const)("from 2.9.33 on a model at %s stops the upgrade of its controller", ([version, error]) => {
  const question = aQuestion("2.9.33+", { current: "2.9.42", available: ["2.9.60"] });
  const otherModels = [
    { name: "fine", version: "2.8.1" },
    { name: "odd", version },
  ];
  expect(upgradeOutcome({ ...question, otherModels })).toEqual({ outcome: "error", error });
});

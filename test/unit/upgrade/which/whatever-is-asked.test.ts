import { fc, test as property } from "../../../helpers/property.ts";
import { describe, expect } from "vitest";
import { GENERATIONS } from "../../../../src/juju/decisions/generation.ts";
import { DECISIONS } from "../../../../src/upgrade/which/which-answer.ts";
import { upgradeOutcome, type UpgradeFields } from "../../../helpers/questions.ts";
import { answerIn, aState } from "./state.ts";
import { runs } from "../../../helpers/tier.ts";

const suffix = fc.oneof(
  { weight: 4, arbitrary: fc.nat(12).map((patch) => `.${patch}`) },
  fc.tuple(fc.constantFrom("alpha", "beta", "rc"), fc.nat(14)).map(([tag, patch]) => `-${tag}${patch}`),
  fc.tuple(fc.nat(12), fc.integer({ min: 1, max: 3 })).map(([patch, build]) => `.${patch}.${build}`),
);
const anyVersion = fc
  .tuple(fc.constantFrom(1, 2, 3, 4), fc.nat(9), suffix)
  .map(([major, minor, rest]) => `${major}.${minor}${rest}`);
const anyAgent = fc
  .tuple(
    anyVersion,
    fc.constantFrom("amd64", "arm64"),
    fc.constantFrom("released", "proposed", "devel"),
    fc.constantFrom("agents", "tools"),
  )
  .map(([version, arch, stream, family]) => `${version}@${arch} ${stream} ${family}`);

const anyQuestion = fc.record(
  {
    current: anyVersion,
    controllerVersion: anyVersion,
    client: anyVersion,
    generation: fc.constantFrom(...GENERATIONS),
    isController: fc.boolean(),
    modelType: fc.constantFrom("iaas", "caas"),
    requested: anyVersion,
    stream: fc.constantFrom("released", "proposed", "devel", "edge"),
    arches: fc.subarray(["amd64", "arm64"], { minLength: 1 }),
    safe: fc.boolean(),
  },
  { requiredKeys: ["current"] },
);

describe("whatever is asked", () => {
  property.prop(
    [anyQuestion, fc.array(anyAgent, { maxLength: 20 }), fc.array(anyAgent, { maxLength: 20 })],
    runs(1_000),
  )("there is a decision, with a version or the reason why not", (question, held, upstream) => {
    const answer = answerIn(aState(held, { upstream }), question);
    expect(DECISIONS).toContain(answer.decision);
    expect(answer.version === null).toBe(answer.code !== null);
    expect(answer.code === null || (answer.hint ?? "") !== "").toBe(true);
    expect(answer.message).not.toBe("");
    expect(answer.trace.length).toBeGreaterThan(0);
    expect(JSON.parse(JSON.stringify(answer))).toMatchObject({ decision: answer.decision });
  });

  property.prop([anyQuestion, fc.array(anyVersion, { maxLength: 20 })], runs(1_000))(
    "with lists of its own, Juju's part of the answer is that of Juju's rules",
    (question, available) => {
      const asked = { ...question, available };
      const { juju, upstream } = answerIn(aState(["3.6.9"]), asked);
      expect(juju).toEqual(upgradeOutcome(asked as UpgradeFields));
      expect(upstream).toBeNull();
    },
  );

  property.prop([anyQuestion, fc.array(anyAgent, { maxLength: 20 })], runs(500))(
    "a safe upgrade of a controller is listed for every arch",
    (question, held) => {
      const arches = ["amd64", "arm64"];
      const asked = { ...question, arches, safe: true, isController: true, modelType: "iaas" };
      const { decision, version, juju } = answerIn(aState(held), asked);
      if (decision !== "upgrade" || ("outcome" in juju && juju.outcome === "upload-local")) return;
      for (const arch of arches) expect(held.some((one) => one.startsWith(`${version}@${arch} `))).toBe(true);
    },
  );
});

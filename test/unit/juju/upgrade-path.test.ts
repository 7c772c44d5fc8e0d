import { fc, test as property } from "../../helpers/property.ts";
import { describe, expect, test } from "vitest";
import { JUJU_KNOWLEDGE } from "../../../src/juju/knowledge/knowledge.ts";
import { covers } from "../../../src/juju/upgrade-edge.ts";
import { planUpgradePath, type PathRequest } from "../../../src/juju/upgrade-path.ts";
import { compareVersionTexts, parseVersion, type JujuVersion } from "../../../src/juju/version.ts";

const KNOWN = [
  ["1.18.4", "1.20.14", "1.22.8", "1.24.7", "1.25.14"],
  ["2.0.4", "2.3.9", "2.5.8", "2.8.9", "2.8.13", "2.9.35", "2.9.49", "2.9.52"],
  ["3.0.3", "3.1.10", "3.2.4", "3.3.7", "3.4.6", "3.5.7", "3.6.10", "3.6.21", "3.6.27", "4.0-rc1"],
  ["4.0.11", "4.0.15", "4.1.0"],
]
  .flat()
  .map((text) => parseVersion(text));

function plan(from: string, to: string, changes: Partial<PathRequest> = {}, knowledge = JUJU_KNOWLEDGE) {
  return planUpgradePath(
    { from: parseVersion(from), to: parseVersion(to), modelType: "iaas", known: KNOWN, ...changes },
    knowledge,
  );
}

/** `2.9.10 =2.9.52 >3.6.27`: `=` in place, `>` new controller. */
function wayOf(result: ReturnType<typeof plan>): string {
  if (result.outcome === "none") return "none";
  return result.hops.map((hop) => `${hop.kind === "in-place" ? "=" : ">"}${hop.to}`).join(" ");
}

test.for([
  ["2.9.10", "3.6.27", "=2.9.52 >3.6.27", "models below 2.9.43 first go to the newest 2.9"],
  ["2.9.43", "3.6.27", ">3.6.27", "2.9.43 is enough"],
  ["2.2.9", "3.6.27", "=2.9.52 >3.6.27", "2.x moves in place over any distance"],
  ["3.1.2", "3.6.27", ">3.6.27", "no stop between 3.1 and 3.6"],
  ["3.0.3", "3.6.27", ">3.6.27", "nor from 3.0"],
  ["3.6.4", "3.6.27", "=3.6.27", "a patch"],
  ["3.6.4", "4.0.15", "=3.6.27 >4.0.15", "4.0 needs 3.6.11 or later"],
  ["3.6.11", "4.0.15", ">4.0.15", "which 3.6.11 is"],
  ["3.3.1", "4.0.15", ">3.6.27 >4.0.15", "3.5 and older go over 3.6"],
  ["2.9.52", "4.0.15", ">3.6.27 >4.0.15", "and so does 2.9"],
  ["4.0.11", "4.1.0", ">4.1.0", "4.0 to 4.1"],
  ["1.18.4", "1.25.14", "=1.20.14 =1.25.14", "over 1.20.14"],
  ["1.25.14", "2.9.52", "none", "1.25 is deployed anew"],
  ["3.6.4", "2.9.52", "none", "nothing goes back"],
  ["3.6.4", "3.6.4", "", "there already"],
] as const)("the way from %s to %s is “%s”: %s", ([from, to, way]) => {
  expect(wayOf(plan(from, to))).toBe(way);
});

describe("a hop", () => {
  test("lists 2.9 agents for a 2.8 controller by series and by OS type", () => {
    const result = plan("2.8.13", "2.9.52");
    expect(result).toMatchObject({ hops: [{ families: ["tools", "agents"], client: "2.9" }] });
  });

  test("to a new controller names the exact client and the steps", () => {
    expect(plan("2.9.52", "3.6.27")).toMatchObject({
      hops: [
        {
          client: "3.6.27",
          families: ["agents"],
          actions: [
            { step: "install-client" },
            { step: "bootstrap" },
            { step: "migrate" },
            { step: "upgrade-model" },
          ],
        },
      ],
    });
  });
});

test("advice that blocks a move takes it out of the path, milder advice goes with the hop", () => {
  const advice = [
    { from: ">=2.9 <3", to: ">=3.6 <3.7", severity: "block", reason: "Not in this house." },
    { from: ">=2.9", to: ">=3.5", severity: "warn", reason: "Take a backup." },
  ] as const;
  const result = plan("2.9.52", "3.6.27", {}, { ...JUJU_KNOWLEDGE, advice });
  expect(wayOf(result)).toBe(">3.5.7 >3.6.27");
  expect(result).toMatchObject({ hops: [{ advice: [{ reason: "Take a backup." }] }, {}] });
});

test("every range of the knowledge can be read", () => {
  const { advice, inPlace, migrations } = JUJU_KNOWLEDGE;
  const version = parseVersion("2.9.52");
  for (const rule of [...advice, ...inPlace, ...migrations]) {
    expect(() => covers(rule, version, version)).not.toThrow();
  }
});

property.prop([fc.constantFrom(...KNOWN), fc.constantFrom(...KNOWN)])(
  "a path goes only upwards, starts at the start, ends at the end, and leaves no gap",
  (from, to) => {
    const result = planUpgradePath({ from, to, modelType: "iaas", known: KNOWN }, JUJU_KNOWLEDGE);
    if (result.outcome === "none") return;
    for (const [index, hop] of result.hops.entries()) {
      expect(compareVersionTexts(hop.from, hop.to)).toBeLessThan(0);
      const next = result.hops[index + 1];
      if (next !== undefined) expect(next.from).toBe(hop.to);
    }
  },
);

const isPatch52 = ({ patch }: JujuVersion) => patch === 52;
const isFrom50 = ({ minor, patch }: JujuVersion) => minor !== 9 || patch >= 50;

describe("a way that avoids what is known to go wrong", () => {
  test("passes over a stop for another of its minor", () => {
    expect(wayOf(plan("2.9.10", "3.6.27", { isAvoided: isPatch52 }))).toBe("=2.9.49 >3.6.27");
    expect(wayOf(plan("2.9.10", "3.6.27", { isAvoided: () => true }))).toBe("=2.9.52 >3.6.27");
  });

  test("goes over the patch from which models can leave, where there is one", () => {
    expect(wayOf(plan("2.9.43", "3.6.27", { mayMigrateFrom: isFrom50 }))).toBe("=2.9.52 >3.6.27");
    expect(wayOf(plan("2.9.52", "3.6.27", { mayMigrateFrom: isFrom50 }))).toBe(">3.6.27");
    expect(wayOf(plan("2.9.43", "3.6.27", { mayMigrateFrom: () => false }))).toBe(">3.6.27");
  });
});

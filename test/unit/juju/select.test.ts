import { fc, test as property } from "../../helpers/property.ts";
import { describe, expect, test } from "vitest";
import { formatAgentName, type Agent } from "../../../src/juju/agent.ts";
import { explainAgents, selectAgents } from "../../../src/juju/select.ts";
import type { DenyRule, SelectRule } from "../../../src/juju/select-rule.ts";
import { isInRange, parseVersionRange } from "../../../src/juju/version-range.ts";
import { compareVersionTexts, parseVersion } from "../../../src/juju/version.ts";
import { anAgent } from "../../helpers/agents.ts";

const RELEASED: SelectRule = { streams: ["released"] };

function taken(
  agents: readonly Agent[],
  select: readonly SelectRule[],
  deny: readonly DenyRule[] = [],
): string[] {
  return selectAgents(agents, { select, deny })
    .filter((verdict) => verdict.taken)
    .map(({ agent }) => formatAgentName(agent));
}

function reasonFor(agent: Agent, rule: Partial<SelectRule>, deny: readonly DenyRule[] = []): string {
  return selectAgents([agent], { select: [{ ...RELEASED, ...rule }], deny })[0]!.reason;
}

describe("one condition", () => {
  test.for<[rule: Partial<SelectRule>, inside: string, outside: string]>([
    [{ versions: ">=2.9.49 <3 || >=3.6" }, "3.6.5-ubuntu-amd64", "3.5.1-ubuntu-amd64"],
    [{ versions: "3.6.5" }, "3.6.5-ubuntu-amd64", "3.6.6-ubuntu-amd64"],
    [{ versions: "2.9.42.1" }, "2.9.42.1-ubuntu-amd64", "2.9.42-ubuntu-amd64"],
    [{ arch: ["amd64", "arm64"] }, "3.6.5-ubuntu-arm64", "3.6.5-ubuntu-s390x"],
    [{ os: ["ubuntu"] }, "3.6.5-ubuntu-amd64", "3.6.5-centos-amd64"],
    [{ os: ["ubuntu"] }, "2.9.42-focal-amd64", "2.9.42-centos7-amd64"],
    [{ os: ["windows"] }, "2.8.13-win2012r2-amd64", "2.8.13-focal-amd64"],
    [{ series: ["focal"] }, "2.8.13-focal-amd64", "2.8.13-xenial-amd64"],
    [{ series: ["focal"] }, "2.9.42-ubuntu-amd64", "2.9.42-bionic-amd64"],
    [{ series: ["focal"], os: ["ubuntu"] }, "2.9.42-ubuntu-amd64", "2.9.42-centos-amd64"],
    [{ prereleases: true }, "3.6-beta2-ubuntu-amd64", ""],
    [{}, "3.6.5-ubuntu-amd64", "3.6-beta2-ubuntu-amd64"],
    [{ versions: ">=3.6-beta1 <3.7" }, "3.6-rc1-ubuntu-amd64", "3.7-beta1-ubuntu-amd64"],
    [{ versions: ">=3.6" }, "3.6.0-ubuntu-amd64", "3.6-rc1-ubuntu-amd64"],
    [{ versions: "3.6-rc1", prereleases: false }, "", "3.6-rc1-ubuntu-amd64"],
  ])("%j takes %s and not %s", ([rule, inside, outside]) => {
    const agents = [inside, outside].filter(Boolean).map((name) => anAgent(name));
    expect(taken(agents, [{ ...RELEASED, ...rule }])).toEqual([inside].filter(Boolean));
  });
});

describe("streams", () => {
  const agents = [
    anAgent("3.6.5-ubuntu-amd64", "released", "proposed"),
    anAgent("3.6.6-ubuntu-amd64", "proposed"),
    anAgent("4.0-beta1-ubuntu-amd64", "devel"),
    anAgent("3.6.4-ubuntu-amd64", "own"),
  ];

  test("an agent belongs to every stream that lists it", () => {
    expect(taken(agents, [{ streams: ["released"] }])).toEqual(["3.6.5-ubuntu-amd64"]);
    expect(taken(agents, [{ streams: ["proposed"] }])).toEqual(["3.6.5-ubuntu-amd64", "3.6.6-ubuntu-amd64"]);
    expect(taken(agents, [{ streams: ["released", "devel"] }])).toEqual([
      "3.6.5-ubuntu-amd64",
      "4.0-beta1-ubuntu-amd64",
    ]);
  });

  test("a star takes them all, pre-releases outside the released stream among them", () => {
    expect(taken(agents, [{ streams: ["*"] }])).toHaveLength(4);
  });

  test("a pre-release counts as one of the released stream only where that is the stream asked for", () => {
    const both = [anAgent("3.6-rc1-ubuntu-amd64", "released", "devel")];
    expect(taken(both, [{ streams: ["released"] }])).toEqual([]);
    expect(taken(both, [{ streams: ["devel"] }])).toHaveLength(1);
  });
});

describe("keep", () => {
  const versions = ["2.9.9", "2.9.10", "2.9.42", "2.9.42.1", "3.6-rc1", "3.6.8", "3.6.9", "3.6.10"];
  const agents = versions.flatMap((version) => [
    anAgent(`${version}-ubuntu-amd64`),
    anAgent(`${version}-ubuntu-arm64`),
  ]);

  test("counts distinct versions of each minor in Juju's order", () => {
    expect(taken(agents, [{ ...RELEASED, arch: ["amd64"], keep: 2 }])).toEqual(
      ["2.9.42", "2.9.42.1", "3.6.9", "3.6.10"].map((version) => `${version}-ubuntu-amd64`),
    );
    expect(taken(agents, [{ ...RELEASED, keep: 1 }])).toHaveLength(4);
  });

  test("counts after the rule's other conditions", () => {
    const rule = { ...RELEASED, versions: "<2.9.42 || >=3 <3.6.10", arch: ["amd64"], keep: 1 };
    expect(taken(agents, [rule])).toEqual(["2.9.10-ubuntu-amd64", "3.6.9-ubuntu-amd64"]);
  });

  test("counts what remains after denials, so that a denied version does not cost a place", () => {
    const rule = { ...RELEASED, versions: "3.6", arch: ["amd64"], keep: 2 };
    expect(taken(agents, [rule], [{ version: "3.6.10" }])).toEqual([
      "3.6.8-ubuntu-amd64",
      "3.6.9-ubuntu-amd64",
    ]);
  });

  test("counts for each architecture, so that a version that lacks one leaves the newest that has it", () => {
    const uneven = ["3.6.8-ubuntu-arm64", "3.6.9-ubuntu-arm64", "3.6.9-ubuntu-amd64", "3.6.10-ubuntu-amd64"];
    const agents = uneven.map((name) => anAgent(name));
    expect(taken(agents, [{ ...RELEASED, keep: 1 }])).toEqual(["3.6.9-ubuntu-arm64", "3.6.10-ubuntu-amd64"]);
    expect(taken(agents, [{ ...RELEASED, keep: 2 }])).toEqual(uneven);
  });

  test("counts for each architecture what a denial of one leaves of it", () => {
    const rule = { ...RELEASED, versions: "3.6", keep: 1 };
    expect(taken(agents, [rule], [{ version: "3.6.10", arch: ["arm64"] }])).toEqual([
      "3.6.9-ubuntu-arm64",
      "3.6.10-ubuntu-amd64",
    ]);
  });

  test("counts a version once, however many series and OS types it is listed for", () => {
    const names = ["2.9.60-focal-amd64", "2.9.60-ubuntu-amd64", "2.9.61-ubuntu-amd64", "2.9.61-jammy-amd64"];
    const agents = names.map((name) => anAgent(name));
    expect(taken(agents, [{ ...RELEASED, keep: 2 }])).toEqual(names);
    expect(taken(agents, [{ ...RELEASED, keep: 1 }])).toEqual(names.slice(2));
  });

  test("says where the newest end", () => {
    const verdicts = selectAgents(agents, { select: [{ ...RELEASED, keep: 2 }], deny: [] });
    expect(verdicts.find(({ agent }) => agent.version === "3.6.8")!.reason).toBe(
      "no rule selects it: rule 1: 3.6.8 is not among the newest 2 of 3.6 for amd64, which end at 3.6.9",
    );
  });
});

describe("several rules", () => {
  const rules = [
    { ...RELEASED, versions: "2.9", arch: ["amd64"] },
    { ...RELEASED, versions: ">=2.9" },
  ];

  test("take an agent when one does, and the first one is named", () => {
    const verdicts = selectAgents(
      [anAgent("2.9.42-ubuntu-amd64"), anAgent("2.9.42-ubuntu-arm64"), anAgent("2.8.0-ubuntu-amd64")],
      { select: rules, deny: [] },
    );
    expect(verdicts.map(({ rule }) => rule)).toEqual([1, 2, undefined]);
    expect(verdicts[0]!.reason).toBe("rule 1 selects it: released, 2.9, amd64");
    expect(verdicts[2]!.reason).toBe(
      'no rule selects it: rule 1: version 2.8.0 is not in "2.9"; rule 2: version 2.8.0 is not in ">=2.9"',
    );
  });

  test("take nothing when there are none", () => {
    expect(selectAgents([anAgent("3.6.5-ubuntu-amd64")], { select: [], deny: [] })).toMatchObject([
      { taken: false, denied: false, reason: "there is no rule" },
    ]);
  });
});

describe("deny", () => {
  test.for<[deny: DenyRule, denied: string, allowed: string]>([
    [{ version: "3.6.7" }, "3.6.7-ubuntu-amd64", "3.6.7.1-ubuntu-amd64"],
    [{ version: ">=3.6.7 <3.6.9" }, "3.6.8-ubuntu-amd64", "3.6.9-ubuntu-amd64"],
    [{ version: "3.6.7", arch: ["arm64"] }, "3.6.7-ubuntu-arm64", "3.6.7-ubuntu-amd64"],
  ])("%j wins over every rule", ([deny, denied, allowed]) => {
    expect(taken([anAgent(denied), anAgent(allowed)], [RELEASED, RELEASED], [deny])).toEqual([allowed]);
  });

  test("quotes its reason", () => {
    const deny = { version: "3.6.7", arch: ["amd64"], reason: "LP#2091088 breaks cross-model relations" };
    const [verdict] = selectAgents([anAgent("3.6.7-ubuntu-amd64")], { select: [RELEASED], deny: [deny] });
    expect(verdict).toMatchObject({
      taken: false,
      denied: true,
      rule: undefined,
      reason: "denied (3.6.7 on amd64): LP#2091088 breaks cross-model relations",
    });
  });
});

test.for<[name: string, rule: Partial<SelectRule>, reason: string]>([
  ["3.6.5-ubuntu-amd64", { streams: ["devel"] }, "stream released is not devel"],
  ["3.6.5-ubuntu-s390x", { arch: ["amd64", "arm64"] }, "arch s390x is not amd64 or arm64"],
  ["2.8.13-centos7-amd64", { os: ["ubuntu"] }, "OS centos is not ubuntu"],
  ["2.8.13-zebra-amd64", { os: ["ubuntu"] }, "OS of zebra is not ubuntu"],
  ["2.8.13-xenial-amd64", { series: ["focal"] }, "series xenial is not focal"],
  [
    "3.6-rc1-ubuntu-amd64",
    { prereleases: false },
    "3.6-rc1 is a pre-release, and the rule has prereleases: false",
  ],
  ["3.6-rc1-ubuntu-amd64", {}, "3.6-rc1 is a pre-release in the released stream"],
])("says why %s stays out of %j", ([name, rule, reason]) => {
  expect(reasonFor(anAgent(name), rule)).toContain(reason);
});

test("refuses a range that cannot be read", () => {
  const invalid = expect.objectContaining({ code: "JAM_VERSION_INVALID" });
  expect(() => selectAgents([], { select: [{ ...RELEASED, versions: "x.y" }], deny: [] })).toThrow(invalid);
  expect(() => selectAgents([], { select: [], deny: [{ version: "" }] })).toThrow(invalid);
});

test("an explanation tells what each rule said, for denied agents too", () => {
  const rules = { select: [{ ...RELEASED, arch: ["amd64"] }, RELEASED], deny: [{ version: "3.6.5" }] };
  expect(explainAgents([anAgent("3.6.5-ubuntu-arm64")], rules)).toMatchObject([
    {
      verdict: { taken: false, denied: true },
      rules: [
        { rule: 1, taken: false, conditions: "released, amd64", reason: "arch arm64 is not amd64" },
        { rule: 2, taken: true, conditions: "released", reason: "selects it" },
      ],
    },
  ]);
});

const anyAgents = fc.uniqueArray(
  fc
    .tuple(
      fc.constantFrom("2.8.13", "2.9.42", "2.9.42.1", "2.9.43", "3.6-rc1", "3.6.4", "3.6.5", "4.0-beta1"),
      fc.constantFrom("focal", "ubuntu", "centos7"),
      fc.constantFrom("amd64", "arm64"),
      fc.uniqueArray(fc.constantFrom("released", "proposed", "devel"), { minLength: 1 }),
    )
    .map(([version, release, arch, streams]) => anAgent(`${version}-${release}-${arch}`, ...streams)),
  { selector: formatAgentName },
);
const anyRule: fc.Arbitrary<SelectRule> = fc.record(
  {
    streams: fc.uniqueArray(fc.constantFrom("released", "proposed", "devel", "*"), { minLength: 1 }),
    versions: fc.constantFrom(">=2.9", "<3.6", "3.6.x", "2.9.42.1", ">=3.6-beta1"),
    arch: fc.constantFrom(["amd64"], ["arm64", "amd64"]),
    os: fc.constantFrom(["ubuntu"], ["centos"]),
    series: fc.constantFrom(["focal"], ["xenial"]),
    keep: fc.integer({ min: 1, max: 3 }),
    prereleases: fc.boolean(),
  },
  { requiredKeys: ["streams"] },
);
const anyDeny = fc.array(fc.record({ version: fc.constantFrom("3.6.5", "2.9", "<3") }), { maxLength: 1 });

property.prop([anyAgents, fc.array(anyRule, { maxLength: 3 }), anyDeny])(
  "takes only what a rule takes and nothing that is denied",
  (agents, select, deny) => {
    for (const { agent, taken, denied, rule } of selectAgents(agents, { select, deny })) {
      const isDenied = deny.some(({ version }) =>
        isInRange(parseVersion(agent.version), parseVersionRange(version)),
      );
      expect(denied).toBe(isDenied);
      expect(taken).toBe(rule !== undefined);
      if (!taken) continue;
      expect(isDenied).toBe(false);
      const { streams, versions, arch } = select[rule! - 1]!;
      const listed = agent.listings.map(({ contentId }) => contentId.split(":")[1]!);
      expect(streams.includes("*") || listed.some((stream) => streams.includes(stream))).toBe(true);
      if (arch !== undefined) expect(arch).toContain(agent.arch);
      if (versions !== undefined) {
        expect(isInRange(parseVersion(agent.version), parseVersionRange(versions))).toBe(true);
      }
    }
  },
);

property.prop([anyAgents, anyRule, anyRule, anyDeny])(
  "takes with two rules what either takes alone",
  (agents, one, two, deny) => {
    const alone = new Set([...taken(agents, [one], deny), ...taken(agents, [two], deny)]);
    expect(new Set(taken(agents, [one, two], deny))).toEqual(alone);
  },
);

property.prop([anyAgents, anyRule, fc.integer({ min: 1, max: 3 })])(
  "keeps at most N versions of a minor for each architecture, and never drops a newer one for an older",
  (agents, rule, keep) => {
    const all = taken(agents, [{ ...rule, keep: 99 }]);
    const kept = taken(agents, [{ ...rule, keep }]);
    for (const group of Map.groupBy(all, placeOf).values()) {
      const versions = [...new Set(group.map(versionOf))].sort((a, b) => compareVersionTexts(b, a));
      expect(kept.filter((name) => group.includes(name))).toEqual(
        group.filter((name) => versions.slice(0, keep).includes(versionOf(name))),
      );
    }
  },
);

function placeOf(agentName: string): string {
  return `${minorOf(versionOf(agentName))} ${agentName.split("-").at(-1)}`;
}

function versionOf(agentName: string): string {
  return agentName.replace(/-[a-z0-9]+-[a-z0-9]+$/, "");
}

function minorOf(version: string): string {
  return /^\d+\.\d+/.exec(version)![0];
}

import { describe, expect, test } from "vitest";
import { reportRules } from "../../../src/juju/rule-report.ts";
import { selectAgents } from "../../../src/juju/select.ts";
import type { DenyRule, SelectRule } from "../../../src/juju/select-rule.ts";
import { anAgent } from "../../helpers/agents.ts";

const STREAMS = ["released", "proposed"];
const AGENTS = [
  ...["3.6.0", "3.6.9"].flatMap((version) => [
    anAgent(`${version}-ubuntu-amd64`),
    anAgent(`${version}-ubuntu-s390x`),
  ]),
  anAgent("3.6.11-ubuntu-amd64"),
  anAgent("4.0.1-ubuntu-amd64"),
  anAgent("4.0-beta1-ubuntu-amd64"),
  anAgent("2.8.13-focal-amd64"),
  anAgent("2.8.13-win2012-amd64"),
  anAgent("4.0.2-ubuntu-arm64", "proposed"),
];

function report(rule: Partial<SelectRule>, deny: readonly DenyRule[] = []) {
  const select = [{ streams: ["released"], ...rule }];
  return reportRules({ agents: AGENTS, streams: STREAMS }, { select, deny })[0]!;
}

describe("a rule that takes nothing is named, with what is listed instead", () => {
  test.for<[why: string, rule: Partial<SelectRule>, instead: string, deny?: readonly DenyRule[]]>([
    ["above all", { versions: ">=5", arch: ["amd64"] }, 'in ">=5"; nearest is 4.0.1 (amd64)'],
    ["a slip in a patch", { versions: "3.6.99" }, "nearest are 3.6.11 (amd64) and 4.0.1 (amd64)"],
    ["below all", { versions: "<2" }, "nearest is 2.8.13 (amd64)"],
    ["a hole", { versions: ">=3.6.1 <3.6.9" }, "nearest are 3.6.0 (amd64, s390x) and 3.6.9 (amd64, s390x)"],
    ["an arch", { versions: ">=3.6", arch: ["riscv64"] }, "for amd64, s390x, not for riscv64"],
    ["an arch of one version", { versions: "3.6.11", arch: ["s390x"] }, "for amd64, not for s390x"],
    ["an OS type", { versions: ">=3.6", os: ["linux"] }, "for the OS types ubuntu, not for linux"],
    ["a series", { versions: "2.8", series: ["noble"] }, "for the series focal, win2012, not for noble"],
    ["a stream", { streams: ["devel"] }, "upstream has no stream devel; it has proposed, released"],
    ["an empty stream", { streams: ["proposed"], versions: "3.6" }, 'no version in "3.6"; nearest is 4.0.2'],
    ["pre-releases", { versions: "4.0", prereleases: false, arch: ["arm64"] }, "for amd64, not for arm64"],
    ["deny", { versions: "3.6.9" }, "all 2 that it names are excluded by deny", [{ version: "3.6.9" }]],
  ])("%s", ([, rule, instead, deny]) => {
    const { taken, gaps } = report(rule, deny);
    expect(taken).toBe(0);
    expect(gaps).toHaveLength(1);
    expect(gaps[0]).toMatchObject({ kind: "rule", message: expect.stringContaining(instead) as unknown });
    expect(gaps[0]?.message).toMatch(/^Rule 1 \(.*\) takes no agent: .*\.$/s);
  });

  test("where only pre-releases are there", () => {
    const agents = [anAgent("4.1-beta1-ubuntu-amd64")];
    const [only] = reportRules(
      { agents, streams: STREAMS },
      { select: [{ streams: ["released"] }], deny: [] },
    );
    expect(only?.gaps[0]?.message).toContain("such as 4.1-beta1; prereleases: true takes them");
  });

  test("where nothing at all is listed", () => {
    const [only] = reportRules(
      { agents: [], streams: STREAMS },
      { select: [{ streams: ["released"] }], deny: [] },
    );
    expect(only?.gaps[0]?.message).toContain("upstream lists no agent in released");
  });
});

describe("what a rule names and does not get is named", () => {
  test.for<[what: string, rule: Partial<SelectRule>, kind: string, message: string]>([
    [
      "an architecture that no version has",
      { versions: ">=4.0", arch: ["amd64", "riscv64"] },
      "arch",
      "takes no agent for the architecture riscv64: upstream lists these versions for amd64.",
    ],
    [
      "a stream that there is not",
      { streams: ["released", "devel"], versions: ">=3.6" },
      "stream",
      "takes no agent for the stream devel: upstream has proposed, released.",
    ],
    [
      "a stream without these versions",
      { streams: ["released", "proposed"], versions: "3.6" },
      "stream",
      "takes no agent for the stream proposed: upstream lists these versions for released.",
    ],
    [
      "an OS type",
      { versions: ">=3.6", os: ["ubuntu", "centos"] },
      "os",
      "takes no agent for the OS type centos: upstream lists these versions for ubuntu.",
    ],
    [
      "a series",
      { versions: ">=2.8 <3", series: ["focal", "noble"] },
      "series",
      "takes no agent for the series noble: upstream lists these versions for focal, win2012.",
    ],
    [
      "an architecture that the newest versions lack",
      { versions: ">=3.6", arch: ["amd64", "s390x"] },
      "newest",
      "names s390x, for which upstream does not list 3.6.11 (the newest 3.6 for it is 3.6.9), 4.0.1 (no 4.0 is).",
    ],
  ])("%s", ([, rule, kind, message]) => {
    const { taken, gaps } = report(rule);
    expect(taken).toBeGreaterThan(0);
    expect(gaps).toHaveLength(1);
    expect(gaps[0]?.kind).toBe(kind);
    expect(gaps[0]?.message).toContain(message);
  });

  test.for<[what: string, rule: Partial<SelectRule>]>([
    ["no names at all", {}],
    ["names that all exist", { versions: "3.6.9", arch: ["amd64", "s390x"], os: ["ubuntu"] }],
    ["every stream", { streams: ["*"] }],
    ["series, where agents belong to none", { versions: ">=3.6", series: ["noble"] }],
  ])("and nothing of %s", ([, rule]) => {
    expect(report(rule).gaps).toEqual([]);
  });

  test("and nothing of an architecture that is denied on purpose", () => {
    expect(report({ versions: "3.6.9" }, [{ version: "3.6.9", arch: ["s390x"] }]).gaps).toEqual([]);
  });
});

test("it counts what selection takes, with keep and deny", () => {
  const select: SelectRule[] = [
    { streams: ["released"], keep: 1 },
    { streams: ["*"], versions: "3.6" },
  ];
  const rules = { select, deny: [{ version: "3.6.0" }] };
  const reports = reportRules({ agents: AGENTS, streams: STREAMS }, rules);
  expect(reports.map(({ taken }) => taken)).toEqual(
    select.map(
      (rule) => selectAgents(AGENTS, { ...rules, select: [rule] }).filter(({ taken }) => taken).length,
    ),
  );
});

test("what is missing can be asked for elsewhere by rules of its own", () => {
  const elsewhere = [
    anAgent("3.6.11-ubuntu-s390x"),
    anAgent("3.6.9-ubuntu-amd64"),
    anAgent("4.0.1-ubuntu-s390x"),
  ];
  const [gap] = report({ versions: ">=3.6", arch: ["amd64", "s390x"] }).gaps;
  const found = selectAgents(elsewhere, { select: gap!.wants, deny: [] });
  expect(found.map(({ taken }) => taken)).toEqual([true, false, true]);
});

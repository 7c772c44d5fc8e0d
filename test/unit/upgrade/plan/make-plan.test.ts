import { describe, expect, test } from "vitest";
import type { Agent } from "../../../../src/juju/agent.ts";
import { JUJU_KNOWLEDGE, type Advice } from "../../../../src/juju/knowledge/knowledge.ts";
import { parseVersion } from "../../../../src/juju/version.ts";
import { readFleet } from "../../../../src/upgrade/fleet/read-fleet.ts";
import { createAgentIndex } from "../../../../src/upgrade/plan/agent-needs.ts";
import {
  anonymousGroup,
  groupsOf,
  type Assumed,
  type PlanGroup,
} from "../../../../src/upgrade/plan/group.ts";
import { makePlan } from "../../../../src/upgrade/plan/make-plan.ts";
import { parsePlan, type PlanDocument } from "../../../../src/upgrade/plan/plan-document.ts";
import { parseTarget } from "../../../../src/upgrade/plan/target.ts";
import { fleetFiles } from "../../../helpers/example-fleet.ts";
import { anAgent } from "../../../helpers/agents.ts";

const ARCHES = ["amd64", "arm64"];
const ASSUMED: Assumed = { arches: ["amd64"], oses: ["ubuntu"], series: [] };

function agents(release: string, ...versions: string[]): Agent[] {
  return versions.flatMap((version) => ARCHES.map((arch) => anAgent(`${version}-${release}-${arch}`)));
}

const UPSTREAM = [
  ...agents("bionic", "2.8.13", "2.9.42", "2.9.49"),
  ...agents("focal", "2.8.13", "2.9.42", "2.9.49"),
  ...agents("win2016", "2.8.13", "2.9.49"),
  ...agents("windows", "2.9.49"),
  ...agents(
    "ubuntu",
    "2.9.12",
    "2.9.42",
    "2.9.49",
    "2.9.60",
    "3.1.10",
    "3.6.5",
    "3.6.27",
    "4.0.13",
    "4.0.15",
  ),
];

interface Setting {
  readonly held?: readonly Agent[];
  readonly upstream?: readonly Agent[];
  readonly advice?: readonly Advice[];
  readonly clients?: readonly string[];
}

function plan(groups: readonly PlanGroup[], to: string | undefined, setting: Setting = {}): PlanDocument {
  const { held = [], upstream = UPSTREAM, advice = [], clients = [] } = setting;
  return makePlan(
    {
      groups,
      target: to === undefined ? undefined : parseTarget(to, "--to"),
      stream: "released",
      streams: ["released"],
      createdAt: new Date("2026-11-23T12:00:00Z"),
      warnings: [],
    },
    {
      index: createAgentIndex({ held, upstream, streams: ["released"] }),
      knowledge: { ...JUJU_KNOWLEDGE, advice },
      clients: clients.map((text) => parseVersion(text)),
      url: "http://mirror.example:8080/tools",
    },
  );
}

function from(version: string, assumed: Partial<Assumed> = {}, type: "iaas" | "caas" = "iaas"): PlanGroup[] {
  return [anonymousGroup(parseVersion(version), type, { ...ASSUMED, ...assumed })];
}

function wayOf({ hops }: PlanDocument): string[] {
  return hops.map((hop) => `${hop.from} ${hop.how} ${hop.to}`);
}

function namesOf(
  list: readonly { version: string; release: string; arch: string; state: string }[],
): string[] {
  return list.map(({ version, release, arch, state }) => `${version}-${release}-${arch} ${state}`);
}

describe("from a version to a minor", () => {
  test("leads to its newest patch over the newest stop, with the agents of each hop", () => {
    const made = plan(from("2.9.42"), "3.6");
    expect(wayOf(made)).toEqual(["2.9.42 upgrade 2.9.60", "2.9.60 migrate 3.6.27"]);
    expect(namesOf(made.hops[0]?.agents ?? [])).toEqual([
      "2.9.60-ubuntu-amd64 upstream",
      "2.9.42-ubuntu-amd64 upstream",
    ]);
    expect(namesOf(made.hops[1]?.agents ?? [])).toEqual(["3.6.27-ubuntu-amd64 upstream"]);
    expect(made.hops[1]).toMatchObject({ minimum: "2.9.43", client: "3.6.27" });
  });

  test("sends a 2.8 controller first to a 2.9 that is listed by series, and lists it for both", () => {
    const made = plan(from("2.8.13", { series: ["focal"] }), "3.6");
    expect(wayOf(made)).toEqual(["2.8.13 upgrade 2.9.49", "2.9.49 migrate 3.6.27"]);
    expect(
      made.hops[0]?.agents.map(({ version, release, family }) => `${version} ${release} ${family}`),
    ).toEqual(["2.9.49 focal tools", "2.9.49 ubuntu agents", "2.8.13 focal tools"]);
  });

  test("asks for every listed series when none is named", () => {
    const made = plan(from("2.8.13"), "2.9.49");
    const tools = made.agents.filter(({ family, version }) => family === "tools" && version === "2.9.49");
    expect(tools.map(({ release }) => release)).toEqual(["bionic", "focal"]);
  });

  test("skips a patch without agents for an architecture, with a warning", () => {
    const upstream = [...UPSTREAM, anAgent("3.6.28-ubuntu-amd64")];
    const made = plan(from("3.6.5", { arches: ARCHES }), "3.6", { upstream });
    expect(wayOf(made)).toEqual(["3.6.5 upgrade 3.6.27"]);
    expect(made.warnings[0]).toContain("3.6.28 is newer than 3.6.27");
  });

  test("shows what is held, upstream and missing, and counts a shared tarball once", () => {
    const held = [anAgent("3.6.27-ubuntu-amd64")];
    const made = plan(from("3.6.7"), "3.6", { held });
    expect(namesOf(made.agents)).toEqual(["3.6.27-ubuntu-amd64 held", "3.6.7-ubuntu-amd64 missing"]);
    expect(made.totals).toMatchObject({ agents: 2, held: 1, missing: 1, bytesToFetch: 0 });
    expect(made.warnings.join()).toContain("neither this mirror nor upstream has them");
  });

  test("adds the clients in use to a bootstrap of their minor", () => {
    const made = plan(from("2.9.60"), "3.6", { clients: ["3.6.5", "2.9.42"] });
    expect(made.agents.filter(({ purpose }) => purpose === "client").map(({ version }) => version)).toEqual([
      "3.6.5",
    ]);
  });

  test("names the images of Kubernetes instead of blockers of machines", () => {
    const [hop] = plan(from("2.9.60", {}, "caas"), "3.6").hops;
    expect(hop?.images).toEqual([
      "jujud-operator:3.6.27",
      "juju-db:4.4.30",
      "charm-base:ubuntu-24.04",
      "jujud-operator:2.9.60",
    ]);
    expect(hop?.checks.map(({ id }) => id)).not.toContain("windows-machines");
  });
});

test.for([
  ["3.6.5", "2.9", "JAM_PLAN_IMPOSSIBLE", "does not go back"],
  ["1.25.13", "3.6", "JAM_PLAN_IMPOSSIBLE", "No chain"],
  ["3.6.5", "3.6.99", "JAM_AGENT_NOT_FOUND", "3.6.99 is neither held nor listed upstream"],
  ["3.6.5", "5.0", "JAM_AGENT_NOT_FOUND", "5.0 is neither"],
  ["3.6.5", "later", "JAM_VERSION_INVALID", '--to: "later"'],
] as const)("from %s to %s is refused with %s", ([start, to, code, message]) => {
  expect(() => plan(from(start), to)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(message) as unknown }) as Error,
  );
});

test("an empty mirror gives the next step", () => {
  expect(() => plan(from("3.6.5"), "3.6", { upstream: [] })).toThrow(/no agents are known/);
});

test("advice that blocks every path is the reason; other advice is listed with the hop", () => {
  const block = { from: "*", to: ">=3.6", severity: "block", reason: "not before May" } as const;
  expect(() => plan(from("2.9.60"), "3.6", { advice: [block] })).toThrow(/not before May/);
  const made = plan(from("2.9.60"), "3.6", { advice: [{ ...block, severity: "warn" }] });
  expect(made.hops[0]?.advice).toEqual([{ severity: "warn", reason: "not before May" }]);
});

describe("a fleet", () => {
  const texts = [...fleetFiles()].map(([name, text]) => ({ name, text }));
  const warnings: string[] = [];
  const groups = groupsOf(readFleet(texts), ASSUMED, warnings);
  const made = plan(groups, "4.0");

  test("is planned controller by controller over every stop", () => {
    expect(made.hops.map(({ controller, to }) => `${controller} ${to}`)).toEqual([
      "edge 3.6.27",
      "edge 4.0.15",
      "legacy 2.9.49",
      "legacy 3.6.27",
      "legacy-3.6.27 4.0.15",
      "next 4.0.15",
      "prod 2.9.60",
      "prod 3.6.27",
      "prod-3.6.27 4.0.15",
    ]);
    expect(warnings.join()).toContain("prod:staging");
  });

  test("leaves the controller's own model where it is in a migration", () => {
    const [upgrade, migration] = made.hops.filter(({ controller }) => controller === "edge");
    expect(upgrade?.models.map(({ name }) => name)).toContain("controller");
    expect(migration?.models.map(({ name }) => name)).not.toContain("controller");
    expect(migration?.steps.map(({ command }) => command)).toContain("juju migrate edge:lab edge-4.0.15");
  });

  test("asks for what its machines are, and for no Windows from 3.0 on", () => {
    const of = (controller: string) =>
      made.hops.find((hop) => hop.controller === controller && hop.to.startsWith("2.9"));
    expect(namesOf(of("legacy")?.agents ?? [])).toContain("2.9.49-win2016-amd64 upstream");
    expect(namesOf(of("prod")?.agents ?? [])).toContain("2.9.60-ubuntu-arm64 upstream");
    expect(made.agents.filter(({ release, version }) => release === "windows" && version >= "3")).toEqual([]);
  });

  test("finds problems in its files", () => {
    const found = made.hops.flatMap((hop) => hop.checks.filter(({ state }) => state === "found"));
    const places = found.flatMap(({ id, where }) => where.map((place) => `${id} ${place}`));
    expect(places).toEqual(
      expect.arrayContaining([
        "windows-machines legacy:reports machine 0 (win2016)",
        "ubuntu-before-focal prod:old machine 0 (bionic)",
        "charm-store-charms legacy:billing application mysql (cs:mysql-58)",
        "agents-lagging prod:batch machine 1 (2.9.12)",
      ]),
    );
    expect(places.join()).not.toContain("legacy:controller");
  });

  test("gets the newest patch of each minor when no target is named", () => {
    const patches = plan(groups, undefined);
    expect(wayOf(patches)).toEqual([
      "3.6.5 upgrade 3.6.27",
      "4.0.13 upgrade 4.0.15",
      "2.9.42 upgrade 2.9.60",
    ]);
    expect(patches.controllers.map(({ outcome }) => outcome)).toEqual(["hops", "there", "hops", "hops"]);
  });

  test("upgrades a model on an older version to that of its controller first", () => {
    const late = groups.filter(({ controller }) => controller === "next");
    const [hop] = plan(late, "4.0.13").hops;
    expect(hop).toMatchObject({ from: "3.6.26", to: "4.0.13", models: [{ name: "moved" }] });
  });

  test("passes over a controller that is above the target", () => {
    const above = plan(groups, "3.6").controllers.find(({ name }) => name === "next");
    expect(above).toMatchObject({ outcome: "above" });
  });

  test("its document reads back as it was written", () => {
    expect(parsePlan({ name: "plan.json", text: JSON.stringify(made) })).toEqual(made);
  });
});

test.for([
  ["{}", "does not have the format jam-plan:1"],
  ['{"format": "jam-plan:9"}', "has the format jam-plan:9"],
  ['{"plan": {"fetch": []}}', "the output of a dry run of jam sync"],
  ['{"error": {"code": "JAM_OFFLINE"}}', "the error message of a jam command"],
  ['{"model": {}, "machines": {}}', "is a juju status"],
  ['{"format": "jam-plan:1", "hops"', "is cut off"],
  ['{"format": "jam-plan:1"}', "has a fault at"],
] as const)("%s is not a plan: %s", ([text, message]) => {
  expect(() => parsePlan({ name: "p.json", text })).toThrow(
    expect.objectContaining({
      code: "JAM_PLAN_INVALID",
      message: expect.stringContaining(message) as unknown,
    }) as Error,
  );
});

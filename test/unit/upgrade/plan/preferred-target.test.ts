/** Plans that avoid what is known to go wrong, and say why. */
import { describe, expect, test } from "vitest";
import { JUJU_KNOWLEDGE } from "../../../../src/juju/knowledge/knowledge.ts";
import { parseVersion } from "../../../../src/juju/version.ts";
import { readFleet } from "../../../../src/upgrade/fleet/read-fleet.ts";
import { createAgentIndex } from "../../../../src/upgrade/plan/agent-needs.ts";
import { anonymousGroup, groupsOf } from "../../../../src/upgrade/plan/group.ts";
import { makePlan } from "../../../../src/upgrade/plan/make-plan.ts";
import type { PlanDocument } from "../../../../src/upgrade/plan/plan-document.ts";
import { parseTarget } from "../../../../src/upgrade/plan/target.ts";
import { anAgent } from "../../../helpers/agents.ts";

const ASSUMED = { arches: ["amd64"], oses: ["ubuntu"], series: [] };

interface Wish {
  readonly upstream: string;
  readonly to: string;
}

function makeFrom(groups: Parameters<typeof makePlan>[0]["groups"], { upstream, to }: Wish): PlanDocument {
  const agents = upstream.split(" ").map((version) => anAgent(`${version}-ubuntu-amd64`));
  return makePlan(
    {
      groups,
      target: parseTarget(to, "--to"),
      stream: "released",
      streams: ["released"],
      createdAt: new Date("2026-11-23T12:00:00Z"),
      warnings: [],
    },
    {
      index: createAgentIndex({ held: [], upstream: agents, streams: ["released"] }),
      knowledge: JUJU_KNOWLEDGE,
      clients: [],
      url: "http://mirror.example:8080/tools",
    },
  );
}

function plan(from: string, wish: Wish, type: "iaas" | "caas" = "iaas"): PlanDocument {
  return makeFrom([anonymousGroup(parseVersion(from), type, ASSUMED)], wish);
}

/** A fleet of one model with machines on these bases, as juju status of 2.9 and 3.x print it. */
function fleetPlan(from: string, bases: readonly string[], wish: Wish): PlanDocument {
  const is29 = from.startsWith("2.");
  const machines = Object.fromEntries(
    bases.map((base, id) => [
      String(id),
      {
        "juju-status": { current: "started", version: from },
        "machine-status": { current: "running" },
        "instance-id": `i-${id}`,
        hardware: "arch=amd64",
        ...(is29 ? { series: base } : { base: { name: "ubuntu", channel: base } }),
      },
    ]),
  );
  const status = { model: { name: "web", controller: "prod", type: "iaas", version: from }, machines };
  const fleet = readFleet([{ name: "status.json", text: JSON.stringify({ ...status, applications: {} }) }]);
  return makeFrom(groupsOf(fleet, ASSUMED, []), wish);
}

const wayOf = ({ hops }: PlanDocument) => hops.map(({ how, to }) => `${how} ${to}`).join(", ");

describe("a minor as target", () => {
  test.for([
    ["3.6.14", "3.6.18 3.6.21 3.6.23", "upgrade 3.6.18"],
    ["3.6.14", "3.6.21 3.6.23 3.6.24", "upgrade 3.6.24"],
    ["3.6.20", "3.6.21", "upgrade 3.6.21"],
    ["3.6.14", "3.6.19 3.6.21", "upgrade 3.6.21"],
  ] as const)("from %s with %s chooses %s", ([from, upstream, way]) => {
    expect(wayOf(plan(from, { upstream: `${from} ${upstream}`, to: "3.6" }))).toBe(way);
  });

  test("names the newer versions that were not chosen, and why", () => {
    const { warnings } = plan("3.6.14", { upstream: "3.6.14 3.6.18 3.6.21", to: "3.6" });
    expect(warnings.join("\n")).toMatch(/3\.6\.18 was chosen instead of 3\.6\.21: .*3\.6\.24 or later/);
  });

  test("on Kubernetes 2.9.58 is passed over", () => {
    const wish = { upstream: "2.9.50 2.9.57 2.9.58", to: "2.9" };
    expect(wayOf(plan("2.9.50", wish, "caas"))).toBe("upgrade 2.9.57");
    expect(wayOf(plan("2.9.50", wish))).toBe("upgrade 2.9.58");
  });

  test("models of 3.6 do not go to a 4.0 that cannot take them whole", () => {
    const wish = { upstream: "3.6.27 4.0.1 4.0.11 4.0.12", to: "4.0" };
    expect(wayOf(plan("3.6.27", wish))).toBe("migrate 4.0.12");
    expect(plan("3.6.27", { upstream: "3.6.27 4.0.1", to: "4.0" }).warnings.join()).toContain("Before 4.0.3");
  });

  test("a stop on the way is chosen in the same way", () => {
    const wish = { upstream: "2.9.20 2.9.57 2.9.58 3.6.27", to: "3.6" };
    expect(wayOf(plan("2.9.20", wish, "caas"))).toBe("upgrade 2.9.57, migrate 3.6.27");
  });
});

describe("a version as target", () => {
  const upstream = "3.6.14 3.6.21 3.6.24 3.6.27";

  test("is kept, with what speaks against it and a better one", () => {
    const made = plan("3.6.14", { upstream, to: "3.6.21" });
    expect(wayOf(made)).toBe("upgrade 3.6.21");
    expect(made.warnings.join()).toMatch(/Reasons against 3\.6\.21.*Better: --to 3\.6\.27\./);
  });

  test("without a reason against it gets no remark", () => {
    expect(plan("3.6.14", { upstream, to: "3.6.27" }).warnings.join()).not.toContain("speaks against");
  });
});

test.for([
  ["3.6.27", "3.6.40", "it knows 3.6.28"],
  ["4.0.15", "4.1.0", "it knows 4.1-beta2"],
  ["3.6.40", "3.6.41", "it knows 3.6.28"],
] as const)("from %s to %s the release is called unknown", ([from, to, words]) => {
  const { warnings } = plan(from, { upstream: `${from} ${to}`, to });
  expect(warnings.join("\n")).toContain(`This version of jam does not know Juju ${to} (${words})`);
});

describe("machines that a source may refuse", () => {
  const upstream = "2.9.52 2.9.60 3.6.27";

  test.for([
    [["focal"], "upgrade 2.9.60, migrate 3.6.27"],
    [["noble", "jammy"], "upgrade 2.9.60, migrate 3.6.27"],
    [["jammy"], "migrate 3.6.27"],
  ] as const)("2.9.52 with %j: %s", ([bases, way]) => {
    expect(wayOf(fleetPlan("2.9.52", bases, { upstream, to: "3.6" }))).toBe(way);
  });

  test("the upgrade before the migration contains its reason", () => {
    const [first] = fleetPlan("2.9.52", ["focal"], { upstream, to: "3.6" }).hops;
    expect(first?.because).toContain("2.9.53 and later accept them");
  });

  test("where no later release is there, the migration stays", () => {
    expect(wayOf(fleetPlan("2.9.52", ["focal"], { upstream: "2.9.52 3.6.27", to: "3.6" }))).toBe(
      "migrate 3.6.27",
    );
  });

  test("an interim release leaves 3.6 from 3.6.13 on", () => {
    const wish = { upstream: "3.6.12 3.6.27 4.0.15", to: "4.0" };
    expect(wayOf(fleetPlan("3.6.12", ["23.04"], wish))).toBe("upgrade 3.6.27, migrate 4.0.15");
    expect(wayOf(fleetPlan("3.6.12", ["22.04"], wish))).toBe("migrate 4.0.15");
  });
});

describe("what a hop carries", () => {
  test("procedure, companions and this mirror's address in every command that needs it", () => {
    const { hops, mirrorUrl } = plan("2.9.60", { upstream: "2.9.60 3.6.27", to: "3.6" });
    expect(mirrorUrl).toBe("http://mirror.example:8080/tools");
    const bootstrap = hops[0]?.steps.find(({ step }) => step === "bootstrap")?.command ?? "";
    for (const flag of [
      "--config agent-metadata-url=http://mirror.example:8080/tools",
      "--model-default agent-metadata-url=http://mirror.example:8080/tools",
      "--controller-charm-path ./juju-controller.charm",
      "--db-snap ./juju-db_REVISION.snap --db-snap-asserts ./juju-db_REVISION.assert",
    ]) {
      expect(bootstrap).toContain(flag);
    }
    expect(Object.keys(hops[0]?.procedure ?? {})).toEqual([
      "before",
      "client",
      "do",
      "watch",
      "verify",
      "ifItFails",
      "wayBack",
    ]);
    expect(hops[0]?.companions?.map(({ id }) => id)).toContain("apt-packages");
    expect(hops[0]?.registry).toEqual([]);
  });

  test("on Kubernetes the registry's notes, and no charm from a file", () => {
    const [hop] = plan("2.9.60", { upstream: "2.9.60 3.6.27", to: "3.6" }, "caas").hops;
    const bootstrap = hop?.steps.find(({ step }) => step === "bootstrap")?.command ?? "";
    expect(bootstrap).toContain("--config caas-image-repo=REGISTRY/juju");
    expect(bootstrap).toContain("--config charmhub-url=https://CHARMHUB");
    expect(bootstrap).not.toContain("--controller-charm-path");
    expect(hop?.registry?.map(({ id }) => id)).toContain("registry-port");
  });

  test("an upgrade on Kubernetes warns of registries that it cannot ask", () => {
    const [hop] = plan("3.6.11", { upstream: "3.6.11 3.6.27", to: "3.6" }, "caas").hops;
    expect(hop?.registry?.filter(({ severity }) => severity === "stops").map(({ id }) => id)).toEqual([
      "upgrade-broken-on-kubernetes",
      "registry-at-upgrade",
    ]);
  });

  test("bases of applications without a status are named as unknown", () => {
    const wish = { upstream: "3.6.11 3.6.27", to: "3.6" };
    expect(plan("3.6.11", wish, "caas").warnings.join()).toContain("each base needs another image");
    expect(plan("3.6.11", wish).warnings.join()).not.toContain("each base needs another image");
  });
});

import { describe, expect, test } from "vitest";
import { JUJU_KNOWLEDGE } from "../../../src/juju/knowledge/knowledge.ts";
import { isJamError } from "../../../src/shared/errors.ts";
import { readFleet } from "../../../src/upgrade/fleet/read-fleet.ts";
import { createAgentIndex } from "../../../src/upgrade/plan/agent-needs.ts";
import { groupsOf } from "../../../src/upgrade/plan/group.ts";
import { makePlan } from "../../../src/upgrade/plan/make-plan.ts";
import { fleetGaps, notWellIn } from "../../../src/upgrade/plan/fleet-remarks.ts";
import { parseTarget } from "../../../src/upgrade/plan/target.ts";
import { judgeReadiness } from "../../../src/upgrade/ready/ready.ts";
import { judgeUpgraded } from "../../../src/upgrade/upgraded/upgraded.ts";
import { healthyFleet, type FleetChange } from "../../helpers/healthy-fleet.ts";
import { fc, test as property } from "../../helpers/property.ts";
import { anAgent } from "../../helpers/agents.ts";

type Texts = ReturnType<typeof healthyFleet>;

/** Each hop starts at a fleet that has nothing in its way. */
const HOPS = [
  { from: "2.9.53", to: "2.9.60" },
  { from: "2.9.60", to: "3.6.20" },
  { from: "3.6.20", to: "3.6.28" },
  { from: "3.6.28", to: "4.0.15" },
  { from: "4.0.11", to: "4.0.15" },
] as const;

const HELD = [...new Set(HOPS.flatMap(({ from, to }) => [from, to]))].map((version) =>
  anAgent(`${version}-ubuntu-amd64`),
);

async function judge(texts: Texts, to: string, held = HELD) {
  const fleet = readFleet(texts);
  const unplaced: string[] = [];
  const groups = groupsOf(fleet, { arches: ["amd64"], oses: ["ubuntu"], series: [] }, unplaced);
  const plan = makePlan(
    {
      groups,
      target: parseTarget(to, "--to"),
      stream: "released",
      streams: ["released"],
      createdAt: new Date(0),
      warnings: [],
      unknown: [...unplaced, ...fleetGaps(fleet).unknown],
      unread: fleet.unread,
      notWell: notWellIn(fleet),
    },
    {
      index: createAgentIndex({ held, upstream: HELD, streams: ["released"] }),
      knowledge: JUJU_KNOWLEDGE,
      clients: [],
      url: "http://mirror.example:8080/tools",
    },
  );
  const sizes = new Map(held.map(({ sha256, size }) => [sha256, size]));
  const report = await judgeReadiness({
    plan,
    snapshot: { id: "20260101T000000Z-00000000", agents: held },
    blobs: {
      stat: (sha256) => {
        const size = sizes.get(sha256);
        return Promise.resolve(size === undefined ? undefined : { sha256, size, storedAt: new Date(0) });
      },
      open: () => Promise.resolve(undefined),
    },
    knowledge: JUJU_KNOWLEDGE,
    isDeep: false,
    damaged: new Set(),
    confirmed: [],
    now: () => new Date(0),
    signal: new AbortController().signal,
  });
  return { report, upgraded: judgeUpgraded(fleet, undefined) };
}

describe.for(HOPS)("from $from to $to", ({ from, to }) => {
  test("a healthy fleet is ready, and done where it is", async () => {
    const { report, upgraded } = await judge(healthyFleet(from), to);
    expect(report.checks.filter(({ status }) => status !== "ok")).toEqual([]);
    expect(report.verdict).toBe("ready");
    expect(upgraded.upgraded).toBe(true);
  });
});

const agent = (fields: object) => (version: string) => ({
  "juju-status": { current: "started", version, ...fields },
});

/** One thing that is not well, as Juju prints it, and how the reports name it. */
const FAULTS: readonly (readonly [string, (version: string) => FleetChange, string])[] = [
  ["a machine that is down", (version) => ({ machine: agent({ current: "down" })(version) }), "machine 0"],
  [
    "a machine in error",
    (version) => ({
      machine: agent({ current: "error", message: "upgrade to X failed (giving up): y" })(version),
    }),
    "machine 0",
  ],
  [
    "a machine that is stopped",
    (version) => ({ machine: agent({ current: "stopped" })(version) }),
    "machine 0",
  ],
  [
    "a machine that never started",
    () => ({
      machine: {
        "juju-status": { current: "pending" },
        "instance-id": "pending",
        "machine-status": { current: "pending" },
      },
    }),
    "machine 0",
  ],
  [
    "a machine that is not readable",
    () => ({ machine: { "juju-status": { "status-error": "cannot get status" } } }),
    "machine 0",
  ],
  ["an older machine", () => ({ machine: agent({ version: "2.9.1" })("") }), "machine 0"],
  ["a lost unit", (version) => ({ unit: { "juju-status": { current: "lost", version } } }), "unit app/0"],
  [
    "a unit in error",
    (version) => ({ unit: { "juju-status": { current: "error", version } } }),
    "unit app/0",
  ],
  ["a unit without an agent", () => ({ unit: { "juju-status": { current: "allocating" } } }), "unit app/0"],
  ["a node without a vote", () => ({ node: { "controller-member-status": "adding-vote" } }), "machine 0"],
  ["a node that is down", (version) => ({ node: agent({ current: "down" })(version) }), "machine 0"],
  [
    "a model that is being removed",
    () => ({ model: { life: "dying" }, status: { "model-status": { current: "destroying" } } }),
    "prod:web",
  ],
  [
    "a model without a valid credential",
    () => ({
      model: { status: { current: "suspended" } },
      status: { "model-status": { current: "suspended" } },
    }),
    "prod:web",
  ],
];

describe.for(FAULTS)("%s", ([, change, name]) => {
  test.for(HOPS)("is never done and is named, at $from", async ({ from }) => {
    const { models, controllers, upgraded } = judgeUpgraded(
      readFleet(healthyFleet(from, change(from))),
      undefined,
    );
    expect(upgraded).toBe(false);
    const reasons = [...models, ...controllers].flatMap((one) => one.reasons);
    const agents = models.flatMap((model) => model.agents.filter(({ state }) => state !== "on-target"));
    expect(reasons.length + agents.length).toBeGreaterThan(0);
    expect(name).not.toBe("");
  });

  test.for(HOPS)("is never ready for $from to $to", async ({ from, to }) => {
    const { report } = await judge(healthyFleet(from, change(from)), to);
    // A vote is no matter of a migration, and its own agent runs: in place it is.
    if (report.verdict === "ready") {
      expect(change("").node?.["controller-member-status"]).toBeDefined();
      expect(report.checks).not.toEqual([]);
    }
  });

  test("is never ready for a migration and is named", async () => {
    const fleet = healthyFleet("3.6.28", change("3.6.28"));
    const { report } = await judge(fleet, "4.0.15");
    // A vote is no matter of a migration; a node that is down is.
    if (change("").node?.["controller-member-status"] !== undefined) return;
    expect(report.verdict).not.toBe("ready");
    const open = report.checks.filter(({ status }) => status !== "ok");
    expect(open.flatMap(({ evidence }) => evidence).join("\n")).toContain(name);
  });
});

describe("what a file does not contain", () => {
  test.for(["models", "show", "own", "web"])("without %s it is never ready", async (missing) => {
    const files = ["models", "show", "own", "web"].filter((name) => name !== missing);
    const { report } = await judge(healthyFleet("3.6.20", {}, files), "3.6.28");
    expect(report.verdict).not.toBe("ready");
  });

  test("an architecture that is not held is never ready", async () => {
    const { report } = await judge(healthyFleet("3.6.20", { machine: { hardware: "arch=s390x" } }), "3.6.28");
    expect(report.verdict).toBe("not-ready");
    expect(report.missing).toEqual(expect.arrayContaining(["3.6.28-ubuntu-s390x", "3.6.20-ubuntu-s390x"]));
  });

  test("agents that run now are needed even if there is nothing to do", async () => {
    const held = HELD.filter(({ version }) => version !== "3.6.28");
    const { report } = await judge(healthyFleet("3.6.28"), "3.6.28", held);
    expect(report.verdict).toBe("not-ready");
    expect(report.checks[0]).toMatchObject({ id: "running-agents", status: "fail" });
  });
});

property.prop([
  fc.constantFrom(...HOPS),
  fc.array(fc.constantFrom(...FAULTS), { minLength: 1, maxLength: 3 }),
])("no combination of faults makes a fleet done", ({ from }, faults) => {
  const change = Object.assign({}, ...faults.map(([, make]) => make(from))) as FleetChange;
  expect(judgeUpgraded(readFleet(healthyFleet(from, change)), undefined).upgraded).toBe(false);
});

property.prop([fc.nat(), fc.constantFrom("models", "show", "own", "web")])(
  "a file that is cut anywhere never makes a fleet done or ready",
  async (at, name) => {
    const texts = healthyFleet("3.6.20").map((text) =>
      text.name === `${name}.json` ? { ...text, text: text.text.slice(0, at % text.text.length) } : text,
    );
    try {
      const { report, upgraded } = await judge(texts, "3.6.28");
      expect(report.verdict).not.toBe("ready");
      if (name !== "show") expect(upgraded.upgraded).toBe(false);
    } catch (error) {
      expect(isJamError(error) && error.code).toBe("JAM_FLEET_INVALID");
    }
  },
);

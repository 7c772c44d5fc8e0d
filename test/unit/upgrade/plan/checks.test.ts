import { describe, expect, test } from "vitest";
import { PRECHECKS } from "../../../../src/juju/prechecks/prechecks.ts";
import { parseVersion } from "../../../../src/juju/version.ts";
import { readFleet } from "../../../../src/upgrade/fleet/read-fleet.ts";
import { checksOf } from "../../../../src/upgrade/plan/checks/checks.ts";
import { groupsOf, type PlanGroup } from "../../../../src/upgrade/plan/group.ts";
import { healthyFleet, type FleetChange } from "../../../helpers/healthy-fleet.ts";
import type { PlanCheck } from "../../../../src/upgrade/plan/plan-document.ts";

type Step = "upgrade-controller" | "upgrade-model" | "migrate";
function groupOf(texts: ReturnType<typeof healthyFleet>): PlanGroup {
  const [group] = groupsOf(readFleet(texts), { arches: ["amd64"], oses: ["ubuntu"], series: [] }, []);
  if (group === undefined) throw new Error("no controller was read");
  return group;
}

function check(group: PlanGroup, id: string, step: Step, server: string, to: string): PlanCheck | undefined {
  const one = { step, server: parseVersion(server), to: parseVersion(to) };
  return checksOf({ group, models: group.models, steps: [one] }).find((found) => found.id === id);
}

/** A check, the releases and steps that make it, and a fleet in which it stands in the way. */
interface Row {
  readonly id: string;
  readonly at: readonly (readonly [Step, string, string])[];
  readonly change: (version: string) => FleetChange;
  /** Listings that decide it; without these it is to be looked at. */
  readonly shownBy: readonly string[];
  readonly where: string;
}

const C = "upgrade-controller";
const M = "upgrade-model";
const G = "migrate";

const MIGRATIONS = [
  [G, "2.9.60", "3.6.20"],
  [G, "3.6.20", "4.0.15"],
  [G, "4.0.15", "4.1.0"],
] as const;
const TO_3 = [
  [G, "2.9.60", "3.6.20"],
  [C, "3.1.6", "3.1.10"],
  [M, "3.6.20", "3.6.20"],
  [G, "3.6.20", "4.0.15"],
] as const;

const ROWS: readonly Row[] = [
  {
    id: "agents-lagging",
    at: [
      [M, "2.8.13", "2.8.13"],
      [M, "2.9.60", "2.9.60"],
      [M, "3.6.20", "3.6.20"],
    ],
    change: () => ({ machine: { "juju-status": { current: "started", version: "2.8.1" } } }),
    shownBy: ["web"],
    where: "prod:web machine 0 (2.8.1)",
  },
  {
    id: "agents-lagging",
    at: [
      [M, "2.9.60", "2.9.60"],
      [M, "3.6.20", "3.6.20"],
    ],
    change: () => ({ machine: { "juju-status": { current: "pending" }, "instance-id": "pending" } }),
    shownBy: ["web"],
    where: "prod:web machine 0 (none)",
  },
  {
    id: "agents-lagging",
    at: [
      [C, "2.9.42", "2.9.60"],
      [C, "3.6.9", "3.6.20"],
    ],
    change: () => ({ node: { "juju-status": { current: "started", version: "2.9.1" } } }),
    shownBy: ["own"],
    where: "prod:controller machine 0 (2.9.1)",
  },
  {
    id: "controller-nodes-lagging",
    at: [[C, "4.0.8", "4.0.15"]],
    change: () => ({ node: { "juju-status": { current: "started", version: "4.0.1" } } }),
    shownBy: ["own"],
    where: "prod:controller machine 0 (4.0.1)",
  },
  {
    id: "mongo-replica-set",
    at: [
      [C, "2.8.13", "2.9.60"],
      [C, "2.9.42", "2.9.60"],
      [C, "3.6.9", "3.6.20"],
    ],
    change: (version) => ({ node: { "juju-status": { current: "down", version } } }),
    shownBy: ["own"],
    where: "prod:controller machine 0 (down)",
  },
  {
    id: "mongo-version",
    at: [
      [C, "3.1.6", "3.1.10"],
      [C, "3.6.9", "3.6.20"],
    ],
    change: () => ({ controller: { "mongo-version": "4.0.9" } }),
    shownBy: ["show", "own"],
    where: "prod:controller MongoDB 4.0.9",
  },
  {
    id: "model-migrating",
    at: [[C, "2.8.13", "2.9.60"], [C, "2.9.42", "2.9.60"], [C, "3.6.9", "3.6.20"], ...MIGRATIONS],
    change: () => ({
      model: { status: { current: "busy", migration: "exporting model", "migration-start": "1 minute ago" } },
      status: { "model-status": { current: "busy", message: "migrating: exporting model" } },
    }),
    shownBy: ["models", "web"],
    where: "prod:web",
  },
  {
    id: "model-dying",
    at: [[M, "2.9.60", "2.9.60"], [M, "3.6.20", "3.6.20"], ...MIGRATIONS],
    change: () => ({ model: { life: "dying" }, status: { "model-status": { current: "destroying" } } }),
    shownBy: ["models", "web"],
    where: "prod:web d",
  },
  {
    id: "upgrade-in-progress",
    at: [[C, "2.9.42", "2.9.60"], [C, "3.6.9", "3.6.20"], ...MIGRATIONS],
    change: () => ({
      controllerStatus: { "model-status": { current: "busy", message: 'upgrade in progress since "x"' } },
    }),
    shownBy: ["own", "models"],
    where: "prod:controller upgrade in progress",
  },
  {
    id: "credential-invalid",
    at: [[M, "2.9.60", "2.9.60"], [M, "3.6.20", "3.6.20"], ...MIGRATIONS],
    change: () => ({
      model: { status: { current: "suspended", message: "suspended since cloud credential is not valid" } },
      status: {
        "model-status": { current: "suspended", message: "suspended since cloud credential is not valid" },
      },
    }),
    shownBy: ["models", "web"],
    where: "prod:web suspended since",
  },
  {
    id: "controller-application-missing",
    at: [[C, "3.6.9", "3.6.23"]],
    change: () => ({ applications: { controller: undefined } }),
    shownBy: ["own"],
    where: "prod:controller",
  },
  {
    id: "series-lock",
    at: [
      [M, "2.8.13", "2.8.13"],
      [M, "2.9.60", "2.9.60"],
      [G, "3.6.20", "4.0.15"],
    ],
    change: () => ({
      machine: { "machine-status": { current: "running", message: "series upgrade prepare started: …" } },
    }),
    shownBy: ["web"],
    where: "prod:web machine 0 (series upgrade",
  },
  {
    id: "windows-machines",
    at: TO_3,
    change: () => ({ machine: { series: "win2019", base: undefined } }),
    shownBy: ["web"],
    where: "prod:web machine 0 (win2019)",
  },
  {
    id: "ubuntu-before-focal",
    at: TO_3,
    change: () => ({ machine: { series: "bionic", base: undefined } }),
    shownBy: ["web"],
    where: "prod:web machine 0 (bionic)",
  },
  {
    id: "charm-store-charms",
    at: TO_3,
    change: () => ({ application: { charm: "cs:mysql-58", "charm-origin": "charmstore" } }),
    shownBy: ["web"],
    where: "prod:web application app (cs:mysql-58)",
  },
  {
    id: "bases-of-4.0",
    at: [
      [M, "4.0.15", "4.0.15"],
      [G, "4.0.15", "4.1.0"],
    ],
    change: () => ({ machine: { base: { name: "ubuntu", channel: "23.10" } } }),
    shownBy: ["web"],
    where: "prod:web machine 0 (mantic)",
  },
  {
    id: "foreign-os-in-4.0",
    at: [[G, "3.6.20", "4.0.15"]],
    change: () => ({ machine: { base: { name: "centos", channel: "7" } } }),
    shownBy: ["web"],
    where: "prod:web machine 0 (centos7)",
  },
  {
    id: "machine-dying",
    at: MIGRATIONS,
    change: (version) => ({ machine: { "juju-status": { current: "started", version, life: "dying" } } }),
    shownBy: ["web", "own"],
    where: "prod:web machine 0 (dying)",
  },
  {
    id: "machine-not-running",
    at: MIGRATIONS,
    change: () => ({ machine: { "machine-status": { current: "provisioning error" } } }),
    shownBy: ["web", "own"],
    where: "prod:web machine 0 (provisioning error)",
  },
  {
    id: "machine-not-started",
    at: MIGRATIONS,
    change: (version) => ({ machine: { "juju-status": { current: "down", version } } }),
    shownBy: ["web", "own"],
    where: "prod:web machine 0 (down)",
  },
  {
    id: "machine-not-started",
    at: MIGRATIONS,
    change: (version) => ({ node: { "juju-status": { current: "down", version } } }),
    shownBy: ["web", "own"],
    where: "prod:controller machine 0 (down)",
  },
  {
    id: "agents-differ",
    at: MIGRATIONS,
    change: () => ({ unit: { "juju-status": { current: "idle", version: "2.9.1" } } }),
    shownBy: ["web", "own"],
    where: "prod:web unit app/0 (2.9.1)",
  },
  {
    id: "application-dying",
    at: MIGRATIONS,
    change: () => ({ application: { life: "dying" } }),
    shownBy: ["web"],
    where: "prod:web application app (dying)",
  },
  {
    id: "unit-not-idle",
    at: MIGRATIONS,
    change: (version) => ({ unit: { "juju-status": { current: "lost", version } } }),
    shownBy: ["web"],
    where: "prod:web unit app/0 (lost)",
  },
  {
    id: "workload-not-viable",
    at: [[G, "4.0.15", "4.1.0"]],
    change: () => ({ unit: { "workload-status": { current: "blocked" } } }),
    shownBy: ["web"],
    where: "prod:web unit app/0 (blocked)",
  },
  {
    id: "unit-upgrading",
    at: MIGRATIONS,
    change: () => ({ unit: { "upgrading-from": "ch:amd64/ubuntu-1" } }),
    shownBy: ["web"],
    where: "prod:web unit app/0 (ch:amd64/ubuntu-1)",
  },
];

/** HA, Mongo and locks never show as clear in full: Juju looks at what no listing has. */
const NEVER_CLEAR = new Set(["series-lock"]);

const CASES = ROWS.flatMap((row) => row.at.map(([step, server, to]) => ({ ...row, step, server, to })));

describe.for(CASES)(
  "$id at $step from $server to $to",
  ({ id, step, server, to, change, shownBy, where }) => {
    test("is found", () => {
      const found = check(groupOf(healthyFleet(server, change(server))), id, step, server, to);
      expect(found?.state).toBe("found");
      expect(found?.where.some((place) => place.startsWith(where))).toBe(true);
      expect(found?.remedy).not.toBe("");
    });

    test("is clear where nothing is wrong", () => {
      const state = check(groupOf(healthyFleet(server)), id, step, server, to)?.state;
      expect(state).toBe(NEVER_CLEAR.has(id) ? "look" : "clear");
    });

    test("is to be looked at where no listing shows it", () => {
      const others = ["models", "show", "own", "web"].filter((name) => !shownBy.includes(name));
      const files = others.some((name) => name === "models" || name === "show") ? others : ["models"];
      const shown = check(groupOf(healthyFleet(server, {}, files)), id, step, server, to);
      const isGone = shownBy.includes("models") || (id === "mongo-version" && files.includes("own"));
      if (!isGone) expect(shown?.state).toBe("look");
    });
  },
);

test("every check that a listing shows has a row", () => {
  const shown = new Set(PRECHECKS.filter(({ visibility }) => visibility !== "operator").map(({ id }) => id));
  expect([...shown].filter((id) => !ROWS.some((row) => row.id === id))).toEqual([]);
});

test("checks that no listing shows name a command", () => {
  const hidden = PRECHECKS.filter(({ visibility }) => visibility === "operator");
  expect(hidden.filter(({ look }) => look === undefined)).toEqual([]);
});

test.for([
  ["2.9.42", "focal", "found", true],
  ["2.9.42", "noble", "found", true],
  ["2.9.42", "jammy", "clear", false],
  ["2.9.60", "focal", "clear", false],
  ["2.9.60", "bionic", "found", false],
  ["3.1.5", "noble", "found", true],
  ["3.4.3", "noble", "found", false],
  ["3.5.1", "noble", "found", false],
  ["3.5.2", "noble", "clear", false],
  ["3.6.5", "focal", "clear", false],
  ["3.6.12", "mantic", "found", false],
  ["3.6.13", "mantic", "clear", false],
  ["3.6.13", "bionic", "found", false],
] as const)("a source of %s and a machine on %s: %s", ([server, series, state, isUncertain]) => {
  const group = groupOf(healthyFleet(server, { machine: { series, base: undefined } }));
  const found = check(group, "ubuntu-before-focal", "migrate", server, "3.6.28");
  expect({ state: found?.state, isUncertain: found?.uncertain === true }).toEqual({ state, isUncertain });
});

test("releases that do not check a thing do not list it", () => {
  const group = groupOf(healthyFleet("2.9.42", { machine: { series: "bionic", base: undefined } }));
  expect(check(group, "ubuntu-before-focal", "upgrade-controller", "2.9.42", "2.9.60")).toBeUndefined();
  expect(check(group, "model-dying", "upgrade-model", "2.9.42", "2.9.42")).toBeUndefined();
});

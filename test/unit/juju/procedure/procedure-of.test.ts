import { describe, expect, test } from "vitest";
import { backupSupport } from "../../../../src/juju/procedure/backup.ts";
import type { HopProcedure, HopSituation, ProcedureStep } from "../../../../src/juju/procedure/procedure.ts";
import { procedureOf } from "../../../../src/juju/procedure/procedure-of.ts";
import { parseVersion } from "../../../../src/juju/version.ts";

function situation(from: string, to: string, changes: Partial<HopSituation> = {}): HopSituation {
  const isMigration = from.split(".")[0] !== to.split(".")[0] && Number(from.split(".")[0]) >= 2;
  return {
    from: parseVersion(from),
    to: parseVersion(to),
    how: isMigration ? "migrate" : "upgrade",
    movesController: true,
    controllerType: "iaas",
    controller: "prod",
    newController: `prod-${to}`,
    models: [{ name: "web", type: "iaas" }],
    url: "http://mirror.example:8080/tools",
    ...changes,
  };
}

const onKubernetes: Partial<HopSituation> = {
  controllerType: "caas",
  models: [{ name: "k8s", type: "caas" }],
};

function plan(from: string, to: string, changes: Partial<HopSituation> = {}): HopProcedure {
  return procedureOf(situation(from, to, changes));
}

const partsOf = ({ before, client, watch, verify, ifItFails, wayBack }: HopProcedure) => ({
  before,
  client,
  watch,
  verify,
  ifItFails,
  wayBack,
});
const stepsOf = (made: HopProcedure) => Object.values(partsOf(made)).flat();
const textOf = (steps: readonly Pick<ProcedureStep, "text" | "commands">[]) =>
  steps.flatMap(({ text, commands }) => [text, ...commands]).join("\n");
const idsOf = (steps: readonly { id: string }[]) => steps.map(({ id }) => id);

const failuresOf = (from: string, to: string) => idsOf(plan(from, to).ifItFails);

const HOPS = [
  ["2.3.9", "2.9.60"],
  ["2.8.13", "2.9.52"],
  ["2.9.42", "2.9.60"],
  ["2.9.60", "3.6.27"],
  ["3.1.8", "3.6.27"],
  ["3.6.5", "3.6.27"],
  ["3.6.14", "3.6.21"],
  ["3.6.27", "4.0.15"],
  ["4.0.5", "4.0.15"],
  ["4.0.15", "4.1.0"],
] as const;
const KINDS: readonly Partial<HopSituation>[] = [{}, onKubernetes, { movesController: false }];

describe.for(HOPS)("from %s to %s", ([from, to]) => {
  const all = KINDS.map((changes) => plan(from, to, changes));

  test("every part has full sentences and a source", () => {
    for (const made of all) {
      for (const [part, steps] of Object.entries(partsOf(made))) {
        expect(steps.length, part).toBeGreaterThan(0);
        expect(new Set(idsOf(steps)).size, part).toBe(steps.length);
      }
      for (const { text, source } of stepsOf(made)) {
        expect(text).toMatch(/[.:]$/);
        expect(source).not.toBe("");
      }
    }
  });

  test("every command can be pasted", () => {
    for (const command of all.flatMap(stepsOf).flatMap(({ commands }) => commands)) {
      expect(command).not.toMatch(/undefined|\[object|cannot be pasted|--channel=$/);
    }
  });

  test("Kubernetes controllers hear nothing of machines", () => {
    expect(textOf(stepsOf(plan(from, to, onKubernetes)))).not.toMatch(/systemctl|dpkg|juju-restore|apt-get/);
  });
});

test.for([
  ["2.8.13", "iaas", "yes"],
  ["2.9.60", "iaas", "yes"],
  ["3.6.28", "iaas", "yes"],
  ["2.9.60", "caas", "no"],
  ["3.6.27", "caas", "no"],
  ["4.0.0", "iaas", "no"],
  ["4.0.15", "iaas", "no"],
  ["4.0.16", "iaas", "unknown"],
  ["4.1-beta2", "iaas", "unknown"],
  ["1.25.13", "iaas", "unknown"],
] as const)("a backup of %s on %s: %s", ([version, type, support]) => {
  expect(backupSupport(parseVersion(version), type)).toBe(support);
});

describe("the backup", () => {
  test("names the command, the file, and what a restore needs", () => {
    const step = plan("3.6.5", "3.6.27").before.find(({ id }) => id === "backup");
    expect(step?.commands[0]).toBe(
      "juju create-backup -m prod:controller --filename juju-backup-prod-3.6.5.tar.gz",
    );
    expect(step?.text).toMatch(/same number of controller nodes.*all controller machines are lost/s);
  });

  test.for([
    ["3.6.14", false],
    ["3.6.19", true],
    ["3.6.21", true],
    ["3.6.23", false],
    ["2.9.53", false],
    ["2.9.57", true],
    ["2.9.60", false],
  ] as const)("of %s fails on controllers that were upgraded: %s", ([version, isBroken]) => {
    const { before } = plan(version, version.startsWith("3") ? "3.6.27" : "2.9.61");
    expect(textOf(before).includes("juju-db.mongodump")).toBe(isBroken);
  });

  test("that cannot be made is said with what else there is", () => {
    expect(textOf(plan("4.0.5", "4.0.15").before)).toContain("Dqlite-based backups not implemented");
    expect(textOf(plan("3.6.5", "3.6.27", onKubernetes).before)).toContain(
      "Juju cannot back up a controller on Kubernetes",
    );
  });
});

test.for([
  ["2.9.42", "2.9.52", true],
  ["2.9.42", "2.9.53", false],
  ["2.8.9", "2.8.13", true],
  ["3.1.5", "3.1.10", true],
  ["3.6.5", "3.6.28", true],
  ["4.0.5", "4.0.15", false],
] as const)("from %s to %s each controller machine calls apt: %s", ([from, to, calls]) => {
  const made = plan(from, to);
  expect(idsOf(made.before).includes("nodes-fetch")).toBe(calls);
  expect(idsOf(made.ifItFails).includes("distro-info")).toBe(calls);
  expect(textOf(made.before).includes("apt-http-proxy")).toBe(calls);
});

describe("the client", () => {
  test("of 2.9 is classic, of 3.0 and later strict; files are acknowledged and installed", () => {
    expect(textOf(plan("2.9.42", "2.9.60").client)).toContain("snap install ./juju_REVISION.snap --classic");
    const { client } = plan("2.9.60", "3.6.27");
    expect(textOf(client)).toContain("snap download juju --channel=3.6/stable");
    expect(textOf(client)).toContain("snap ack ./juju_REVISION.assert");
    expect(textOf(client)).toContain("snap refresh juju --channel=3.6/stable");
    expect(textOf(client)).not.toContain("--classic");
  });
});

describe("agents from this mirror", () => {
  test.for([
    ["2.9.31", 3],
    ["2.9.33", 2],
    ["3.6.5", 2],
    ["4.0.5", 3],
  ] as const)("%s needs %s settings with one model", ([from, count]) => {
    const { before } = plan(
      from,
      from.startsWith("2") ? "2.9.60" : from.startsWith("3") ? "3.6.27" : "4.0.15",
    );
    const commands = before.find(({ id }) => id === "agents-from-here")?.commands ?? [];
    expect(commands).toHaveLength(count);
    expect(commands.join()).toContain("agent-metadata-url=http://mirror.example:8080/tools");
  });
});

describe("if it fails", () => {
  test("2.x and 3.x reset an upgrade under way, 4.0 cannot", () => {
    expect(textOf(plan("3.6.5", "3.6.27").ifItFails)).toContain("--reset-previous-upgrade");
    const late = plan("4.0.5", "4.0.15").ifItFails;
    expect(idsOf(late)).toContain("no-reset");
    expect(late.flatMap(({ commands }) => commands).join()).not.toContain("--reset-previous-upgrade");
  });

  test("4.0 explains its swapped texts, and has no MongoDB", () => {
    const ids = idsOf(plan("4.0.5", "4.0.15").ifItFails);
    expect(ids).toContain("gave-up-4.0");
    expect(ids).not.toContain("database-node");
    expect(ids).not.toContain("agents-lag");
  });

  test("the API port is closed only between 3.6.19 and 3.6.21 from below", () => {
    expect(failuresOf("3.6.14", "3.6.21")).toContain("api-port-closed");
    expect(failuresOf("3.6.19", "3.6.21")).not.toContain("api-port-closed");
    expect(failuresOf("3.6.14", "3.6.24")).not.toContain("api-port-closed");
    expect(failuresOf("3.6.14", "3.6.23")).toContain("controller-application");
  });

  test("a migration that is aborted names Juju's causes", () => {
    const failures = plan("2.9.60", "3.6.27").ifItFails;
    expect(idsOf(failures)).toEqual(
      expect.arrayContaining([
        "bootstrap-charm",
        "source-prechecks",
        "target-prechecks",
        "migration-aborted",
      ]),
    );
    expect(textOf(failures)).toContain('unsupported schema "cs"');
  });

  test("images that cannot be pulled belong to Kubernetes", () => {
    expect(idsOf(plan("3.6.5", "3.6.27", onKubernetes).ifItFails)).toContain("image-pull");
    expect(idsOf(plan("3.6.5", "3.6.27").ifItFails)).not.toContain("image-pull");
    const mixed = plan("3.6.5", "3.6.27", { models: [{ name: "bob/k8s", type: "caas" }] }).ifItFails;
    expect(textOf(mixed)).toContain("kubectl get pods -n k8s");
  });
});

describe("the way back", () => {
  test.for([
    ["3.6.5", "3.6.27", {}, ["backup"]],
    ["3.6.5", "3.6.27", onKubernetes, ["none"]],
    ["3.6.5", "3.6.27", { movesController: false }, ["none"]],
    ["4.0.5", "4.0.15", {}, ["none"]],
    ["4.1-beta1", "4.1-beta2", {}, ["unknown"]],
    ["2.9.60", "3.6.27", {}, ["source-stays", "none"]],
    ["1.24.7", "1.25.13", {}, ["unknown"]],
  ] as const)("from %s to %s", ([from, to, changes, kinds]) => {
    expect(plan(from, to, changes).wayBack.map(({ is }) => is)).toEqual(kinds);
  });

  test("restores with a downgrade that is allowed", () => {
    expect(textOf(plan("3.6.5", "3.6.27").wayBack)).toContain("./juju-restore --allow-downgrade");
  });
});

test("names from outside are quoted in every command", () => {
  const made = plan("3.6.5", "3.6.27", {
    controller: "a b; rm -rf /",
    models: [{ name: "x' $(id)", type: "iaas" }],
  });
  const commands = stepsOf(made).flatMap((step) => step.commands);
  const naming = commands.filter((command) => command.includes("rm -rf"));
  expect(naming.length).toBeGreaterThan(0);
  for (const command of naming) expect(command).toMatch(/'[^']*a b; rm -rf \//);
});

test("juju status --watch of 3.6 is not used for 4.0", () => {
  expect(textOf(plan("4.0.5", "4.0.15").watch)).not.toContain("status --watch");
});

describe("relations to offers", () => {
  test.for([
    ["2.9.59", "3.6.27", undefined, true],
    ["2.9.59", "3.6.27", true, true],
    ["2.9.59", "3.6.27", false, false],
    ["2.9.60", "3.6.27", true, false],
    ["3.6.23", "4.0.15", true, true],
    ["3.6.24", "4.0.15", undefined, true],
    ["3.6.24", "4.0.15", false, false],
  ] as const)("from %s to %s, used: %s; mentioned: %s", ([from, to, hasCrossModelRelations, isNamed]) => {
    const { before } = plan(from, to, { how: "migrate", hasCrossModelRelations });
    expect(idsOf(before).includes("cross-model-relations")).toBe(isNamed);
  });
});

test.for([
  ["2.9.53", "2.9.60", true],
  ["2.9.56", "2.9.60", false],
  ["3.6.14", "3.6.27", true],
  ["3.6.19", "3.6.27", false],
  ["4.0.5", "4.0.15", false],
] as const)("from %s to %s the old MongoDB is named afterwards: %s", ([from, to, isNamed]) => {
  expect(idsOf(plan(from, to).verify).includes("database")).toBe(isNamed);
});

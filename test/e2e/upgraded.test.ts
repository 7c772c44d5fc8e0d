/** `jam upgraded` as an operator types it, over what Juju prints while an upgrade goes wrong or well. */
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { UpgradedDocument } from "../../src/upgrade/upgraded/upgraded.ts";
import { runJam, temporaryFolder } from "../helpers/jam-process.ts";

const FLEETS = join(import.meta.dirname, "../fixtures/fleets");

interface Machine {
  readonly status?: string;
  readonly message?: string;
  readonly version?: string | null;
  readonly [key: string]: unknown;
}

/** A healthy model of two machines and two units on 3.6.9, changed by `changes`. */
function aStatus(changes: {
  readonly machines?: Readonly<Record<string, Machine>>;
  readonly units?: Readonly<Record<string, Machine>>;
  readonly model?: object;
  readonly more?: object;
}): string {
  const { machines = {}, units = {}, model = {}, more = {} } = changes;
  const agent = (current: string, { status, message, version, ...rest }: Machine = {}) => ({
    "juju-status": {
      current: status ?? current,
      ...(message === undefined ? {} : { message }),
      ...(version === null ? {} : { version: version ?? "3.6.9" }),
    },
    ...rest,
  });
  const hosts = { "0": {}, "1": {}, ...machines };
  const own = { "app/0": {}, "app/1": {}, ...units };
  return JSON.stringify({
    model: { name: "web", type: "iaas", controller: "prod", version: "3.6.9", ...model },
    machines: Object.fromEntries(
      Object.entries(hosts).map(([id, machine]) => [
        id,
        {
          "instance-id": `i-${id}`,
          "machine-status": { current: "running" },
          base: { name: "ubuntu", channel: "22.04" },
          hardware: "arch=amd64",
          ...agent("started", machine),
        },
      ]),
    ),
    applications: {
      app: {
        charm: "ubuntu",
        "charm-origin": "charmhub",
        units: Object.fromEntries(
          Object.entries(own).map(([name, unit]) => [
            name,
            {
              "workload-status": { current: "active" },
              machine: name.split("/")[1],
              ...agent("idle", unit),
            },
          ]),
        ),
      },
    },
    ...more,
  });
}

async function judge(text: string, ...args: string[]) {
  const { status, stdout, stderr } = await runJam(["upgraded", "-o", "json", ...args], { input: text });
  expect(stdout, stderr).not.toBe("");
  return { status, document: JSON.parse(stdout) as UpgradedDocument };
}

test("a healthy model is done", async () => {
  const { status, document } = await judge(aStatus({}));
  expect({ status, upgraded: document.upgraded }).toEqual({ status: 0, upgraded: true });
  expect(document.models[0]).toMatchObject({
    model: "web",
    controller: "prod",
    state: "done",
    target: "3.6.9",
  });
});

const UNHEALTHY: readonly (readonly [string, Parameters<typeof aStatus>[0], string, string])[] = [
  [
    "failed steps",
    { machines: { "0": { status: "error", message: "upgrade to 3.6.9 failed (giving up): x" } } },
    "0",
    "failed",
  ],
  [
    "a failed database upgrade",
    { machines: { "0": { status: "error", message: "upgrading database for 3.6.9" } } },
    "0",
    "failed",
  ],
  ["steps under way", { machines: { "1": { message: "upgrading to 3.6.9" } } }, "1", "upgrading"],
  ["a machine that is down", { machines: { "1": { status: "down" } } }, "1", "not-reachable"],
  ["a stopped machine", { machines: { "1": { status: "stopped" } } }, "1", "not-reachable"],
  ["a lost unit", { units: { "app/1": { status: "lost" } } }, "app/1", "not-reachable"],
  ["a failed unit", { units: { "app/1": { status: "failed" } } }, "app/1", "failed"],
  [
    "a unit in error",
    { units: { "app/0": { status: "error", message: "resolver loop error" } } },
    "app/0",
    "failed",
  ],
  ["a unit without version", { units: { "app/0": { version: null } } }, "app/0", "not-readable"],
  [
    "a machine that never started",
    { machines: { "2": { status: "pending", version: null } } },
    "2",
    "not-started",
  ],
  ["an older agent", { machines: { "0": { version: "3.6.4" } } }, "0", "behind"],
  ["a status that is not known", { machines: { "0": { status: "dreaming" } } }, "0", "not-readable"],
  [
    "a container that is down",
    {
      machines: {
        "0": { containers: { "0/lxd/0": { "juju-status": { current: "down", version: "3.6.9" } } } },
      },
    },
    "0/lxd/0",
    "not-reachable",
  ],
];

test.for(UNHEALTHY)("%s is never done, and is named", async ([, changes, name, state]) => {
  const { status, document } = await judge(aStatus(changes));
  expect({ status, upgraded: document.upgraded }).toEqual({ status: 3, upgraded: false });
  const agent = document.models[0]?.agents.find((one) => one.name === name);
  expect(agent?.state).toBe(state);
  expect(agent?.next.length).toBeGreaterThan(0);
});

test.for([
  [
    "busy",
    { "model-status": { current: "busy", message: "upgrade in progress" } },
    "in-progress",
    "upgrade in progress",
  ],
  ["suspended", { "model-status": { current: "suspended", message: "credential" } }, "failed", "suspended"],
  ["set to an older version", { version: "3.6.4" }, "not-begun", "was not started"],
] as const)("a model that is %s is not done", async ([, model, state, text]) => {
  const { status, document } = await judge(aStatus({ model }), "--to", "3.6.9");
  expect(status).toBe(3);
  expect(document.models[0]).toMatchObject({ upgraded: false, state });
  expect(document.models[0]?.reasons.join()).toContain(text);
});

test("advice fits the kind of machine", async () => {
  const { document } = await judge(
    aStatus({
      machines: {
        "2": { status: "pending", version: null, "instance-id": "manual:192.0.2.1" },
        "3": {
          status: "pending",
          version: null,
          "instance-id": "pending",
          "machine-status": {
            current: "provisioning error",
            message: "no matching agent binaries available",
          },
        },
        "4": {
          containers: { "4/lxd/0": { "juju-status": { current: "pending" }, "instance-id": "pending" } },
        },
      },
    }),
  );
  const nextOf = (name: string) =>
    document.models[0]?.agents.find((one) => one.name === name)?.next.join("\n");
  expect(nextOf("2")).not.toContain("retry-provisioning");
  expect(nextOf("2")).toContain("juju add-machine ssh:");
  expect(nextOf("3")).toContain("jam list 3.6.9");
  expect(nextOf("4/lxd/0")).not.toContain("retry-provisioning");
});

test("a node of the controller without a vote keeps its controller from being done", async () => {
  const { status, document } = await judge(
    aStatus({
      model: { name: "controller" },
      machines: {
        "0": { "controller-member-status": "has-vote" },
        "1": { "controller-member-status": "adding-vote" },
      },
    }),
  );
  expect(status).toBe(3);
  expect(document.controllers[0]?.reasons.join()).toContain(
    "node 1 has no vote in the replica set: adding-vote",
  );
});

/** A stand-in for juju that prints the next of these files at each call; the last one again and again. */
async function aJuju(folder: string, files: readonly string[]): Promise<string> {
  const path = join(folder, "juju");
  const list = files.map((file) => `'${file}'`).join(" ");
  await writeFile(
    path,
    `#!/bin/sh
n=$(cat '${folder}/n' 2>/dev/null || echo 0)
echo $((n + 1)) > '${folder}/n'
set -- ${list}
[ "$n" -ge "$#" ] && n=$(($# - 1))
shift "$n"
case "$1" in
  error) echo "ERROR cannot connect to controller" >&2; exit 1 ;;
  *) cat "$1" ;;
esac
`,
  );
  await chmod(path, 0o755);
  return path;
}

describe("--watch", () => {
  const steps = ["2-told", "3-database", "4-steps", "5-last", "6-done"].map((name) =>
    join(FLEETS, "13-upgrade-2.9", `${name}.json`),
  );

  test("repeats a command until everything is done and prints each change", async () => {
    await using folder = await temporaryFolder();
    const juju = await aJuju(folder.path, [...steps.slice(0, 2), "error", ...steps.slice(2)]);
    const { status, stdout, stderr } = await runJam([
      ..."upgraded --watch --every PT0.05S --to 2.9.52 --".split(" "),
      juju,
      "status",
      "--format",
      "json",
    ]);
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/^done {2}up:controller: \d+ of \d+ agents run 2\.9\.52 and work/);
    expect(stderr).toContain("no answer: ");
    expect(stderr).toContain("ERROR cannot connect to controller");
    expect(stderr).toMatch(/0 of \d+ on 2\.9\.52, \d+ behind/);
  });

  test("ends with 3 when the time is over or nothing moves any more", async () => {
    await using folder = await temporaryFolder();
    const juju = await aJuju(folder.path, steps.slice(0, 1));
    const late = await runJam([..."upgraded --watch --every PT0.05S --timeout PT0.2S --".split(" "), juju]);
    expect(late.status).toBe(3);
    expect(late.stderr).toContain("the time is over");
    const failed = join(FLEETS, "16-upgrade-failed", "giving-up.yaml");
    const stuck = await runJam([..."upgraded --watch --every PT0.05S".split(" "), failed]);
    expect(stuck.status).toBe(3);
    expect(stuck.stderr).toContain("something failed and there is no progress");
  });

  test.for([
    [["--watch"], "--watch cannot read standard input"],
    [["--watch", "--"], "There is no command after --"],
    [["--watch", "--", "/nonexistent/juju"], "cannot be started"],
    [["--watch", "--every", "30", "--", "true"], "not a duration"],
  ] as const)("%j is refused with what to type", async ([args, text]) => {
    const { status, stderr } = await runJam(["upgraded", ...args]);
    expect(status).toBe(2);
    expect(stderr).toContain(text);
    expect(stderr).toContain("next:");
  });
});

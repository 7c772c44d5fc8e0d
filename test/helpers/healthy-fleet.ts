import type { NamedText } from "../../src/input/read-documents.ts";

type Fields = Readonly<Record<string, unknown>>;

export interface FleetChange {
  /** Merged into machine 0 of the model. */
  readonly machine?: Fields;
  readonly unit?: Fields;
  readonly application?: Fields;
  readonly status?: Fields;
  /** Merged into the entry of `juju models`. */
  readonly model?: Fields;
  /** Merged into node 0 of the controller model. */
  readonly node?: Fields;
  readonly controllerStatus?: Fields;
  readonly controller?: Fields;
  readonly applications?: Fields;
}

/** Two models of one controller that has nothing in its way, as Juju of that release prints it. */
export function healthyFleet(
  version: string,
  change: FleetChange = {},
  files = ["models", "show", "own", "web"],
): NamedText[] {
  const isOld = /^[12]\./.test(version);
  const base = isOld ? { series: "jammy" } : { base: { name: "ubuntu", channel: "22.04" } };
  const agent = { current: "started", version };
  const machine = {
    "juju-status": agent,
    "instance-id": "i-0",
    "machine-status": { current: "running" },
    hardware: "arch=amd64",
    ...base,
  };
  const application = {
    charm: "ubuntu",
    "charm-origin": "charmhub",
    ...base,
    "application-status": { current: "active" },
    units: {
      "app/0": {
        "workload-status": { current: "active" },
        "juju-status": { current: "idle", version },
        machine: "0",
        ...change.unit,
      },
    },
    ...change.application,
  };
  const entry = (name: string) => ({
    name: `admin/${name}`,
    "short-name": name,
    "model-uuid": `00000000-0000-4000-8000-00000000000${name === "web" ? 1 : 2}`,
    "model-type": "iaas",
    "controller-uuid": "00000000-0000-4000-8000-000000000009",
    "controller-name": "prod",
    "is-controller": name === "controller",
    type: "maas",
    life: "alive",
    status: { current: "available" },
    "agent-version": version,
    ...(name === "web" ? change.model : {}),
  });
  const statusOf = (name: string, machines: Fields, applications: Fields, status: Fields = {}) => ({
    model: {
      name,
      type: "iaas",
      controller: "prod",
      version,
      "model-status": { current: "available" },
      ...status,
    },
    machines,
    applications,
  });
  const node = { ...machine, "controller-member-status": "has-vote", ...change.node };
  const own = isOld ? {} : { controller: { ...application, units: {} }, ...change.applications };
  const all: Readonly<Record<string, unknown>> = {
    models: { models: [entry("controller"), entry("web")], "current-model": "web" },
    show: {
      prod: {
        details: {
          uuid: "00000000-0000-4000-8000-000000000009",
          "agent-version": version,
          "mongo-version": "4.4.30",
          ...change.controller,
        },
        "controller-machines": { "0": { "instance-id": "i-0" } },
      },
    },
    own: statusOf("controller", { "0": node }, own, change.controllerStatus),
    web: statusOf("web", { "0": { ...machine, ...change.machine } }, { app: application }, change.status),
  };
  return files.map((name) => ({ name: `${name}.json`, text: JSON.stringify(all[name]) }));
}

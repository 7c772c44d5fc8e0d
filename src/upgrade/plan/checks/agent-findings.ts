import type { FleetMachine, FleetModel, FleetUnit } from "../../fleet/fleet.ts";
import { CLEAR, UNKNOWN, type Finding } from "./finding.ts";

/**
 * Machines and units whose agent is not on the model's version. One that never reported a version counts; units of
 * Kubernetes operators have none and do not. Source: juju state/state.go:checkCanUpgradeIAAS @3.6.28
 */
export function findLagging({ machines, units, version }: FleetModel): Finding {
  if (machines === undefined || version === undefined) return UNKNOWN;
  const agents = [
    ...machines.map((one) => ({ name: `machine ${one.id}`, one })),
    ...(units ?? []).map((one) => ({ name: `unit ${one.name}`, one })),
  ];
  const isOut = ({ one }: (typeof agents)[number]) => one.version === undefined && one.state === "unreadable";
  const late = agents.filter((agent) => agent.one.version !== version && !isOut(agent));
  return {
    found: late.map(({ name, one }) => `${name} (${one.version ?? "none"})`),
    unknown: [...agents.filter(isOut).map(({ name }) => name), ...(units === undefined ? [""] : [])],
  };
}

/** The problem that `juju migrate` finds first on a machine, in its order of checks. */
export type MachineFault = "machine-dying" | "machine-not-running" | "machine-not-started" | "agents-differ";

/**
 * Machines and containers with that fault and without one that Juju checks before it.
 * Source: juju migration/precheck.go:checkMachines @3.6.28
 */
export function findMachines(model: FleetModel, fault: MachineFault): Finding {
  const { machines, version } = model;
  if (machines === undefined) return UNKNOWN;
  const faults = machines.map((machine) => ({ machine, first: machineFault(machine, version) }));
  return {
    found: faults
      .filter(({ first }) => first === fault)
      .map(({ machine }) => describeMachine(machine, fault)),
    unknown: faults
      .filter(({ first }) => first === "unreadable")
      .map(({ machine }) => `machine ${machine.id}`),
  };
}

function machineFault(
  machine: FleetMachine,
  version: string | undefined,
): MachineFault | "unreadable" | undefined {
  if (machine.life !== "alive") return "machine-dying";
  const instance = machine.instance.current;
  if (instance !== undefined && instance !== "running") return "machine-not-running";
  if (machine.state === "unreadable") return "unreadable";
  if (machine.status !== "started") return "machine-not-started";
  return version !== undefined && machine.version !== version ? "agents-differ" : undefined;
}

function describeMachine(machine: FleetMachine, fault: MachineFault): string {
  const words = {
    "machine-dying": machine.life,
    "machine-not-running": machine.instance.current,
    "machine-not-started": machine.status,
    "agents-differ": machine.version ?? "none",
  }[fault];
  return `machine ${machine.id} (${words ?? "unknown"})`;
}

/** The problem that a migration finds first on a unit. */
export type UnitFault = "unit-not-idle" | "agents-differ" | "unit-upgrading" | "workload-not-viable";

/**
 * Units with that fault and without one that Juju checks before it. On Kubernetes versions are not compared.
 * Source: juju migration/precheck.go:checkUnits @3.6.28; 4.0: internal/migration/precheck.go @4.0.15
 */
export function findUnits(model: FleetModel, fault: UnitFault): Finding {
  const { units, applications = [] } = model;
  if (units === undefined) return UNKNOWN;
  const faults = units.map((unit) => ({ unit, first: unitFault(unit, model, fault) }));
  const unread = applications.filter(({ statusError }) => statusError !== undefined);
  return {
    found: faults.filter(({ first }) => first === fault).map(({ unit }) => describeUnit(unit, fault)),
    unknown: [
      ...faults.filter(({ first }) => first === "unreadable").map(({ unit }) => `unit ${unit.name}`),
      ...unread.map(({ name }) => `application ${name}`),
    ],
  };
}

function unitFault(
  unit: FleetUnit,
  model: FleetModel,
  wanted: UnitFault,
): UnitFault | "unreadable" | undefined {
  if (unit.statusError !== undefined || unit.status === undefined) return "unreadable";
  if (!isIdle(unit)) return "unit-not-idle";
  if (wanted === "workload-not-viable") return isViable(unit) ? undefined : "workload-not-viable";
  if (model.type !== "caas" && model.version !== undefined && unit.version !== model.version) {
    return "agents-differ";
  }
  return unit.upgradingFrom === undefined ? undefined : "unit-upgrading";
}

/** Operators on Kubernetes report `running` for idle. */
function isIdle({ status }: FleetUnit): boolean {
  return status === "idle" || status === "executing" || status === "running";
}

/** Source: juju core/status/present.go:IsUnitWorkloadPresent @4.0.15 */
function isViable({ workload }: FleetUnit): boolean {
  const message = workload.message ?? "";
  switch (workload.current) {
    case "active":
      return true;
    case "maintenance":
      return message !== "installing charm software";
    case "waiting":
      return !/^(?:waiting for machine|installing agent|agent initiali[sz]ing)$/.test(message);
    default:
      return false;
  }
}

function describeUnit(unit: FleetUnit, fault: UnitFault): string {
  const words = {
    "unit-not-idle": unit.status,
    "agents-differ": unit.version ?? "none",
    "unit-upgrading": unit.upgradingFrom,
    "workload-not-viable": unit.workload.current,
  }[fault];
  return `unit ${unit.name} (${words ?? "unknown"})`;
}

/** Findings of machines and units about one check. */
export function bothOf(machines: Finding, units: Finding): Finding {
  return { found: [...machines.found, ...units.found], unknown: [...machines.unknown, ...units.unknown] };
}

/** True for a model without units. */
export function hasNoUnits({ units }: FleetModel): boolean {
  return units?.length === 0;
}

/** Applications that are being removed. */
export function findDyingApplications({ applications }: FleetModel): Finding {
  if (applications === undefined) return UNKNOWN;
  const dying = applications.filter(({ life }) => life !== "alive");
  const unread = applications.filter(({ statusError }) => statusError !== undefined);
  if (dying.length + unread.length === 0) return CLEAR;
  return {
    found: dying.map(({ name, life }) => `application ${name} (${life})`),
    unknown: unread.map(({ name }) => `application ${name}`),
  };
}

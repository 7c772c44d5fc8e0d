import { ubuntuPassage } from "../../../juju/knowledge/source-preferences.ts";
import { findSeries } from "../../../juju/release.ts";
import { compareVersions, parseVersion, type JujuVersion } from "../../../juju/version.ts";
import type { FleetMachine, FleetModel } from "../../fleet/fleet.ts";
import { CLEAR, sign, UNKNOWN, type Finding } from "./finding.ts";

/** Machines on Windows. */
export function findWindows({ machines }: FleetModel): Finding {
  return listMachines(machines, ({ os }) => os === "windows");
}

/** Machines on an Ubuntu release that a controller refuses, or may refuse depending on its distro-info. */
export function findRefusedUbuntu({ machines }: FleetModel, server: JujuVersion): Finding {
  if (machines === undefined) return UNKNOWN;
  const onUbuntu = machines.map((machine) => ({ machine, ubuntu: ubuntuOf(machine) }));
  const passages = onUbuntu.map(({ machine, ubuntu }) => ({
    machine,
    passage: ubuntu === undefined ? "passes" : ubuntuPassage(server, ubuntu),
  }));
  const refused = passages.filter(({ passage }) => passage === "refused");
  const uncertain = passages.filter(({ passage }) => passage === "may-be-refused");
  const unknown = machines.filter((machine) => !hasPlatform(machine)).map(({ id }) => `machine ${id}`);
  if (refused.length === 0 && uncertain.length > 0) {
    return { ...sign(uncertain.map(({ machine }) => describe(machine))), unknown };
  }
  return { found: [...refused, ...uncertain].map(({ machine }) => describe(machine)), unknown };
}

/**
 * Machines on a base that `upgrade-model` of 4.0 refuses; containers count.
 * Source: juju core/base/supportedbases.go:WorkloadBases @4.0.0, @4.0.11
 */
export function findBasesBeyond4({ machines }: FleetModel, server: JujuVersion): Finding {
  const allowed = ["20.04", "22.04", "24.04"];
  if (compareVersions(server, parseVersion("4.0.11")) >= 0) allowed.push("26.04");
  return listMachines(machines, (machine) => !allowed.includes(ubuntuOf(machine) ?? ""));
}

/** Machines that do not run Ubuntu. */
export function findForeignOs({ machines }: FleetModel): Finding {
  return listMachines(machines, ({ os }) => os !== "ubuntu");
}

/** Applications with a charm from the charm store. */
export function findCharmStore({ applications }: FleetModel): Finding {
  if (applications === undefined) return UNKNOWN;
  return {
    found: applications
      .filter(({ isFromCharmStore }) => isFromCharmStore)
      .map(({ name, charm }) => `application ${name} (${charm})`),
    unknown: applications
      .filter(({ statusError }) => statusError !== undefined)
      .map(({ name }) => `application ${name}`),
  };
}

/** No file contains the version of the LXD server; other types of cloud are clear. */
export function findOldLxd({ cloudType }: FleetModel): Finding {
  return cloudType === undefined || cloudType === "lxd" || cloudType === "localhost" ? UNKNOWN : CLEAR;
}

/** No file shows whether the cloud has Neutron; other types of cloud are clear. */
export function findOpenstack({ cloudType }: FleetModel): Finding {
  return cloudType === undefined || cloudType === "openstack" ? UNKNOWN : CLEAR;
}

/**
 * Charms that may not have a manifest. All charms from Charmhub have one.
 * Source: juju internal/migration/precheck.go @4.0.15
 */
export function findWithoutManifest({ applications, units }: FleetModel): Finding {
  if (applications === undefined) return UNKNOWN;
  const operators = new Set(
    (units ?? []).filter(({ isRunByOperator }) => isRunByOperator).map(({ application }) => application),
  );
  return {
    found: [],
    unknown: applications
      .filter(({ name, origin }) => origin !== "charmhub" || operators.has(name))
      .map(({ name, charm }) => `application ${name} (${charm})`),
  };
}

function listMachines(
  machines: readonly FleetMachine[] | undefined,
  isFound: (machine: FleetMachine) => boolean,
): Finding {
  if (machines === undefined) return UNKNOWN;
  return {
    found: machines.filter((machine) => hasPlatform(machine) && isFound(machine)).map(describe),
    unknown: machines.filter((machine) => !hasPlatform(machine)).map(({ id }) => `machine ${id}`),
  };
}

function hasPlatform({ os, series }: FleetMachine): boolean {
  return os !== undefined || series !== undefined;
}

function describe({ id, series }: FleetMachine): string {
  return `machine ${id} (${series ?? "unknown base"})`;
}

/** `22.04` for a machine on Ubuntu. */
function ubuntuOf({ os, series }: FleetMachine): string | undefined {
  if (os !== "ubuntu" || series === undefined) return undefined;
  return findSeries(series)?.version ?? series.split("@")[1]?.split("/")[0];
}

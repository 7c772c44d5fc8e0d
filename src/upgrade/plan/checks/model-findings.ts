import type { FleetModel } from "../../fleet/fleet.ts";
import { CLEAR, FOUND, sign, UNKNOWN, type Finding } from "./finding.ts";

/** Juju's words go along where it has some. */
export function findMigration({ isMigrating, activity }: FleetModel): Finding {
  if (isMigrating === undefined) return UNKNOWN;
  return isMigrating ? { found: [activity ?? "migrating"], unknown: [] } : CLEAR;
}

/** `juju models` contains the life of a model; a status shows `destroying`. */
export function findDyingModel({ life, status }: FleetModel): Finding {
  if (life === "dying" || life === "dead") return { found: [life], unknown: [] };
  if (status.current === "destroying") return { found: ["destroying"], unknown: [] };
  return life === undefined && status.current === undefined ? UNKNOWN : CLEAR;
}

/** A credential that Juju knows to be invalid suspends the model. */
export function findInvalidCredential({ credentialValidity, status }: FleetModel): Finding {
  if (credentialValidity === "invalid" || status.current === "suspended") {
    return { found: [status.reason ?? status.message ?? ""], unknown: [] };
  }
  return credentialValidity === undefined && status.current === undefined ? UNKNOWN : CLEAR;
}

/** The worker of a series upgrade writes to machine-status, but not always. */
export function findSeriesLock({ machines }: FleetModel): Finding {
  if (machines === undefined) return UNKNOWN;
  const found = machines
    .filter(({ instance }) => /^series upgrade\b/.test(instance.message ?? ""))
    .map(({ id, instance }) => `machine ${id} (${instance.message ?? ""})`);
  if (found.length > 0) return sign(found);
  return machines.length === 0 ? CLEAR : UNKNOWN;
}

/**
 * Running upgrade steps show in the model's status or in the messages of its nodes.
 * Source: juju state/upgrade.go:upgradeStatusHistoryAndOps @3.6.28
 */
export function findUpgradeInProgress({ status, machines }: FleetModel): Finding {
  const words = status.message ?? "";
  if (status.current === "busy" && /upgrade in progress|^upgrading environ/.test(words)) return sign([words]);
  const nodes = (machines ?? [])
    .filter(({ state }) => state === "upgrading" || state === "failed")
    .map(({ id, message, status: current }) => `machine ${id} (${message ?? current ?? ""})`);
  if (nodes.length > 0) return sign(nodes);
  return status.current === undefined && machines === undefined ? UNKNOWN : CLEAR;
}

/** From 3.0 a controller model has the controller application, unless that failed at bootstrap. */
export function findMissingControllerApplication({ applications }: FleetModel): Finding {
  if (applications === undefined) return UNKNOWN;
  return applications.some(({ name }) => name === "controller") ? CLEAR : FOUND;
}

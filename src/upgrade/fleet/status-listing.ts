import { z } from "zod";
import { parseVersion } from "../../juju/version.ts";
import { applicationsOf, endpointsOf } from "./application-entries.ts";
import type { Reading } from "./entries.ts";
import { NOTHING_TOLD, type ModelFacts } from "./facts.ts";
import { named, statusField, statusText, text, told, type StatusField, agentVersion } from "./fields.ts";
import { machinesOf } from "./machine-entries.ts";

const entries = z.record(z.string(), z.unknown()).nullish();

/**
 * What `juju status --format json|yaml` prints, 2.0 to 4.0; fields that are not used here are let pass.
 * Source: juju cmd/juju/status/formatted.go
 */
export const statusListing = z.object({
  model: z.object({
    name: z.string().min(1),
    controller: text,
    type: z.enum(["iaas", "caas"]).nullish(),
    cloud: text,
    region: text,
    version: agentVersion,
    "upgrade-available": text,
    /** 2.0 and 2.1; later part of the message of `model-status`. */
    migration: text,
    "model-status": statusField,
  }),
  machines: entries,
  applications: entries,
  "application-endpoints": entries,
  offers: entries,
});

/** The model of a status. It tells neither UUIDs nor the model's owner. */
export function modelOfStatus(status: z.infer<typeof statusListing>, reading: Reading): ModelFacts {
  const { model } = status;
  const machines = machinesOf(status.machines, reading);
  // 4.0 runs no podspec charms.
  const hasOperators = model.type === "caas" && parseVersion(model.version).major < 4;
  const { applications, units } = applicationsOf(status.applications, { reading, hasOperators });
  const field = model["model-status"];
  const migration = told(model.migration) ?? migrationOf(field);
  return {
    ...NOTHING_TOLD,
    origin: reading.origin,
    listing: "status",
    controllerName: named(model.controller),
    name: model.name,
    isController: model.name === "controller" || machines.some((machine) => machine.isControllerNode),
    // Kubernetes came with 2.4; before, every model was one of machines and no type was printed.
    type: model.type ?? "iaas",
    version: model.version,
    life: field?.current === "destroying" ? "dying" : undefined,
    cloud: told(model.cloud),
    region: told(model.region),
    status: { ...statusText(field), reason: told(field?.reason) },
    migration: migration === undefined ? undefined : { text: migration, start: undefined, end: undefined },
    isMigrating: isMigrating(migration, field),
    activity: describeActivity(field) ?? (migration === undefined ? undefined : `migration: ${migration}`),
    upgradeAvailable: told(model["upgrade-available"]),
    machines,
    units,
    applications,
    endpoints: [
      ...endpointsOf(status["application-endpoints"], "remote-application"),
      ...endpointsOf(status.offers, "offer"),
    ],
  };
}

/** The text after `migrating: `. Source: juju state/modelmigration.go migStatusHistoryAndOps @3.6.28 */
function migrationOf(field: StatusField): string | undefined {
  return /^migrating: (.*)$/s.exec(told(field?.message) ?? "")?.[1];
}

/** The message of an attempt that was given up stays; the status is `available` again. A model that arrives is `importing`. */
function isMigrating(migration: string | undefined, field: StatusField): boolean {
  if (told(field?.current) === "busy" && /^importing\b/.test(field?.message ?? "")) return true;
  if (migration === undefined) return false;
  return field?.current === undefined || field.current === null
    ? !migration.startsWith("aborted")
    : field.current !== "available";
}

/** Anything but `available` is work under way: `busy`, `migrating: …`, `destroying`. */
function describeActivity(field: StatusField): string | undefined {
  const current = told(field?.current);
  if (current === undefined || current === "available") return undefined;
  return [current, told(field?.message)].filter((part) => part !== undefined).join(": ");
}

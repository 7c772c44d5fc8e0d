import { z } from "zod";
import { findSeries, findSeriesOfBase, osTypeOf } from "../../juju/release.ts";
import type { FleetApplication, FleetMachine, FleetModel, FleetUnit } from "./fleet.ts";
import { agentVersion } from "./version-field.ts";

const statusInfo = z.object({
  current: z.string().optional(),
  message: z.string().optional(),
  version: agentVersion.optional(),
});

const base = z.object({ name: z.string(), channel: z.coerce.string() });

interface MachineField {
  readonly "juju-status"?: z.infer<typeof statusInfo> | undefined;
  readonly series?: string | undefined;
  readonly base?: z.infer<typeof base> | undefined;
  readonly hardware?: string | undefined;
  readonly containers?: Readonly<Record<string, MachineField>> | undefined;
}

const machine: z.ZodType<MachineField> = z.lazy(() =>
  z.object({
    "juju-status": statusInfo.optional(),
    series: z.string().optional(),
    base: base.optional(),
    hardware: z.string().optional(),
    containers: z.record(z.string(), machine).optional(),
  }),
);

interface UnitField {
  readonly "juju-status"?: z.infer<typeof statusInfo> | undefined;
  readonly machine?: string | undefined;
  readonly subordinates?: Readonly<Record<string, UnitField>> | undefined;
}

const unit: z.ZodType<UnitField> = z.lazy(() =>
  z.object({
    "juju-status": statusInfo.optional(),
    machine: z.string().optional(),
    subordinates: z.record(z.string(), unit).optional(),
  }),
);

const application = z.object({
  charm: z.string().optional(),
  "charm-origin": z.string().optional(),
  series: z.string().optional(),
  base: base.optional(),
  units: z.record(z.string(), unit).nullish(),
});

/**
 * What `juju status --format json|yaml` prints, 2.0 to 4.0; fields that are not used here are let pass.
 * Source: juju cmd/juju/status/formatted.go
 */
export const statusFile = z.object({
  model: z.object({
    name: z.string(),
    controller: z.string().optional(),
    type: z.enum(["iaas", "caas"]).optional(),
    version: agentVersion,
    "model-status": statusInfo.optional(),
  }),
  machines: z.record(z.string(), machine).nullable(),
  applications: z.record(z.string(), application).nullable(),
});

/** The model of a status. */
export function modelOfStatus(status: z.infer<typeof statusFile>): FleetModel {
  const { model } = status;
  return {
    controller: model.controller,
    name: model.name,
    owner: undefined,
    uuid: undefined,
    isController: model.name === "controller",
    type: model.type,
    version: model.version,
    cloudType: undefined,
    activity: describeActivity(model["model-status"]),
    machines: Object.entries(status.machines ?? {}).flatMap(([id, one]) => machinesOf(id, one, undefined)),
    units: Object.values(status.applications ?? {}).flatMap(({ units }) => unitsOf(units ?? {}, undefined)),
    applications: Object.entries(status.applications ?? {}).map(([name, one]) => applicationOf(name, one)),
  };
}

/** Anything but `available` is work under way: `busy`, `migrating: …`, `destroying`. */
function describeActivity(status: z.infer<typeof statusInfo> | undefined): string | undefined {
  if (status?.current === undefined || status.current === "available") return undefined;
  return [status.current, status.message].filter((part) => part !== undefined && part !== "").join(": ");
}

/** A machine and its containers, which have its architecture. */
function machinesOf(id: string, field: MachineField, hostArch: string | undefined): FleetMachine[] {
  const arch = /(?:^|\s)arch=(\S+)/.exec(field.hardware ?? "")?.[1] ?? hostArch;
  const own: FleetMachine = {
    id,
    arch,
    ...platformOf(field),
    version: field["juju-status"]?.version,
    status: field["juju-status"]?.current,
    message: field["juju-status"]?.message,
  };
  const inside = Object.entries(field.containers ?? {});
  return [own, ...inside.flatMap(([name, container]) => machinesOf(name, container, arch))];
}

function platformOf(field: MachineField): Pick<FleetMachine, "series" | "os"> {
  if (field.series !== undefined && field.series !== "") {
    return { series: field.series, os: osTypeOf(field.series) };
  }
  if (field.base === undefined) return { series: undefined, os: undefined };
  const { name, channel } = field.base;
  const series = findSeriesOfBase(name, channel)?.name ?? `${name}@${channel}`;
  return { series, os: osTypeOf(name) };
}

function unitsOf(
  units: Readonly<Record<string, UnitField>>,
  hostMachine: string | undefined,
): readonly FleetUnit[] {
  return Object.entries(units).flatMap(([name, field]) => {
    const on = field.machine === undefined || field.machine === "" ? hostMachine : field.machine;
    const own: FleetUnit = {
      name,
      machine: on,
      version: field["juju-status"]?.version,
      status: field["juju-status"]?.current,
      message: field["juju-status"]?.message,
    };
    return [own, ...unitsOf(field.subordinates ?? {}, on)];
  });
}

function applicationOf(name: string, field: z.infer<typeof application>): FleetApplication {
  const charm = field.charm ?? "";
  const series = field.series === undefined ? undefined : findSeries(field.series);
  const fromBase = field.base?.name === "ubuntu" ? field.base.channel.split("/")[0] : undefined;
  return {
    name,
    charm,
    // 2.x prints `jujucharms` for the charm store; early 2.x knew nothing else.
    isFromCharmStore:
      charm.startsWith("cs:") || /^(?:jujucharms|charmstore)$/.test(field["charm-origin"] ?? ""),
    ubuntu: fromBase ?? (series?.os === "ubuntu" ? series.version : undefined),
  };
}

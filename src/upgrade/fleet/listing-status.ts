import { append } from "../../shared/collections.ts";
import { z } from "zod";
import { parseVersion } from "../../juju/version.ts";
import {
  type Reading,
  type StatusField,
  agentVersion,
  baseField,
  entriesOf,
  isMapping,
  lifeOf,
  optionalName,
  noteUnread,
  platformOf,
  readEntry,
  seriesField,
  statusField,
  statusText,
  text,
  optionalText,
} from "./fields.ts";
import { type ModelFacts, NO_FACTS } from "./facts.ts";
import { machinesOf } from "./listing-machines.ts";
import { findSeries } from "../../juju/release.ts";
import type { FleetApplication, FleetEndpoint, FleetUnit } from "./fleet.ts";
import { describeUnknown, unitState } from "./agent-state.ts";

const entries = z.record(z.string(), z.unknown()).nullish();

/**
 * What `juju status --format json|yaml` prints, 2.0 to 4.0; fields that are not used here are ignored.
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

/** The model of a status. A status contains neither UUIDs nor the model's owner. */
export function modelOfStatus(status: z.infer<typeof statusListing>, reading: Reading): ModelFacts {
  const { model } = status;
  const machines = machinesOf(status.machines, reading);
  // 4.0 does not run podspec charms.
  const hasOperators = model.type === "caas" && parseVersion(model.version).major < 4;
  const { applications, units } = applicationsOf(status.applications, { reading, hasOperators });
  const field = model["model-status"];
  const migration = optionalText(model.migration) ?? migrationOf(field);
  return {
    ...NO_FACTS,
    origin: reading.origin,
    listing: "status",
    controllerName: optionalName(model.controller),
    name: model.name,
    isController: model.name === "controller" || machines.some((machine) => machine.isControllerNode),
    // Kubernetes models exist since 2.4; before that, no type was printed.
    type: model.type ?? "iaas",
    version: model.version,
    life: field?.current === "destroying" ? "dying" : undefined,
    cloud: optionalText(model.cloud),
    region: optionalText(model.region),
    status: { ...statusText(field), reason: optionalText(field?.reason) },
    migration: migration === undefined ? undefined : { text: migration, start: undefined, end: undefined },
    isMigrating: isMigrating(migration, field),
    activity: describeActivity(field) ?? (migration === undefined ? undefined : `migration: ${migration}`),
    upgradeAvailable: optionalText(model["upgrade-available"]),
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
  return /^migrating: (.*)$/s.exec(optionalText(field?.message) ?? "")?.[1];
}

/** The message of an aborted attempt stays; the status is `available` again. A model that is imported is `importing`. */
function isMigrating(migration: string | undefined, field: StatusField): boolean {
  if (optionalText(field?.current) === "busy" && /^importing\b/.test(field?.message ?? "")) return true;
  if (migration === undefined) return false;
  return field?.current === undefined || field.current === null
    ? !migration.startsWith("aborted")
    : field.current !== "available";
}

/** Anything but `available` is work in progress: `busy`, `migrating: …`, `destroying`. */
function describeActivity(field: StatusField): string | undefined {
  const current = optionalText(field?.current);
  if (current === undefined || current === "available") return undefined;
  return [current, optionalText(field?.message)].filter((part) => part !== undefined).join(": ");
}

/** Source: juju cmd/juju/status/formatted.go applicationStatus, 2.0 to 4.0.15 */
const application = z.object({
  "status-error": text,
  charm: text,
  "charm-origin": text,
  "charm-name": text,
  "charm-rev": z.number().nullish(),
  "charm-channel": text,
  series: seriesField,
  base: baseField,
  life: text,
  scale: z.number().nullish(),
  exposed: z.boolean().nullish(),
  "provider-id": text,
  "application-status": statusField,
  "subordinate-to": z.array(z.string()).nullish(),
});

type ApplicationField = z.infer<typeof application>;

export interface ApplicationReading {
  readonly reading: Reading;
  /** Units of this model may be run by operators (Kubernetes, before 4.0). */
  readonly hasOperators: boolean;
}

/** The applications of a status, and all units: an application that is unreadable may still have readable units. */
export function applicationsOf(
  applications: unknown,
  { reading, hasOperators }: ApplicationReading,
): { readonly applications: FleetApplication[]; readonly units: FleetUnit[] } {
  const found: FleetApplication[] = [];
  const units: FleetUnit[] = [];
  for (const [name, value] of entriesOf(applications)) {
    const place = `applications.${name}`;
    const entry = readEntry(application, value);
    const field = "fault" in entry ? { "status-error": `jam cannot read it: ${entry.fault}` } : entry.value;
    const inside = isMapping(value) ? value["units"] : undefined;
    if (inside !== undefined && inside !== null && !isMapping(inside)) {
      noteUnread(reading, `${place}.units`, "is not a mapping");
    }
    found.push(applicationOf(name, field, entriesOf(inside).length > 0));
    const error = optionalText(field["status-error"]);
    if (error !== undefined) noteUnread(reading, place, error);
    append(units, unitsOf(inside, { reading, hasOperators, place, application: name }));
  }
  return { applications: found, units };
}

function applicationOf(name: string, field: ApplicationField, hasUnits: boolean): FleetApplication {
  const charm = optionalText(field.charm) ?? "";
  const origin = optionalText(field["charm-origin"]);
  const series = findSeries(field.series ?? "");
  const fromBase = field.base?.name === "ubuntu" ? field.base.channel.split("/")[0] : undefined;
  return {
    name,
    charm,
    charmName: optionalText(field["charm-name"]),
    charmChannel: optionalText(field["charm-channel"]),
    charmRevision: field["charm-rev"] ?? undefined,
    origin,
    // 2.x prints `jujucharms` for the charm store; early 2.x knew nothing else.
    isFromCharmStore: charm.startsWith("cs:") || origin === "jujucharms" || origin === "charmstore",
    ...platformOf(field.base, field.series),
    ubuntu: fromBase ?? (series?.os === "ubuntu" ? series.version : undefined),
    life: lifeOf(field.life),
    scale: field.scale ?? undefined,
    status: statusText(field["application-status"]),
    isExposed: field.exposed ?? false,
    providerId: optionalText(field["provider-id"]),
    subordinateTo: field["subordinate-to"] ?? [],
    hasUnits,
    statusError: optionalText(field["status-error"]),
  };
}

const endpoint = z.object({ "status-error": text, url: text });

/** Offers and remote applications. An unreadable one does not count: neither has agents in this model. */
export function endpointsOf(value: unknown, kind: FleetEndpoint["kind"]): FleetEndpoint[] {
  return entriesOf(value).map(([name, field]) => {
    const entry = readEntry(endpoint, field);
    return "fault" in entry
      ? { kind, name, url: undefined, statusError: `jam cannot read it: ${entry.fault}` }
      : {
          kind,
          name,
          url: optionalText(entry.value.url),
          statusError: optionalText(entry.value["status-error"]),
        };
  });
}

/** Source: juju cmd/juju/status/formatted.go unitStatus, 2.0 to 4.0.15 */
const unit = z.object({
  "status-error": text,
  "workload-status": statusField,
  "juju-status": statusField,
  machine: text,
  leader: z.boolean().nullish(),
  "upgrading-from": text,
  "provider-id": text,
});

type UnitField = z.infer<typeof unit>;

interface Principal {
  readonly name: string;
  readonly machine: string | undefined;
}

/** What units are read with. */
export interface UnitReading {
  readonly reading: Reading;
  /** Units of this model may be run by operators (Kubernetes, before 4.0). */
  readonly hasOperators: boolean;
  /** The entry that the units belong to: `applications.wiki`. */
  readonly place: string;
  readonly application: string;
}

/** An application's units and the subordinates below them, which run on their principal's machine. */
export function unitsOf(units: unknown, context: UnitReading): FleetUnit[] {
  const place = `${context.place}.units`;
  return entriesOf(units).flatMap(([name, value]) => {
    const own = readUnit({ name, value, place: `${place}.${name}`, principal: undefined }, context);
    const inside = isMapping(value) ? value["subordinates"] : undefined;
    const below = `${place}.${name}.subordinates`;
    if (inside !== undefined && inside !== null && !isMapping(inside)) {
      noteUnread(context.reading, below, "is not a mapping");
    }
    const principal = { name, machine: own.machine };
    const subordinates = entriesOf(inside).map(([sub, field]) =>
      readUnit({ name: sub, value: field, place: `${below}.${sub}`, principal }, context),
    );
    return [own, ...subordinates];
  });
}

interface Found {
  readonly name: string;
  readonly value: unknown;
  readonly place: string;
  readonly principal: Principal | undefined;
}

function readUnit(found: Found, context: UnitReading): FleetUnit {
  const entry = readEntry(unit, found.value);
  const field = "fault" in entry ? { "status-error": `jam cannot read it: ${entry.fault}` } : entry.value;
  const own = unitOf(found, field, context);
  if (own.statusError !== undefined) noteUnread(context.reading, found.place, own.statusError);
  return own;
}

function unitOf({ name, principal }: Found, field: UnitField, context: UnitReading): FleetUnit {
  const agent = field["juju-status"];
  const signs = {
    current: optionalText(agent?.current),
    message: optionalText(agent?.message),
    statusError: optionalText(field["status-error"]) ?? optionalText(agent?.["status-error"]),
  };
  const state = unitState(signs);
  const statusError =
    signs.statusError ?? (state === "unreadable" ? describeUnknown("unit", signs.current) : undefined);
  const version = optionalText(agent?.version);
  return {
    name,
    // A subordinate's application is the part of its name before the slash.
    application: principal === undefined ? context.application : (name.split("/")[0] ?? name),
    machine: optionalName(field.machine) ?? principal?.machine,
    principal: principal?.name,
    isSubordinate: principal !== undefined,
    version,
    state,
    status: signs.current,
    message: statusError ?? signs.message,
    agentMessage: signs.message,
    since: optionalText(agent?.since),
    statusError,
    workload: statusText(field["workload-status"]),
    isLeader: field.leader ?? false,
    upgradingFrom: optionalText(field["upgrading-from"]),
    providerId: optionalText(field["provider-id"]),
    isRunByOperator: context.hasOperators && version === undefined && state === "ok",
  };
}

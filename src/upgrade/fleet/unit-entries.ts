import { z } from "zod";
import { unitState } from "./agent-state.ts";
import { entriesOf, isMapping, noteUnread, readEntry, type Reading } from "./entries.ts";
import { named, statusField, statusText, text, told } from "./fields.ts";
import { describeUnknown } from "./machine-entries.ts";
import type { FleetUnit } from "./model-parts.ts";

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
  /** Of the entry whose units they are: `applications.wiki`. */
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
    current: told(agent?.current),
    message: told(agent?.message),
    statusError: told(field["status-error"]) ?? told(agent?.["status-error"]),
  };
  const state = unitState(signs);
  const statusError =
    signs.statusError ?? (state === "unreadable" ? describeUnknown("unit", signs.current) : undefined);
  const version = told(agent?.version);
  return {
    name,
    // A subordinate's application is the part of its name before the slash.
    application: principal === undefined ? context.application : (name.split("/")[0] ?? name),
    machine: named(field.machine) ?? principal?.machine,
    principal: principal?.name,
    isSubordinate: principal !== undefined,
    version,
    state,
    status: signs.current,
    message: statusError ?? signs.message,
    agentMessage: signs.message,
    since: told(agent?.since),
    statusError,
    workload: statusText(field["workload-status"]),
    isLeader: field.leader ?? false,
    upgradingFrom: told(field["upgrading-from"]),
    providerId: told(field["provider-id"]),
    isRunByOperator: context.hasOperators && version === undefined && state === "ok",
  };
}

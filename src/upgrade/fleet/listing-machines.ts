import { z } from "zod";
import { isArchWord } from "../../juju/platform.ts";
import { describeUnknown, machineState } from "./agent-state.ts";
import {
  type Mapping,
  type Reading,
  entriesOf,
  isMapping,
  noteUnread,
  readEntry,
  baseField,
  lifeOf,
  platformOf,
  seriesField,
  statusField,
  statusText,
  text,
  optionalText,
} from "./fields.ts";
import type { FleetMachine } from "./fleet.ts";
import { type ModelFacts, NO_FACTS } from "./facts.ts";

/** Hardware or constraints, of which the architecture is used. */
const archWords = text.refine((words) => {
  const arch = archOf(words);
  return arch === undefined || isArchWord(arch);
}, "names an invalid architecture");

/** Source: juju cmd/juju/status/formatted.go machineStatus, 2.0 to 4.0.15 */
const machine = z.object({
  "juju-status": statusField,
  "status-error": text,
  "instance-id": text,
  "machine-status": statusField,
  "modification-status": statusField,
  series: seriesField,
  base: baseField,
  hardware: archWords,
  constraints: archWords,
  "controller-member-status": text,
  "ha-primary": z.boolean().nullish(),
  "controller-cluster-role": text,
});

type MachineField = z.infer<typeof machine>;

/** Containers in containers in containers: more than Juju can make. */
const MAX_DEPTH = 16;

interface Host {
  readonly id: string;
  readonly arch: string | undefined;
}

/** Machines and their containers, each container after its host. */
export function machinesOf(machines: unknown, reading: Reading): FleetMachine[] {
  const found: FleetMachine[] = [];
  collect(machines, { reading, found, host: undefined, depth: 0, place: "machines" });
  return found;
}

interface Level {
  readonly reading: Reading;
  readonly found: FleetMachine[];
  readonly host: Host | undefined;
  readonly depth: number;
  readonly place: string;
}

function collect(machines: unknown, level: Level): void {
  if (level.depth > MAX_DEPTH) {
    noteUnread(level.reading, level.place, `containers are nested deeper than ${MAX_DEPTH} levels`);
    return;
  }
  for (const [id, value] of entriesOf(machines)) {
    const place = `${level.place}.${id}`;
    const entry = readEntry(machine, value);
    const own =
      "fault" in entry
        ? unreadable(id, entry.fault, level.host)
        : machineOf({ id, host: level.host }, entry.value);
    if (own.statusError !== undefined) noteUnread(level.reading, place, own.statusError);
    level.found.push(own);
    const inside = isMapping(value) ? value["containers"] : undefined;
    if (inside === undefined || inside === null) continue;
    if (!isMapping(inside)) noteUnread(level.reading, `${place}.containers`, "is not a mapping");
    const host = { id, arch: own.arch };
    collect(inside, { ...level, host, depth: level.depth + 1, place: `${place}.containers` });
  }
}

function machineOf(who: { readonly id: string; readonly host: Host | undefined }, field: MachineField) {
  const agent = field["juju-status"];
  const signs = {
    current: optionalText(agent?.current),
    message: optionalText(agent?.message),
    statusError: optionalText(field["status-error"]) ?? optionalText(agent?.["status-error"]),
  };
  const version = optionalText(agent?.version);
  const instanceId = optionalText(field["instance-id"]);
  const seen = machineState(signs);
  // Juju reports a container as down if its instance could not be created, although it never had an agent.
  const isUnborn = seen === "down" && version === undefined && instanceId === "pending";
  const state = isUnborn ? "pending" : seen;
  const instance = statusText(field["machine-status"]);
  const isFault = instance.current === "provisioning error" || instance.current === "error";
  const fault = isFault ? instance.message : undefined;
  const said = isUnborn && fault !== undefined ? undefined : signs.message;
  const statusError =
    signs.statusError ?? (state === "unreadable" ? describeUnknown("machine", signs.current) : undefined);
  const memberStatus = optionalText(field["controller-member-status"]);
  const clusterRole = optionalText(field["controller-cluster-role"]);
  return {
    id: who.id,
    host: who.host?.id,
    version,
    state,
    status: signs.current,
    message: statusError ?? joinMessages(said, fault),
    agentMessage: signs.message,
    since: optionalText(agent?.since),
    statusError,
    arch: archOf(field.hardware) ?? who.host?.arch ?? archOf(field.constraints),
    ...platformOf(field.base, field.series),
    life: lifeOf(agent?.life),
    instanceId,
    isManual: field["instance-id"]?.startsWith("manual:") ?? false,
    instance,
    modification: statusText(field["modification-status"]),
    isControllerNode: memberStatus !== undefined || clusterRole !== undefined,
    memberStatus,
    isHaPrimary: field["ha-primary"] ?? undefined,
    clusterRole,
  } satisfies FleetMachine;
}

/** The message of the agent, and the error of its instance. */
function joinMessages(...messages: readonly (string | undefined)[]): string | undefined {
  const words = messages.filter((message) => message !== undefined && message !== "");
  return words.length === 0 ? undefined : [...new Set(words)].join("; ");
}

function unreadable(id: string, fault: string, host: Host | undefined): FleetMachine {
  return machineOf({ id, host }, { "status-error": `jam cannot read it: ${fault}` });
}

/** `amd64` of `arch=amd64 cores=2`, of hardware or constraints. */
function archOf(words: string | null | undefined): string | undefined {
  return /(?:^|\s)arch=(\S+)/.exec(words ?? "")?.[1];
}

/**
 * What `juju machines` and `juju show-machine` print: machines as in a status, and only the name of their model.
 * Source: juju cmd/juju/machine/base.go, cmd/juju/status/formatter.go MachineFormat
 */
export function modelOfMachines(listing: Mapping, reading: Reading): ModelFacts {
  const machines = machinesOf(listing["machines"], reading);
  return {
    ...NO_FACTS,
    origin: reading.origin,
    listing: "machines",
    name: String(listing["model"]),
    isController: machines.some((machine) => machine.isControllerNode),
    machines,
  };
}

import type { Mapping, Reading } from "./entries.ts";
import { NOTHING_TOLD, type ModelFacts } from "./facts.ts";
import { machinesOf } from "./machine-entries.ts";

/**
 * What `juju machines` and `juju show-machine` print: machines as in a status, of a model of which only the name is
 * told. Source: juju cmd/juju/machine/base.go, cmd/juju/status/formatter.go MachineFormat
 */
export function modelOfMachines(listing: Mapping, reading: Reading): ModelFacts {
  const machines = machinesOf(listing["machines"], reading);
  return {
    ...NOTHING_TOLD,
    origin: reading.origin,
    listing: "machines",
    name: String(listing["model"]),
    isController: machines.some((machine) => machine.isControllerNode),
    machines,
  };
}

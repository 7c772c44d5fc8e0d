import { JamError } from "../../shared/errors.ts";
import { hasUnprintable, printable } from "../../shared/printable.ts";
import type { Facts, ModelFacts, Origin } from "./facts.ts";

/**
 * Refuses names that no name of Juju's can be: with characters that do not print, or with a `-` in front, which
 * commands take for an option. Names end up in commands for pasting, and on terminals.
 * @throws JamError JAM_FLEET_INVALID naming file, place and name
 */
export function checkNames({ controllers, models }: Facts): void {
  for (const { name, uuid, origin } of controllers) {
    check(origin, "a controller", name);
    check(origin, `the UUID of controller ${name}`, uuid);
  }
  for (const model of models) checkModel(model);
}

function checkModel(model: ModelFacts): void {
  const { origin, name } = model;
  check(origin, "a model", name);
  check(origin, `the owner of model ${name}`, model.owner);
  check(origin, `the UUID of model ${name}`, model.uuid);
  check(origin, `the controller of model ${name}`, model.controllerName);
  check(origin, `the controller's UUID of model ${name}`, model.controllerUuid);
  for (const machine of model.machines ?? []) check(origin, "a machine", machine.id);
  for (const application of model.applications ?? []) check(origin, "an application", application.name);
  for (const unit of model.units ?? []) {
    check(origin, "a unit", unit.name);
    check(origin, `the machine of unit ${unit.name}`, unit.machine);
  }
  for (const endpoint of model.endpoints ?? [])
    check(origin, "an offer or remote application", endpoint.name);
}

function check(origin: Origin, what: string, name: string | undefined): void {
  if (name === undefined || (!name.startsWith("-") && !hasUnprintable(name))) return;
  const why = name.startsWith("-") ? "begins with -" : "has characters that do not print";
  throw new JamError(
    "JAM_FLEET_INVALID",
    `${origin.place}: the name of ${printable(what, 120)}, "${printable(name, 80)}", ${why}.`,
    {
      hint: "Juju has no such names: look at where the file comes from, and write it again with juju itself.",
      details: { file: origin.file, name: printable(name, 80) },
    },
  );
}

import type { Fleet } from "../upgrade/fleet/fleet.ts";
import type { FleetView } from "./fleet-facts.ts";

/** What is used of a fleet that Juju's own commands describe. */
export function viewOfFleet({ controllers, models, unread }: Fleet): FleetView {
  return {
    controllers: controllers.map((controller) => ({
      label: controller.label,
      presumedVersion: controller.presumedVersion,
      addresses: controller.addresses,
      isSilent:
        controller.isJaas ||
        models.some(
          (model) => model.controller === controller && model.isController && model.type === "caas",
        ),
    })),
    unread: unread.map(({ file, place, text }) => ({
      file,
      text: place === "" ? text : `${place}: ${text}`,
    })),
  };
}

import { z } from "zod";
import type { FleetController, FleetModel } from "./fleet.ts";
import { agentVersion } from "./version-field.ts";

const modelInfo = z.object({
  name: z.string(),
  "short-name": z.string().optional(),
  "model-uuid": z.string().optional(),
  "model-type": z.enum(["iaas", "caas"]).optional(),
  "controller-name": z.string().optional(),
  "is-controller": z.boolean().optional(),
  owner: z.string().optional(),
  type: z.string().optional(),
  status: z.object({ current: z.string().optional(), migration: z.string().optional() }).nullish(),
  "agent-version": agentVersion.optional(),
});

/** What `juju models --format json|yaml` prints. Source: juju cmd/juju/controller/listmodels.go, cmd/juju/common/model.go */
export const modelsFile = z.object({ models: z.array(modelInfo).nullable() });

/** What `juju show-model --format json|yaml` prints: models by their name. Source: juju cmd/juju/model/show.go */
export const showModelFile = z.record(z.string(), modelInfo);

/** The model that a listing or `juju show-model` describes. */
export function modelOfInfo(info: z.infer<typeof modelInfo>): FleetModel {
  const [owner, ...rest] = info.name.split("/");
  const hasOwner = rest.length > 0;
  return {
    controller: info["controller-name"],
    name: info["short-name"] ?? (hasOwner ? rest.join("/") : info.name),
    owner: info.owner ?? (hasOwner ? owner : undefined),
    uuid: info["model-uuid"],
    isController: info["is-controller"] ?? info["short-name"] === "controller",
    type: info["model-type"],
    version: info["agent-version"],
    cloudType: info.type,
    activity: describeMigration(info.status?.migration),
    machines: undefined,
    units: undefined,
    applications: undefined,
  };
}

/** Juju keeps telling of an attempt that was given up. */
function describeMigration(text: string | undefined): string | undefined {
  return text === undefined || text.startsWith("aborted") ? undefined : `migration: ${text}`;
}

const controllerItem = z.object({
  uuid: z.string().optional(),
  "controller-uuid": z.string().optional(),
  "agent-version": agentVersion.optional(),
});

/**
 * What `juju controllers --format json|yaml` prints; the two formats name the UUID differently.
 * Source: juju cmd/juju/controller/listcontrollersconverters.go
 */
export const controllersFile = z.object({ controllers: z.record(z.string(), controllerItem).nullable() });

export function controllersOf(file: z.infer<typeof controllersFile>): FleetController[] {
  return Object.entries(file.controllers ?? {}).map(([name, item]) => ({
    name,
    uuid: item.uuid ?? item["controller-uuid"],
    version: item["agent-version"],
    mongoVersion: undefined,
  }));
}

const controllerDetails = z.object({
  details: z.object({
    uuid: z.string().optional(),
    "controller-uuid": z.string().optional(),
    "agent-version": agentVersion.optional(),
    "mongo-version": z.string().optional(),
  }),
  models: z.record(z.string(), z.object({ "model-uuid": z.string().optional() })).nullish(),
});

/** What `juju show-controller --format json|yaml` prints. Source: juju cmd/juju/controller/showcontroller.go */
export const showControllerFile = z.record(z.string(), controllerDetails);

export function controllersOfDetails(file: z.infer<typeof showControllerFile>): {
  readonly controllers: FleetController[];
  readonly models: FleetModel[];
} {
  const entries = Object.entries(file);
  return {
    controllers: entries.map(([name, { details }]) => ({
      name,
      uuid: details["controller-uuid"] ?? details.uuid,
      version: details["agent-version"],
      mongoVersion: details["mongo-version"],
    })),
    models: entries.flatMap(([controller, { models }]) =>
      Object.entries(models ?? {}).map(([name, model]) => ({
        ...modelOfInfo({ name, "model-uuid": model["model-uuid"] }),
        controller,
        type: undefined,
        isController: name.split("/").at(-1) === "controller",
      })),
    ),
  };
}

import { append } from "../../shared/collections.ts";
import { z } from "zod";
import { isVersion } from "../../juju/version.ts";
import { printable } from "../../shared/printable.ts";
import {
  entriesOf,
  noteUnread,
  readEntry,
  type Reading,
  optionalName,
  text,
  optionalText,
  agentVersion,
} from "./fields.ts";
import { NO_FACTS, type ControllerFacts, type Facts, type ModelFacts } from "./facts.ts";
import type { FleetNode } from "./fleet.ts";

/** A version, or `(error)`, `(unauthorized access)` if Juju could not read it. Source: cmd/juju/controller/showcontroller.go */
const askedVersion = z
  .union([agentVersion, z.string().regex(/^\(.*\)$/s, "is not a Juju version")])
  .nullish();

const controllerItem = z.object({
  uuid: text,
  "controller-uuid": text,
  access: text,
  cloud: text,
  region: text,
  "agent-version": askedVersion,
});

/**
 * What `juju controllers --format json|yaml` prints: what this client remembers. The two formats name the UUID
 * differently. Source: juju cmd/juju/controller/listcontrollersconverters.go ControllerItem
 */
export function controllersOfList(controllers: unknown, reading: Reading): Facts {
  const facts = entriesOf(controllers).flatMap(([name, value]): ControllerFacts[] => {
    const entry = readEntry(controllerItem, value);
    if ("fault" in entry) {
      noteUnread(reading, `controllers.${name}`, entry.fault);
      return [];
    }
    const item = entry.value;
    return [
      {
        origin: reading.origin,
        name,
        uuid: optionalName(item["controller-uuid"]) ?? optionalName(item.uuid),
        ...versionOf(item["agent-version"]),
        versionIs: "remembered",
        modelVersion: undefined,
        mongoVersion: undefined,
        cloud: optionalText(item.cloud),
        region: optionalText(item.region),
        access: optionalText(item.access),
        nodes: undefined,
        addresses: undefined,
        isJaas: false,
      },
    ];
  });
  return { controllers: facts, models: [] };
}

const node = z.object({ "instance-id": text, "ha-status": text, "ha-primary": z.boolean().nullish() });

const details = z.object({
  details: z.object({
    uuid: text,
    "controller-uuid": text,
    cloud: text,
    region: text,
    "agent-version": askedVersion,
    "controller-model-version": askedVersion,
    "mongo-version": text,
    "identity-url": text,
    "api-endpoints": z.array(z.string()).nullish(),
  }),
  "controller-machines": z.record(z.string(), node).nullish(),
  "controller-nodes": z.record(z.string(), node).nullish(),
  models: z.record(z.string(), z.unknown()).nullish(),
  account: z.object({ access: text }).nullish(),
  errors: z.array(z.string()).nullish(),
});

type Details = z.infer<typeof details>;

/** What `juju show-controller --format json|yaml` prints. Source: juju cmd/juju/controller/showcontroller.go */
export function controllersOfShow(controllers: unknown, reading: Reading): Facts {
  const facts: ControllerFacts[] = [];
  const models: ModelFacts[] = [];
  for (const [name, value] of entriesOf(controllers)) {
    const entry = readEntry(details, value);
    if ("fault" in entry) {
      noteUnread(reading, name, entry.fault);
      continue;
    }
    const controller = controllerOf(name, entry.value, reading);
    facts.push(controller);
    append(models, modelsOf(entry.value.models, controller));
  }
  return { controllers: facts, models };
}

function controllerOf(name: string, shown: Details, reading: Reading): ControllerFacts {
  const { details: shownDetails } = shown;
  const model = versionOf(shownDetails["controller-model-version"]);
  const asked = versionOf(shownDetails["agent-version"]);
  const mongo = optionalText(shownDetails["mongo-version"]);
  const nodes = shown["controller-machines"] ?? shown["controller-nodes"];
  return {
    origin: reading.origin,
    name,
    uuid: optionalName(shownDetails["controller-uuid"]) ?? optionalName(shownDetails.uuid),
    version: asked.version,
    versionIs: "asked",
    modelVersion: model.version,
    mongoVersion: mongo !== undefined && /^\d/.test(mongo) ? mongo : undefined,
    cloud: optionalText(shownDetails.cloud),
    region: optionalText(shownDetails.region),
    access: optionalText(shown.account?.access),
    nodes: nodes === null || nodes === undefined ? undefined : nodesOf(nodes),
    addresses: shownDetails["api-endpoints"]?.map(hostOfEndpoint),
    errors: [...(shown.errors ?? []), ...asked.errors, ...model.errors].map((error) => printable(error, 400)),
    isJaas: isJaas(shown),
  };
}

/**
 * What JIMM answers to `show-controller`: access `login`, an identity provider, and none of the fields of a controller.
 */
function isJaas(shown: Details): boolean {
  return (
    shown.account?.access === "login" &&
    optionalText(shown.details["identity-url"]) !== undefined &&
    optionalText(shown.details["mongo-version"]) === undefined &&
    shown["controller-machines"] === undefined &&
    shown["controller-nodes"] === undefined &&
    entriesOf(shown.models).length === 0
  );
}

/** `10.0.0.5:17070`, `[fd00::5]:17070`, `controller.example:17070`. */
function hostOfEndpoint(endpoint: string): string {
  return endpoint.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
}

function nodesOf(nodes: Readonly<Record<string, z.infer<typeof node>>>): FleetNode[] {
  return Object.entries(nodes).map(([id, one]) => ({
    id,
    instanceId: optionalText(one["instance-id"]),
    haStatus: optionalText(one["ha-status"]),
    isHaPrimary: one["ha-primary"] ?? undefined,
  }));
}

/**
 * Models by their short names, without owner. If several have one name, only the last is listed.
 * Source: juju cmd/juju/controller/showcontroller.go convertModelsForShow, 2.8 to 4.0
 */
function modelsOf(models: unknown, controller: ControllerFacts): ModelFacts[] {
  const shown = z.object({ uuid: text, "model-uuid": text });
  return entriesOf(models).flatMap(([name, value]): ModelFacts[] => {
    const entry = readEntry(shown, value);
    const uuid =
      "fault" in entry
        ? undefined
        : (optionalName(entry.value["model-uuid"]) ?? optionalName(entry.value.uuid));
    const short = name.slice(name.lastIndexOf("/") + 1);
    if (short === "") return [];
    return [
      {
        ...NO_FACTS,
        origin: controller.origin,
        listing: "show-controller",
        controllerUuid: controller.uuid,
        controllerName: controller.name,
        uuid,
        name: short,
        isController: short === "controller",
      },
    ];
  });
}

function versionOf(value: string | null | undefined): Pick<ControllerFacts, "version" | "errors"> {
  const version = optionalText(value);
  if (version === undefined) return { version: undefined, errors: [] };
  if (isVersion(version)) return { version, errors: [] };
  return { version: undefined, errors: [`its version could not be read ${version}`] };
}

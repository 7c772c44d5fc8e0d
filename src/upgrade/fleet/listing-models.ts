import { z } from "zod";
import {
  entriesOf,
  noteUnread,
  readEntry,
  type Entry,
  type Reading,
  optionalName,
  statusText,
  text,
  optionalText,
  agentVersion,
} from "./fields.ts";
import { NO_FACTS, type ModelFacts } from "./facts.ts";
import type { FleetMigration } from "./fleet.ts";

const modelInfo = z.object({
  name: z.string().min(1),
  "short-name": text,
  "model-uuid": text,
  /** Second key of 2.x in YAML. */
  uuid: text,
  "model-type": z.enum(["iaas", "caas"]).nullish(),
  "controller-uuid": text,
  "controller-name": text,
  "is-controller": z.boolean().nullish(),
  owner: text,
  cloud: text,
  region: text,
  type: text,
  life: z.enum(["alive", "dying", "dead"]).nullish(),
  status: z
    .object({
      current: text,
      message: text,
      reason: text,
      since: text,
      migration: text,
      "migration-start": text,
      "migration-end": text,
    })
    .nullish(),
  credential: z.object({ "validity-check": text }).nullish(),
  "agent-version": agentVersion.nullish(),
});

type ModelInfo = z.infer<typeof modelInfo>;

/** What `juju models --format json|yaml` prints. Source: juju cmd/juju/controller/listmodels.go ModelSummary */
export function modelsOfList(models: readonly unknown[], reading: Reading): ModelFacts[] {
  return models.flatMap((value, index) =>
    modelOrFault(readEntry(modelInfo, value), `models.${index}`, { reading, listing: "models" }),
  );
}

/** What `juju show-model --format json|yaml` prints: models by their short name. Source: juju cmd/juju/common/model.go */
export function modelsOfShow(models: unknown, reading: Reading): ModelFacts[] {
  return entriesOf(models).flatMap(([name, value]) =>
    modelOrFault(readEntry(modelInfo, value), name, { reading, listing: "show-model" }),
  );
}

interface Take {
  readonly reading: Reading;
  readonly listing: ModelFacts["listing"];
}

function modelOrFault(entry: Entry<ModelInfo>, place: string, { reading, listing }: Take): ModelFacts[] {
  if ("value" in entry) return [modelOf(entry.value, { reading, listing })];
  noteUnread(reading, place, entry.fault);
  return [];
}

function modelOf(info: ModelInfo, { reading, listing }: Take): ModelFacts {
  // 4.0 has no `owner`: it is the part of the name before the last slash.
  const slash = info.name.lastIndexOf("/");
  const owner = optionalName(info.owner) ?? (slash > 0 ? info.name.slice(0, slash) : undefined);
  const name = optionalName(info["short-name"]) ?? info.name.slice(slash + 1);
  const migration = migrationOf(info.status);
  return {
    ...NO_FACTS,
    origin: reading.origin,
    listing,
    controllerUuid: optionalName(info["controller-uuid"]),
    controllerName: optionalName(info["controller-name"]),
    uuid: optionalName(info["model-uuid"]) ?? optionalName(info.uuid),
    name,
    owner,
    isController: info["is-controller"] ?? (name === "controller" && (owner ?? "admin") === "admin"),
    type: info["model-type"] ?? undefined,
    version: info["agent-version"] ?? undefined,
    life: info.life ?? undefined,
    cloud: optionalText(info.cloud),
    region: optionalText(info.region),
    cloudType: optionalText(info.type),
    status: { ...statusText(info.status), reason: optionalText(info.status?.reason) },
    migration,
    isMigrating: isMigrating(migration, info.status),
    activity: describeActivity(migration, info.status),
    credentialValidity: optionalText(info.credential?.["validity-check"]),
  };
}

function migrationOf(status: ModelInfo["status"]): FleetMigration | undefined {
  const migration = optionalText(status?.migration);
  if (migration === undefined) return undefined;
  return {
    text: migration,
    start: optionalText(status?.["migration-start"]),
    end: optionalText(status?.["migration-end"]),
  };
}

/**
 * `migration` is the latest attempt. It stays after the attempt was aborted, and then has an end. A model that is being
 * imported has no `migration`; it is `importing`. Source: juju apiserver/common/modelmanagerinterface.go, params.ModelMigrationStatus
 */
function isMigrating(migration: FleetMigration | undefined, status: ModelInfo["status"]): boolean {
  if (status?.current === "busy" && /^importing\b/.test(status.message ?? "")) return true;
  if (migration === undefined || migration.end !== undefined) return false;
  return !(migration.text.startsWith("aborted") && status?.current === "available");
}

function describeActivity(
  migration: FleetMigration | undefined,
  status: ModelInfo["status"],
): string | undefined {
  if (isMigrating(migration, status)) return `migration: ${migration?.text ?? "importing"}`;
  const current = optionalText(status?.current);
  if (current === undefined || current === "available") return undefined;
  return [current, optionalText(status?.message)].filter((part) => part !== undefined).join(": ");
}

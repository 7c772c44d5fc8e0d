import { controllersOfList, controllersOfShow } from "./listing-controllers.ts";
import { isMapping, readEntry, type Entry, type Mapping, type Reading } from "./fields.ts";
import type { Facts, ModelFacts } from "./facts.ts";
import { modelOfMachines } from "./listing-machines.ts";
import { modelsOfList, modelsOfShow } from "./listing-models.ts";
import { modelOfStatus, statusListing } from "./listing-status.ts";

/** One kind of listing that is understood: how it is recognised, read and described. */
export interface ListingKind {
  /** The command that prints it: `juju status`. */
  readonly command: string;
  readonly isIt: (document: Mapping) => boolean;
  /** A fault if the document is not a valid listing of this kind. */
  readonly read: (document: Mapping, reading: Reading) => Entry<Facts>;
  /** The Juju versions that print this structure, as far as it shows. */
  readonly jujuOf: (document: Mapping) => string | undefined;
}

/** In this order: the `juju show-controller` of a controller called `models` begins like `juju models`. */
export const LISTING_KINDS: readonly ListingKind[] = [
  {
    command: "juju show-controller",
    isIt: (document) => isMappingOf(document, "details"),
    read: (document, reading) => ({ value: controllersOfShow(document, reading) }),
    jujuOf: (document) => jujuOfDetails(valuesOf(document).map((one) => one["details"])),
  },
  {
    command: "juju show-model",
    isIt: (document) => isMappingOf(document, "model-uuid"),
    read: (document, reading) => ({ value: onlyModels(modelsOfShow(document, reading)) }),
    jujuOf: (document) => jujuOfModels(valuesOf(document)),
  },
  {
    command: "juju status",
    isIt: (document) =>
      isMapping(document["model"]) && ("machines" in document || "applications" in document),
    read: (document, reading) => {
      const entry = readEntry(statusListing, document);
      return "fault" in entry ? entry : { value: onlyModels([modelOfStatus(entry.value, reading)]) };
    },
    jujuOf: jujuOfStatus,
  },
  {
    command: "juju models",
    isIt: isModelList,
    read: ({ models }, reading) => ({
      value: onlyModels(Array.isArray(models) ? modelsOfList(models, reading) : []),
    }),
    jujuOf: ({ models }) => jujuOfModels(Array.isArray(models) ? models.filter(isMapping) : []),
  },
  {
    command: "juju controllers",
    isIt: (document) =>
      isMapping(document["controllers"])
        ? valuesOf(document["controllers"]).length === Object.keys(document["controllers"]).length
        : document["controllers"] === null && "current-controller" in document,
    read: ({ controllers }, reading) => ({ value: controllersOfList(controllers, reading) }),
    jujuOf: ({ controllers }) => jujuOfDetails(valuesOf(isMapping(controllers) ? controllers : {})),
  },
  {
    command: "juju machines",
    isIt: (document) => typeof document["model"] === "string" && isMapping(document["machines"]),
    read: (document, reading) => ({ value: onlyModels([modelOfMachines(document, reading)]) }),
    jujuOf: ({ machines }) => jujuOfPlatforms(isMapping(machines) ? valuesOf(machines) : []),
  },
];

/** Every model in a list has one of these keys. */
const MODEL_KEYS = ["model-uuid", "short-name", "controller-name", "agent-version"];

function isModelList(document: Mapping): boolean {
  const { models } = document;
  const isBare = Object.keys(document).every((key) => key === "models" || key === "current-model");
  if (models === null || (Array.isArray(models) && models.length === 0)) return isBare;
  return (
    Array.isArray(models) && models.every((one) => isMapping(one) && MODEL_KEYS.some((key) => key in one))
  );
}

function onlyModels(models: readonly ModelFacts[]): Facts {
  return { controllers: [], models };
}

function valuesOf(mapping: Mapping): Mapping[] {
  return Object.values(mapping).filter(isMapping);
}

/** A mapping by name, every value of which has this key. */
function isMappingOf(document: Mapping, key: string): boolean {
  const values = Object.values(document);
  return values.length > 0 && values.every((value) => isMapping(value) && key in value);
}

/** `base` replaced `series` in 3.0. Source: juju cmd/juju/status/formatted.go @2.9.42, @3.6.28 */
function jujuOfPlatforms(parts: readonly Mapping[]): string | undefined {
  if (parts.some((part) => "controller-cluster-role" in part)) return "4.x";
  if (parts.some((part) => "base" in part)) return "3.x or 4.x";
  return parts.some((part) => "series" in part) ? "2.x" : undefined;
}

/** 2.2 to 3.6 print `sla`. */
function jujuOfStatus({ model, machines, applications }: Mapping): string | undefined {
  const parts = [machines, applications].flatMap((one) => (isMapping(one) ? valuesOf(one) : []));
  const found = jujuOfPlatforms(parts);
  const hasSla = isMapping(model) && "sla" in model;
  if (found === "3.x or 4.x") return hasSla ? "3.x" : "4.x";
  return found ?? (hasSla ? "2.x or 3.x" : undefined);
}

/** 4.0 has no `owner`. */
function jujuOfModels(models: readonly Mapping[]): string | undefined {
  if (models.length === 0) return undefined;
  return models.some((one) => "owner" in one) ? "2.x or 3.x" : "4.x";
}

/** In YAML, 2.x repeats the UUID under its old key; 4.0 has no MongoDB. */
function jujuOfDetails(details: readonly unknown[]): string | undefined {
  const all = details.filter(isMapping);
  if (all.some((one) => "uuid" in one && "controller-uuid" in one)) return "2.x";
  return all.some((one) => "mongo-version" in one) ? "2.x or 3.x" : undefined;
}

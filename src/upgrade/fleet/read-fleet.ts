import type { z } from "zod";
import { JamError } from "../../shared/errors.ts";
import { controllersOfList, controllersOfShow } from "./controllers-listing.ts";
import { isMapping, type Mapping, type Reading } from "./entries.ts";
import type { Facts } from "./facts.ts";
import type { Fleet, FleetModel, FleetUnread } from "./fleet.ts";
import { joinFleet } from "./join-fleet.ts";
import { modelOfMachines } from "./machines-listing.ts";
import { modelsOfList, modelsOfShow } from "./models-listing.ts";
import { readDocument, type Expectation, type NamedText } from "./read-document.ts";
import { modelOfStatus, statusListing } from "./status-listing.ts";

/** The commands whose output is understood, for messages. */
const ACCEPTED =
  "juju status, juju models, juju controllers, juju show-controller and juju show-model, with --format json or yaml";

const EXPECTED: Expectation = {
  code: "JAM_FLEET_INVALID",
  hint: `Hand in what these print: ${ACCEPTED}. For example: juju status -m prod:web --format json > prod-web.json`,
};

/**
 * The fleet that these files describe together, whichever commands they come from.
 * @throws JamError JAM_FLEET_INVALID naming the file, the place in it and the accepted kinds
 */
export function readFleet(texts: readonly NamedText[]): Fleet {
  const unread: FleetUnread[] = [];
  const parts = texts.map((text) => {
    const origin = { file: text.name, place: text.name };
    return readPart(readDocument(text, EXPECTED), { origin, unread });
  });
  return joinFleet({
    controllers: parts.flatMap(({ controllers }) => controllers),
    models: parts.flatMap(({ models }) => models),
    unread,
    sources: [],
  });
}

/**
 * The one model of a `juju status`.
 * @throws JamError JAM_FLEET_INVALID
 */
export function readStatus(text: NamedText): FleetModel {
  const document = readDocument(text, EXPECTED);
  if (!isStatus(document)) {
    throw foreign(text.name, document, "no output of juju status --format json or yaml");
  }
  const reading = { origin: { file: text.name, place: text.name }, unread: [] };
  const { models } = joinFleet({
    controllers: [],
    models: [modelOfStatus(check(text.name, statusListing, document), reading)],
    unread: [],
    sources: [],
  });
  const [model] = models;
  if (model === undefined) throw foreign(text.name, document, "no output of juju status");
  return model;
}

function readPart(document: unknown, reading: Reading): Facts {
  const name = reading.origin.file;
  if (isStatus(document)) return onlyModels([modelOfStatus(check(name, statusListing, document), reading)]);
  if (isMapping(document)) {
    const { models, controllers, model, machines } = document;
    if (Array.isArray(models)) return onlyModels(modelsOfList(models, reading));
    if ("current-model" in document && models === null) return onlyModels([]);
    if (isMapping(controllers) || ("current-controller" in document && controllers === null)) {
      return controllersOfList(controllers, reading);
    }
    if (typeof model === "string" && isMapping(machines))
      return onlyModels([modelOfMachines(document, reading)]);
  }
  if (isMappingOf(document, "details")) return controllersOfShow(document, reading);
  if (isMappingOf(document, "model-uuid")) return onlyModels(modelsOfShow(document, reading));
  throw foreign(name, document, "none of Juju's listings");
}

function onlyModels(models: Facts["models"]): Facts {
  return { controllers: [], models };
}

function isStatus(document: unknown): document is Mapping {
  return (
    isMapping(document) &&
    isMapping(document["model"]) &&
    ("machines" in document || "applications" in document)
  );
}

/** A mapping by name, every value of which has this key. */
function isMappingOf(document: unknown, key: string): boolean {
  if (!isMapping(document)) return false;
  const values = Object.values(document);
  return values.length > 0 && values.every((value) => isMapping(value) && key in value);
}

function check<T>(name: string, schema: z.ZodType<T>, document: unknown): T {
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = (issue?.path ?? []).map(String).join(".") || "the top";
  throw new JamError("JAM_FLEET_INVALID", `${name}: ${place}: ${issue?.message ?? "cannot be read"}.`, {
    hint: EXPECTED.hint,
    details: { file: name, place },
  });
}

function foreign(name: string, document: unknown, what: string): JamError {
  if (isMapping(document) && String(document["format"]).startsWith("jam-plan:")) {
    return new JamError("JAM_FLEET_INVALID", `${name} is a plan of jam, not a listing of Juju's.`, {
      hint: `Give it with --plan ${name} instead of --fleet.`,
      details: { file: name },
    });
  }
  const keys = isMapping(document) ? Object.keys(document).slice(0, 6) : [];
  const holds = keys.length === 0 ? "" : ` (it holds ${keys.join(", ")})`;
  return new JamError("JAM_FLEET_INVALID", `${name} is ${what}${holds}. Accepted: ${ACCEPTED}.`, {
    hint: EXPECTED.hint,
    details: { file: name, keys },
  });
}

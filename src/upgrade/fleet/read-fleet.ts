import type { z } from "zod";
import { JamError } from "../../shared/errors.ts";
import type { Fleet, FleetController, FleetModel } from "./fleet.ts";
import {
  controllersFile,
  controllersOf,
  controllersOfDetails,
  modelOfInfo,
  modelsFile,
  showControllerFile,
  showModelFile,
} from "./listing-files.ts";
import { joinFleet } from "./join-fleet.ts";
import { readDocument, type Expectation, type NamedText } from "./read-document.ts";
import { modelOfStatus, statusFile } from "./status-file.ts";

/** What one file says. */
interface FleetPart {
  readonly controllers: readonly FleetController[];
  readonly models: readonly FleetModel[];
}

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
  const parts = texts.map((text) => readPart(text.name, readDocument(text, EXPECTED)));
  return joinFleet(
    parts.flatMap(({ controllers }) => controllers),
    parts.flatMap(({ models }) => models),
  );
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
  return modelOfStatus(check(text.name, statusFile, document));
}

function readPart(name: string, document: unknown): FleetPart {
  if (isStatus(document)) {
    return { controllers: [], models: [modelOfStatus(check(name, statusFile, document))] };
  }
  if (isMapping(document) && Array.isArray(document["models"])) {
    const { models } = check(name, modelsFile, document);
    return { controllers: [], models: (models ?? []).map(modelOfInfo) };
  }
  if (isMapping(document) && isMapping(document["controllers"])) {
    return { controllers: controllersOf(check(name, controllersFile, document)), models: [] };
  }
  if (isMappingOf(document, "details"))
    return controllersOfDetails(check(name, showControllerFile, document));
  if (isMappingOf(document, "model-uuid")) {
    const models = Object.values(check(name, showModelFile, document));
    return { controllers: [], models: models.map(modelOfInfo) };
  }
  throw foreign(name, document, "none of Juju's listings");
}

type Mapping = Readonly<Record<string, unknown>>;

function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isStatus(document: unknown): boolean {
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

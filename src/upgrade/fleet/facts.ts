import type { FleetMigration, FleetModel, FleetNode } from "./fleet.ts";

/** The source of a fact. */
export interface Origin {
  /** Name of the file. */
  readonly file: string;
  /** The file, and the document in it when it has several: `site.yaml, document 2`. */
  readonly place: string;
}

/** How a controller's version is known, best first. */
export type VersionKnowledge = "asked" | "remembered";

/** What one document contains about a controller. */
export interface ControllerFacts {
  readonly origin: Origin;
  readonly name: string;
  readonly uuid: string | undefined;
  /** Of the API server. */
  readonly version: string | undefined;
  /** `controllers` prints what the client remembers, `show-controller` asks. */
  readonly versionIs: VersionKnowledge;
  readonly modelVersion: string | undefined;
  readonly mongoVersion: string | undefined;
  readonly cloud: string | undefined;
  readonly region: string | undefined;
  readonly access: string | undefined;
  readonly nodes: readonly FleetNode[] | undefined;
  readonly addresses: readonly string[] | undefined;
  readonly errors: readonly string[];
  readonly isJaas: boolean;
}

/** The listings that contain models. If two contain the same field, the first in this order counts. */
export const MODEL_LISTINGS = ["status", "show-model", "models", "show-controller", "machines"] as const;

/** What one document contains about a model. */
export interface ModelFacts extends Omit<
  FleetModel,
  "controller" | "label" | "isController" | "isMigrating" | "files"
> {
  readonly origin: Origin;
  readonly listing: (typeof MODEL_LISTINGS)[number];
  readonly controllerUuid: string | undefined;
  readonly isController: boolean | undefined;
  readonly isMigrating: boolean | undefined;
  readonly migration: FleetMigration | undefined;
}

/** What one document contains. */
export interface Facts {
  readonly controllers: readonly ControllerFacts[];
  readonly models: readonly ModelFacts[];
}

/** A model without any facts; each kind of listing adds its own. */
export const NO_FACTS = {
  controllerUuid: undefined,
  controllerName: undefined,
  uuid: undefined,
  owner: undefined,
  isController: undefined,
  type: undefined,
  version: undefined,
  life: undefined,
  cloud: undefined,
  region: undefined,
  cloudType: undefined,
  status: { current: undefined, message: undefined, since: undefined, reason: undefined },
  migration: undefined,
  isMigrating: undefined,
  activity: undefined,
  upgradeAvailable: undefined,
  credentialValidity: undefined,
  machines: undefined,
  units: undefined,
  applications: undefined,
  endpoints: undefined,
} as const satisfies Omit<ModelFacts, "origin" | "listing" | "name">;

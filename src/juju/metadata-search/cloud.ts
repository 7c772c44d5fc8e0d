import type { JsonObject } from "../../simplestreams/json-text.ts";
import { objectsField, textField } from "./go-json.ts";

/** The cloud of a model; both fields are empty where a model's cloud has no region. */
export interface Cloud {
  readonly region: string;
  readonly endpoint: string;
}

export const NO_CLOUD: Cloud = { region: "", endpoint: "" };

/** True for the value that lifts every restriction by cloud. */
export function isNoCloud({ region, endpoint }: Cloud): boolean {
  return region === "" && endpoint === "";
}

/** The `clouds` of an entry. @throws UnreadableJson */
export function cloudsOf(object: JsonObject, where: string): readonly Cloud[] {
  return objectsField(object, "clouds", where).map((cloud, at) => ({
    region: textField(cloud, "region", `${where}.clouds[${at}]`),
    endpoint: textField(cloud, "endpoint", `${where}.clouds[${at}]`),
  }));
}

/** Whether the list names the cloud. Source: juju environs/simplestreams CloudSpec.equals. */
export function namesCloud(clouds: readonly Cloud[], cloud: Cloud): boolean {
  return clouds.some(
    ({ region, endpoint }) =>
      plainRegion(region) === plainRegion(cloud.region) && withSlash(endpoint) === withSlash(cloud.endpoint),
  );
}

function plainRegion(region: string): string {
  return region.replaceAll(" ", "").toLowerCase();
}

function withSlash(endpoint: string): string {
  return endpoint.endsWith("/") ? endpoint : `${endpoint}/`;
}

import { DOWNLOAD_DATATYPE } from "../../simplestreams/index-file.ts";
import type { ContentId } from "../../simplestreams/item.ts";
import {
  mapOfListsField,
  parseGoObject,
  requireTexts,
  textField,
  UnreadableJson,
  objectsField,
} from "./go-json.ts";
import type { JsonObject } from "../../simplestreams/json-text.ts";

/** Where `mirrors.json` sends whom for the list of mirrors. */
export interface MirrorReference {
  readonly path: string;
  readonly datatype: string;
  /** None: every cloud that no other reference names. */
  readonly clouds: readonly Cloud[];
}

/**
 * The references of `mirrors.json` for a content id.
 * Source: juju environs/simplestreams MirrorRefs, getMirrorRefs.
 * @throws UnreadableJson
 */
export function readMirrorReferences(bytes: Uint8Array, contentId: ContentId): readonly MirrorReference[] {
  const found: MirrorReference[] = [];
  for (const [id, references] of mapOfListsField(parseGoObject(bytes), "mirrors", "mirrors")) {
    const read = references.map((reference, at) => {
      const where = `${id}[${at}]`;
      requireTexts(reference, ["updated", "format"], where);
      return {
        path: textField(reference, "path", where),
        datatype: textField(reference, "datatype", where),
        clouds: cloudsOf(reference, where),
      };
    });
    if (id === contentId) for (const reference of read) found.push(reference);
  }
  return found;
}

/**
 * The reference that a model of that cloud follows, or undefined.
 * Source: juju environs/simplestreams MirrorRefs.getMirrorReference.
 */
export function chooseReference(
  references: readonly MirrorReference[],
  cloud: Cloud,
): MirrorReference | undefined {
  return (
    references.find(({ clouds, datatype }) => datatype === DOWNLOAD_DATATYPE && namesCloud(clouds, cloud)) ??
    references.find(({ clouds }) => clouds.length === 0)
  );
}

/** A mirror of the metadata: a base URL and the path of the product file there. */
export interface MirrorPlace {
  readonly url: string;
  readonly path: string;
}

const MIRROR_FORMAT = "mirrors:1.0";

/**
 * The mirror of a cloud in the list that `mirrors.json` refers to; an entry without clouds matches none.
 * Source: juju environs/simplestreams GetMirrorMetadataWithFormat, MirrorMetadata.getMirrorInfo.
 * @throws UnreadableJson
 */
export function readMirrorPlace(
  bytes: Uint8Array,
  contentId: ContentId,
  cloud: Cloud,
): MirrorPlace | undefined {
  const document = parseGoObject(bytes);
  requireTexts(document, ["updated"], "mirrors");
  let found: MirrorPlace | undefined;
  for (const [id, places] of mapOfListsField(document, "mirrors", "mirrors")) {
    for (const [at, place] of places.entries()) {
      const where = `${id}[${at}]`;
      const read = { url: textField(place, "mirror", where), path: textField(place, "path", where) };
      const isNamed = namesCloud(cloudsOf(place, where), cloud);
      if (id === contentId && isNamed) found ??= read;
    }
  }
  const format = textField(document, "format", "mirrors");
  if (format !== MIRROR_FORMAT) throw new UnreadableJson(`its format is "${format}", not "${MIRROR_FORMAT}"`);
  return found;
}

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
